from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training_claims.reports.audit import record
from training_claims.reports.conftest import INI, Run, results_in


def labels(result: dict[str, Any]) -> dict[str, str]:
    return {label["name"]: label["value"] for label in result["labels"]}


@pytest.mark.parametrize(
    ("select", "options", "status"),
    [
        ("supported", [], 0),
        ("supported or negative", ["--claims-seeds", "12,20"], 1),
        ("negative", ["--claims-seeds", "12"], 0),
        ("supported or negative", ["--claims-seeds", "12", "--claims-strict"], 6),
        ("supported or broken", [], 3),
        ("setup", [], 3),
        ("negative or broken", ["--claims-seeds", "12,20"], 1),
        ("negative or broken", ["--claims-seeds", "12", "--claims-strict"], 3),
        ("plain", [], 1),
        ("nothing", [], 5),
    ],
)
def test_exit_status(run_inside: Run, select: str, options: list[str], status: int) -> None:
    assert run_inside(select, *options).ret == status


@pytest.mark.parametrize(
    ("ini", "options", "status"),
    [
        ("strict = true", [], 0),  # pytest's own, which says nothing of claims
        ("claims_strict = true", [], 6),
        ("", ["--claims-strict"], 6),
    ],
)
def test_what_makes_an_open_claim_fail(
    suite: pytest.Pytester, run_inside: Run, ini: str, options: list[str], status: int
) -> None:
    suite.makeini(f"{INI}\n{ini}\n")
    assert run_inside("negative", "--claims-seeds", "12", *options).ret == status


def test_a_summary_in_json_is_a_record(suite: pytest.Pytester, run_inside: Run) -> None:
    options = ["--claims-seeds", "12,20", "--claims-summary", "summary.json"]
    assert run_inside("supported or negative", *options).ret == 1
    told = json.loads((suite.path / "summary.json").read_text())
    assert told["about"]["claims"] == ["1 refuted", "1 supported"]
    assert [each["statement"] for each in told["claims"]] == ["Hurts", "Helps by 0.1 & <more>"]
    assert [each["effect"] for each in told["claims"]] == ["-0.1 [-0.1, -0.1]", "+0.1 [+0.1, +0.1]"]
    assert told["claims"][1]["id"].endswith("noise_channels.supported[0.1]")


@pytest.mark.parametrize("speaks", [True, False])
def test_the_audit_is_quoted_where_it_speaks_of_the_session(
    suite: pytest.Pytester, run_inside: Run, monkeypatch: pytest.MonkeyPatch, speaks: bool
) -> None:
    asked: list[set[str]] = []

    def speaks_of(environment: Any, claims: Any) -> bool:
        asked.append({*environment, *(name.partition(".supported")[2] for name in claims)})
        return speaks

    known = SimpleNamespace(
        overview="all hold",
        speaks_of=speaks_of,
        power=lambda _, comparison: 0.75 * ("exceeds" in comparison),
        prospects=lambda *_: "these prospects",
    )
    monkeypatch.setattr(record, "committed", lambda: known)
    run_inside("supported", "--claims-summary", "s.md", report=True)
    results = suite.path / ".claims" / "allure-results"
    about = (results / "environment.properties").read_text()
    page = results_in(results)["test_supported"]["descriptionHtml"]
    assert ("how-far-to-trust-it=all hold" in about) is speaks
    assert ("| 0.7500 |" in (suite.path / "s.md").read_text()) is speaks
    assert ("these prospects" in page) is speaks
    assert asked == [{"data", "tensorflow", "device", "[0.1]"}] * 2


def test_table_lists_refuted_claims_first_with_their_headline(run: Run) -> None:
    said = run(
        "supported or negative", "--claims-seeds", "12,20", "-n", "1", "--claims-results", "here"
    )
    assert said.ret == 1
    said.stdout.fnmatch_lines(
        [
            "claim * verdict * effect [[]interval[]] * wins * seeds * seconds",
            "Hurts * refuted * -0.1 [[]-0.1, -0.1[]] * 0/20 * 20 *",
            "  refuted: median -0.1 [[]-0.1, -0.1[]] over margin 0.01, 0 of 20 seeds",
            "Helps by 0.1 & <more> * supported * +0.1 [[]+0.1, +0.1[]] * 12/12 * 12 *",
            "Allure results: here",
        ]
    )
    said.stdout.fnmatch_lines(["*Refuted: refuted: median -0.1 [[]-0.1, -0.1[]]*"])


def test_claim_fills_its_page(run: Run, pytester: pytest.Pytester) -> None:
    run("supported", "--claims-results", "here")
    result = results_in(pytester.path / "here")["test_supported"]
    assert result["status"] == "passed"
    assert result["name"] == "Helps by 0.1 & <more>"
    assert result["titlePath"] == ["Noise channels"]
    assert "+0.1 [+0.1, +0.1]" in result["descriptionHtml"]
    assert "Helps by" not in result["descriptionHtml"]  # the title says it
    expected = {
        "ALLURE_ID": "noise_channels.supported[0.1]",
        "epic": "Training claims",
        "feature": "Noise channels",
        "story": "Noise",
        "severity": "normal",
    }
    assert expected.items() <= labels(result).items()
    assert labels(result)["tf"]
    tf = next(entry for entry in result["parameters"] if entry["name"] == "tf")
    assert tf["mode"] == "hidden"
    assert "excluded" not in tf
    kinds = [Path(attachment["source"]).suffix for attachment in result["attachments"]]
    assert kinds == [".csv", ".json"]
    about = (pytester.path / "here" / "environment.properties").read_text()
    assert "device=CPU" in about
    assert "trust" not in about  # the audit's record speaks of other claims
    assert (pytester.path / "here" / "executor.json").is_file()


