"""Baselines saved and compared by pytest, on made runs."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from reports import baseline_file
from reports.conftest import CONFTEST, Run, results_in

# Runs of any seeds, whose curves move by what the environment says.
MOVING = CONFTEST.replace(
    "return made_runs(arm, float(arm.name), len(seeds))",
    """
        import os
        import numpy as np
        from fixtures.runs import History, Runs
        moved = float(os.environ.get("MOVED", "0")) if arm.name == "0.1" else 0.0
        noise = [np.random.default_rng(seed).normal(scale=0.01, size=arm.budget) for seed in seeds]
        curves = np.array(noise) + float(arm.name) + moved
        history = History({name: curves for name in ("loss", "val_accuracy")})
        return Runs(arm, tuple(seeds), history, {"tensorflow": "2.0", "device": "CPU"})
    """,
)

CLAIMS = """
import pytest
from fixtures.claim import claim
from fixtures.evidence import final, late
from reports.made_judgement import made_arm

@pytest.fixture
def helped():
    return made_arm("0.1", EPOCHS)

@pytest.fixture
def control():
    return made_arm("0", EPOCHS)

@claim("Helps by {least}", source="Noise")
@pytest.mark.parametrize("least", [0.01])
def test_helps(judge, helped, control, least):
    helps = late("val_accuracy", helped)
    assert judge(helps.exceeds(late("val_accuracy", control), by=least))

@claim("Ends above zero", source="Noise")
def test_ends(judge, helped):
    assert judge(final("loss", helped).exceeds(-1, by=0))
