"""`bisect` and `history` over versions that are made up: nothing is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from packaging.version import Version

from training_claims.plan.costs import Costs
from training_claims.reports.conftest import Run
from training_claims.reports.history import bisect, history, versions
from training_claims.reports.history.record import Record, Series, Trained, add, read, text
from training_claims.reports.upgrade.environments import Environment, UnusableVersion
from training_claims.status import Status

RELEASES = [f"3.{minor}.0" for minor in range(10, 20)]
CLAIM = Series("claim", "claims.noise.helps", "a exceeds b by 1", "nats", "exceeds", 1.0)
ARM = Series("arm", "a on made", "late loss", "nats", "", 0.0)
BY = Trained("2.21.0", "", "2.4.6", "3.11.7", "CPU", "packaged", "f00")


class Made:
    """Stands in for environments and sessions: what each version of Keras gives."""

    def __init__(self, levels: dict[str, float], broken: Sequence[str] = ()) -> None:
        self.levels, self.broken = levels, broken
        self.installed: list[str] = []

    def environment_of(self, requirements: str) -> Environment:
        if requirements in self.broken:
            raise UnusableVersion(f"Expected to install {requirements}. Received: no.")
        self.installed.append(requirements)
        return Environment((requirements,), Path("nowhere"))

    def decide(self, environment: Environment, arguments: Sequence[str], seeds: int) -> Record:
        assert arguments
        keras = environment.requirements[0].partition("==")[2]
        started = [x for since, x in self.levels.items() if Version(since) <= Version(keras)]
        noise = np.random.default_rng(0).normal(scale=0.1, size=seeds)
        values = dict(enumerate((started[-1] + noise).tolist()))
        by = replace(BY, keras=keras)
        return {(CLAIM, by): values, (ARM, by): dict(enumerate(noise.tolist()))}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    made = Made({"3.10.0": 2.0, "3.14.0": 0.0, "3.17.0": 2.0})
    monkeypatch.setattr(versions, "known", lambda *_, **__: RELEASES)
    monkeypatch.setattr(
        versions, "expected", lambda text: {"tensorflow": Version("2.21"), "keras": keras_of(text)}
    )
    monkeypatch.setattr(history, "expected", versions.expected)
    monkeypatch.setattr(history, "_chosen", lambda *_: ["claims/test_noise.py::test_helps"])
    for module in (bisect, history):
        monkeypatch.setattr(module, "environment_of", made.environment_of)
        monkeypatch.setattr(module, "decide", made.decide)
    (tmp_path / "pytest.ini").touch()
    monkeypatch.chdir(tmp_path)
    return made


def keras_of(requirements: str) -> Version:
    return Version(requirements.partition("==")[2])


def test_bisect_names_the_version(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert bisect.main(["noise", "keras==3.10.0", "keras==3.16.0"]) == Status.OK
    said = capsys.readouterr().out
    assert "keras==3.10.0: median +2.01 nats, 12 of 12 seeds support" in said
    told = said.partition("== ")[2].splitlines()
    assert told[0] == "keras==3.14.0 changed the verdict"
    assert told[-1].strip() == "https://github.com/keras-team/keras/compare/v3.13.0...v3.14.0"
    assert made.installed == [f"keras==3.{minor}.0" for minor in (10, 16, 13, 15, 14)]


def test_bisect_leaves_open_what_cannot_be_tried(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made.broken = ["keras==3.13.0", "keras==3.14.0"]
    status = bisect.main(["noise", "keras==3.10.0", "keras==3.16.0"])
    assert status == Status.INCONCLUSIVE
    said = capsys.readouterr()
    open_ = ", ".join(f"keras==3.{minor}.0" for minor in (13, 14, 15))
    assert f"== AMBIGUOUS: one of {open_} changed the verdict" in said.out
    assert "keras==3.13.0: skipped. Expected to install" in said.err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["keras==3.10.0", "keras==3.19.0"], Status.OK, "No change is shown between keras==3.10"),
        (["keras==3.10.0", "keras==3.16.0", "--arm", "a"], Status.OK, "No change is shown"),
        (["keras==3.10.0", "keras==3.16.0", "--arm", "b"], 4, "Received: 'b'. Name one of: a."),
        (["keras==3.10.0", "tensorflow==2.21.0"], 4, "of the same packages"),
        (["keras==3.10.0", "keras==3.12.0"], Status.UNUSABLE, "Cannot be tried: Expected to inst"),
    ],
)
def test_bisect_says_why_it_names_none(
    made: Made,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    made.broken = ["keras==3.12.0"]
    try:
        found = bisect.main(["noise", *arguments])
    except SystemExit as end:
        found = int(str(end.code))
    both = capsys.readouterr()
    assert found == status
    assert said in both.out + both.err


def test_history_tries_what_the_record_lacks_and_tells_each_change_once(
    made: Made, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made.broken = ["keras==3.11.0"]
    assert history.main(["keras>=3.10,<3.15"]) == Status.DRIFTED
    said = capsys.readouterr()
    assert "claims.noise.helps: verdict: Keras 3.14.0" in said.out
    assert "keras==3.11.0: skipped. Expected to install" in said.err
    assert history.main(["keras>=3.10,<3.17"]) == Status.OK  # it is told already
    assert history.main(["keras>=3.10"]) == Status.DRIFTED
    assert history.main(["keras>=3.10"]) == Status.OK
    said = capsys.readouterr()
    assert "keras==3.10.0: in the record" in said.out
    assert "claims.noise.helps: verdict: Keras 3.17.0" in said.out
    assert made.installed.count("keras==3.10.0") == 1
    page = (tmp_path / ".claims" / "versions.html").read_text()
    assert "1 of 2 series changed" in page
    assert page.count("stroke-dasharray") == 2
    assert "https://github.com/keras-team/keras/releases/tag/v3.17.0" in page
    assert "a on made: no change" in page


@pytest.mark.usefixtures("made")
def test_history_joins_other_records(tmp_path: Path) -> None:
    parts = [{(CLAIM, replace(BY, keras=keras)): {0: 1.0}} for keras in RELEASES[:2]]
    for place, part in enumerate(parts):
        add(tmp_path / f"{place}.jsonl", part)
        add(tmp_path / f"other-{place}.jsonl", part)
    assert history.main(["--record", "0.jsonl", "--join", "1.jsonl"]) == Status.OK
    assert history.main(["--record", "other-1.jsonl", "--join", "other-0.jsonl"]) == Status.OK
    whole = (tmp_path / "0.jsonl").read_text()
    assert whole == (tmp_path / "other-1.jsonl").read_text()
    assert whole == text(read(tmp_path / "0.jsonl"))


def test_where_no_version_can_be_tried_history_says_so(made: Made) -> None:
    made.broken = ["keras==3.11.0"]
    assert history.main(["keras==3.11.0"]) == Status.UNUSABLE


def test_a_session_adds_to_the_record(drifting: pytest.Pytester, run_inside: Run) -> None:
    """Claims, and what they read off one arm alone."""
    ran = run_inside("helps or ends", "--claims-history=history.jsonl", "--claims-seeds=12")
    ran.assert_outcomes(passed=2)
    found = read(drifting.path / "history.jsonl")
    assert sorted((series.kind, series.name, len(each)) for (series, _), each in found.items()) == [
        ("arm", "0 on made", 12),
        ("arm", "0.1 on made", 12),
        ("arm", "0.1 on made", 12),
        ("claim", "noise_channels.ends", 12),
        ("claim", "noise_channels.helps[0.01]", 12),
    ]


def test_a_session_refuses_a_file_that_is_no_record(
    drifting: pytest.Pytester, run_inside: Run
) -> None:
    (drifting.path / "history.jsonl").write_text("no JSON")
    ran = run_inside("helps or ends", "--claims-history=history.jsonl")
    assert ran.ret == Status.USAGE
    ran.stderr.fnmatch_lines("*--claims-history: Expected a part of a history as line 1*")


def test_the_cheapest_claims_are_chosen_within_the_budget() -> None:
    nodes = [f"claims/test_noise.py::test_{name}" for name in ("dear", "cheap", "unknown")]
    runs = {"cheap": 0.1, "dear": 2.0}
    known = Costs(runs, {f"claims.noise.{name}": (name,) for name in runs})
    assert history.cheapest(nodes, known, minutes=1) == [nodes[1], nodes[2]]
    assert history.cheapest(nodes, known, minutes=2) == [nodes[1], nodes[2], nodes[0]]