def test_undecided_claims_keep_their_labels_and_the_users_folder_is_kept(
    run: Run, pytester: pytest.Pytester
) -> None:
    run("setup", "--claims-results", "here")
    run("broken or plain", "--claims-results", "here")
    results = results_in(pytester.path / "here")
    assert {name: result["status"] for name, result in results.items()} == {
        "test_setup": "broken",
        "test_broken": "broken",
    }
    assert results["test_setup"]["name"] == "Has no data"
    assert labels(results["test_setup"])["ALLURE_ID"] == "noise_channels.setup"


def test_dead_worker_leaves_a_broken_result_and_nothing_else_is_lost(
    run: Run, pytester: pytest.Pytester
) -> None:
    options = [
        "-n",
        "2",
        "--claims-results",
        "here",
        "--claims-clean-results",
        "--claims-summary",
        "summary.md",
    ]
    said = run("crash or supported or broken", *options)
    assert said.ret == 3
    undecided = ["2 of 3 claims were not decided", "Breaks: ValueError: broken"]
    undecided.append("Kills its process: worker gw[01] died")
    said.stdout.fnmatch_lines_random(undecided)
    summary = (pytester.path / "summary.md").read_text().splitlines()
    assert summary[2] == "- **2 of 3 claims were not decided**"
    told = (pytester.path / "here" / "environment.properties").read_text()
    assert told.startswith("not-decided=2 of 3 claims were not decided, Breaks: ValueError: broken")
    results = results_in(pytester.path / "here")
    assert {name: result["status"] for name, result in results.items()} == {
        "test_crash": "broken",
        "test_supported": "passed",
        "test_broken": "broken",
    }
    crash, broken = results["test_crash"], results["test_broken"]
    message = crash["statusDetails"]["message"]
    assert re.match(r"The process that ran this claim \(gw\d\) died or was stopped before", message)
    assert crash["name"] == "Kills its process"
    assert labels(crash)["ALLURE_ID"] == "noise_channels.crash"
    kept = ("titlePath", "parameters")
    assert [crash[name] for name in kept] == [broken[name] for name in kept]


def test_stand_in_has_the_identity_of_the_real_result(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_other="""
        import os, signal
        from training_claims import claim
        from test_noise_channels import exceeds

        @claim("Maybe dies", source="Noise")
        def test_maybe(judge):
            if os.environ.get("DIE"):
                os.kill(os.getpid(), signal.SIGKILL)
            exceeds(judge, 0.1)
        """
    )
    run("maybe", "--claims-results", "alive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIE", "1")
        run("maybe", "--claims-results", "dead")
    alive = results_in(pytester.path / "alive")["test_maybe"]
    dead = results_in(pytester.path / "dead")["test_maybe"]
    for name in ("fullName", "testCaseId", "historyId", "titlePath", "parameters"):
        assert alive[name] == dead[name]
    assert labels(dead).items() <= labels(alive).items()


def test_results_do_not_tell_where_they_were_made(run: Run, suite: pytest.Pytester) -> None:
    conftest = suite.path / "conftest.py"
    patched = "import os, socket\nsocket.gethostname = lambda: 'name-of-this-machine'\n"
    patched += "from pathlib import Path\nPath('pid').write_text(str(os.getpid()))\n"
    conftest.write_text(patched + conftest.read_text())
    here, seeds = suite.path / "here", ["--claims-seeds", "12,20"]
    run(
        "supported or negative or broken",
        f"--claims-results={here}",
        f"--rootdir={suite.path}",
        *seeds,
    )
    process = (suite.path / "pid").read_text()
    texts = {path.name: path.read_text(errors="replace") for path in here.iterdir()}
    assert len(texts) > 10
    for name, text in texts.items():
        assert "name-of-this-machine" not in text, name
        assert str(suite.path) not in text, name
        assert f"{process}-MainThread" not in text, name
        assert f"pid {process}" not in text, name
    told = {label["name"] for each in results_in(here).values() for label in each["labels"]}
    assert "host" not in told
    ran = {labels(each)["thread"] for each in results_in(here).values()}
    assert all(re.fullmatch(r"main|gw\d+", each) for each in ran)
    executor = json.loads(texts["executor.json"])["buildName"]
    assert "--claims-results=here --rootdir=. --claims-seeds 12,20" in executor


def test_second_run_shows_nothing_of_the_first(run: Run, pytester: pytest.Pytester) -> None:
    out = pytester.path / ".claims" / "allure-results"
    run("supported")
    assert set(results_in(out)) == {"test_supported"}
    run("broken", "-n", "1")
    assert set(results_in(out)) == {"test_broken"}
    run("plain")
    assert set(results_in(out)) == {"test_broken"}


def test_without_report_nothing_of_allure_is_imported(run: Run, pytester: pytest.Pytester) -> None:
    said = run("supported or without_allure", "--claims-no-report", "-p", "no:allure_pytest")
    said.assert_outcomes(passed=2)
    said.stdout.no_fnmatch_line("*Allure results*")
    said.stdout.no_fnmatch_line("*No report*")
    assert not list(pytester.path.rglob("*allure*"))