"""


@pytest.fixture
def claims(suite: pytest.Pytester) -> pytest.Pytester:
    """Two claims on two arms."""
    suite.makeconftest(MOVING)
    suite.makepyfile(test_noise_channels=CLAIMS.replace("EPOCHS", "8"))
    return suite


@pytest.fixture
def saved(claims: pytest.Pytester, run_inside: Run) -> Path:
    """A baseline of a hundred seeds an arm."""
    path = claims.path / "bank.json"
    said = run_inside("", "--seeds", "100", "--first-seed", "10000", "--save-baseline", "bank.json")
    assert said.ret == 0
    said.stdout.fnmatch_lines(["Baseline: bank.json, 2 arms"])
    return path


def test_saved_baseline_holds_every_arm_once_with_what_claims_read(saved: Path) -> None:
    found = baseline_file.read(saved)
    assert found.name == "bank"
    assert [(arm.name, arm.claims) for arm in found.arms] == [
        ("0", ("noise_channels.helps[0.01]",)),
        ("0.1", ("noise_channels.ends", "noise_channels.helps[0.01]")),
    ]
    assert [[each.name for each in arm.statistics] for arm in found.arms] == [
        ["mean val_accuracy of the last 5 epochs"],
        ["loss of the last epoch", "mean val_accuracy of the last 5 epochs"],
    ]
    assert {arm.seeds for arm in found.arms} == {tuple(range(10000, 10100))}
    told = found.provenance
    assert told["tensorflow"] == "2.0"
    assert told["seeds"] == "100"
    assert {"date", "commit", "cores", "mnist", "imdb", "first seed", "flags"} <= told.keys()


def test_workers_save_the_same_baseline(saved: Path, run: Run) -> None:
    options = ["--seeds", "100", "--first-seed", "10000", "--no-report"]
    assert run("", "-n", "2", *options, "--save-baseline", "two.json").ret == 0
    one, two = (baseline_file.read(saved.with_name(name)) for name in ("bank.json", "two.json"))
    for ours, theirs in zip(one.arms, two.arms, strict=True):
        assert ours.statistics == theirs.statistics
        assert (ours.name, ours.seeds, ours.claims) == (theirs.name, theirs.seeds, theirs.claims)


def test_fresh_seeds_of_the_same_version_are_stable(saved: Path, run_inside: Run) -> None:
    said = run_inside("", "--baseline", saved.name)
    said.assert_outcomes(passed=4)
    assert said.ret == 0
    said.stdout.fnmatch_lines(["0.1 *loss of the last epoch*stable"])


def test_arms_that_moved_fail_with_their_numbers(
    saved: Path, run_inside: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVED", "0.05")
    said = run_inside("", "--baseline", saved.name, "--summary", "s.md")
    assert said.ret == 7
    said.assert_outcomes(passed=3, failed=1)
    said.stdout.fnmatch_lines(
        [
            "*Drifted: drifted: mean val_accuracy of the last 5 epochs: median * before, * now, "
            "shift +0.0492 *30 seeds against 100",
            "arm * statistic *",
            "0.1 * mean val_accuracy * drifted",
            "Learning curves changed somewhere*: 0.1.",
        ]
    )
    lines = (saved.parent / "s.md").read_text().splitlines()
    assert lines[2].startswith("- **Arm 0.1 on made**: drifted: mean val_accuracy")
    assert "- arms against the baseline: 1 drifted, 1 stable" in lines


def test_a_shift_within_the_margin_is_no_drift_and_may_be_open(
    saved: Path, run_inside: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVED", "0.006")
    said = run_inside("", "--baseline", saved.name, "-rs")
    said.assert_outcomes(passed=3, skipped=1)
    said.stdout.fnmatch_lines(["SKIPPED*inconclusive: mean val_accuracy*"])
    strict = run_inside("", "--baseline", saved.name, "--strict")
    strict.assert_outcomes(passed=3, failed=1)
    assert strict.ret == 6


def test_refuted_comes_before_drifted_and_a_fault_too(
    saved: Path, run_inside: Run, monkeypatch: pytest.MonkeyPatch, claims: pytest.Pytester
) -> None:
    monkeypatch.setenv("MOVED", "-0.2")
    said = run_inside("", "--baseline", saved.name)
    said.assert_outcomes(passed=2, failed=2)
    assert said.ret == 1
    monkeypatch.setenv("MOVED", "0.05")
    claims.makepyfile(
        test_more="""
        from fixtures.claim import claim
        @claim("Breaks", source="Noise")
        def test_broken(judge):
            raise ValueError
        """
    )
    assert run_inside("", "--baseline", saved.name).ret == 3


def test_only_arms_of_the_selected_claims_are_compared(saved: Path, run_inside: Run) -> None:
    said = run_inside("ends", "--baseline", saved.name, "-v")
    said.assert_outcomes(passed=2, deselected=1)
    said.stdout.fnmatch_lines(["*::baseline[[]0.1, made[]] PASSED*"])


def test_workers_compare_alike(saved: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVED", "0.05")
    said = run("", "-n", "2", "--baseline", saved.name, "--alluredir", "here")
    said.assert_outcomes(passed=3, failed=1)
    assert said.ret == 7
    found = json.dumps(results_in(saved.parent / "here"))
    drifts = [
        json.loads(path.read_text()) for path in (saved.parent / "here").glob("*-result.json")
    ]
    (bad,) = (each for each in drifts if each["status"] == "failed")
    assert bad["name"].startswith("0.1 (made): drifted: mean val_accuracy")
    assert "Drifted: drifted: mean" in bad["statusDetails"]["message"]
    assert bad["titlePath"] == ["Drift"]
    assert "data:image/svg" in bad["descriptionHtml"]
    assert "Helps by 0.01: +0.1" in found


def test_arms_that_changed_are_not_comparable(saved: Path, run_inside: Run) -> None:
    record = json.loads(saved.read_text())
    record["arms"][0]["description"] = {"name": "0", "dataset": "abc"}
    record["arms"][1]["description"] = {"name": "other"}
    for arm in record["arms"]:
        arm["fingerprint"] += "x"
        arm["seal"] = baseline_file._seal(arm)
    saved.write_text(json.dumps(record))
    said = run_inside("", "--baseline", saved.name, "-rs", "--strict")
    said.assert_outcomes(passed=3, skipped=1)
    said.stdout.fnmatch_lines(
        ["*not comparable: Expected arm '0.1'*Received: name: other before, 0.1 now*"]
    )
    said.stdout.fnmatch_lines(["Not comparable: Expected arm '0.1' as in baseline 'bank'*"])


def test_a_claim_that_no_longer_reads_an_arm(
    saved: Path, run_inside: Run, claims: pytest.Pytester
) -> None:
    changed = CLAIMS.replace("EPOCHS", "8").replace('made_arm("0",', 'made_arm("0.01",')
    claims.makepyfile(test_noise_channels=changed)
    said = run_inside("", "--baseline", saved.name, "-rs")
    said.assert_outcomes(passed=3, skipped=1)
    said.stdout.fnmatch_lines(["*not comparable: Expected claim * to read arm '0', as when*"])
    said.stdout.fnmatch_lines(["Not comparable: Expected arm '0.01' in baseline 'bank'*"])


def test_too_few_seeds_say_how_many_it_takes(saved: Path, run_inside: Run) -> None:
    said = run_inside("", "--baseline", saved.name, "--seeds", "10", "-rs")
    said.assert_outcomes(passed=4)
    few = run_inside("", "--save-baseline", "few.json", "--seeds", "10")
    assert few.ret == 0
    said = run_inside("", "--baseline", "few.json", "--seeds", "10,11,12", "-rs")
    said.assert_outcomes(passed=4)


def test_junit_holds_what_was_compared(saved: Path, run_inside: Run) -> None:
    run_inside("", "--baseline", saved.name, "--junit-xml", "j.xml")
    cases = {case.get("name"): case for case in ET.parse(saved.parent / "j.xml").iter("testcase")}
    case = cases["baseline[0.1, made]"]
    values = {each.get("name"): each.get("value") for each in case.iter("property")}
    drift = json.loads(values["drift"] or "")
    assert [each["outcome"] for each in drift["shifts"]] == ["stable", "stable"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_unusable_baseline_is_refused_at_once(run: Run, workers: str) -> None:
    said = run("", "-n", workers, "--baseline", "none.json")
    assert said.ret == pytest.ExitCode.USAGE_ERROR
    said.stderr.fnmatch_lines(["ERROR: --baseline: Expected a baseline in none.json*"])


def test_a_baseline_with_arms_missing_is_not_saved(run_inside: Run, suite: pytest.Pytester) -> None:
    said = run_inside("supported or broken", "--save-baseline", "b.json")
    assert said.ret == 3
    said.stdout.fnmatch_lines(["Baseline not saved: the session ended with 3."])
    assert not (suite.path / "b.json").exists()
