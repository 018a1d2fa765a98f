from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from training_claims.reports.ledger import Decided, Failure, Ledger
from training_claims.status import Status
from training_claims.testing.judgement import made_judgement

GOOD = Decided("noise.helps", "Helps", "Noise", made_judgement(0.1).verdict, 1.0)
REFUTED: Any = SimpleNamespace(outcome="refuted")
CLAIMS = {"t.py::a": "Helps", "t.py::b": "Hurts"}


@pytest.mark.parametrize(
    ("failures", "own", "status"),
    [
        ([], 0, Status.OK),
        ([], 2, Status.INTERRUPTED),
        (["fault"], 1, Status.FAULT),
        (["fault"], 2, Status.FAULT),  # xdist ends so under -x
        (["fault"], 0, Status.FAULT),  # pytest.exit(returncode=0)
        (["failed"], 0, Status.REFUTED),
        (["failed", "fault"], 1, Status.REFUTED),
        (["drifted", "inconclusive"], 1, Status.DRIFTED),
        (["inconclusive"], 1, Status.INCONCLUSIVE),
        (["inconclusive"], 2, Status.INTERRUPTED),
        ([], 1, 1),  # a promise of --claims-audit that is not kept
        ([], 5, Status.NOTHING),
    ],
)
def test_status(failures: list[Failure], own: int, status: int) -> None:
    assert Ledger(failures=failures, started={"t.py::a"}).status(own) == status


@pytest.mark.parametrize("own", [0, 1, 2, 3])
def test_a_refuted_verdict_decides_whatever_else_happens(own: int) -> None:
    ledger = Ledger(
        decided=[GOOD, Decided("noise.hurts", "Hurts", "Noise", REFUTED, 1.0)],
        failures=["fault"],
        started={"t.py::a"},
    )
    assert ledger.status(own) == Status.REFUTED


@pytest.mark.parametrize(
    ("verdict", "outcome", "status"),
    [("refuted", "known", 0), ("inconclusive", "known", 0), ("supported", "fixed", 1)],
)
def test_a_claim_known_to_be_wrong_is_red_only_when_it_is_fixed(
    verdict: str, outcome: str, status: int
) -> None:
    made: Any = SimpleNamespace(outcome=verdict)
    known = Decided("noise.hurts", "Hurts", "Noise", made, 1.0, "issues/7")
    assert known.outcome == outcome
    assert Ledger(decided=[GOOD, known]).status(0) == status


def test_a_claim_that_ends_without_a_word_is_a_fault() -> None:
    ledger = Ledger(claims=CLAIMS, answered={"t.py::a"}, started={"t.py::a", "t.py::b"})
    assert ledger.status(0) == Status.FAULT
    assert Ledger(decides=False, claims=CLAIMS).status(0) == Status.OK
    ledger.skips = {"t.py::b": "Skipped: known"}
    assert ledger.status(0) == Status.OK


def test_files_that_cannot_be_collected_are_wrong_usage() -> None:
    ledger = Ledger()
    ledger.pytest_collectreport(_collected("failed", "SyntaxError"))
    assert ledger.status(2) == ledger.status(1) == Status.USAGE
    assert ledger.undecided() == ["t.py: not collected: SyntaxError"]
    ledger.started = {"u.py::a"}
    assert ledger.status(1) == Status.FAULT


def test_a_file_that_is_skipped_is_told_and_no_fault() -> None:
    ledger = Ledger()
    ledger.pytest_collectreport(_collected("skipped", ("t.py", 1, "Skipped: no GPU")))
    assert ledger.status(5) == Status.NOTHING
    assert ledger.undecided() == ["t.py: not collected: Skipped: no GPU"]


def test_what_was_not_decided_comes_first_with_its_reason() -> None:
    ledger = Ledger(
        claims={name: name.upper() for name in "abcdef"},
        answered={"a", "f"},
        started=set("abdf"),
        faults={"b": "worker gw1 died", "f": "ValueError: after"},
        skips={"e": "Skipped: known", "f": "Skipped: inconclusive"},
    )
    assert ledger.undecided() == [
        "4 of 6 claims were not decided",
        "B: worker gw1 died",
        "C: not started",
        "D: stopped before its verdict",
        "E: Skipped: known",
        "F: after its verdict: ValueError: after",
    ]
    assert ledger.overview()["claims"] == ["4 not decided"]
    ledger.decides = False
    assert ledger.undecided() == []


def test_a_test_whose_worker_died_before_it_told_of_its_claims_is_named() -> None:
    ledger = Ledger()
    node = SimpleNamespace(gateway=SimpleNamespace(id="gw1"))
    crash: Any = pytest.TestReport("t.py::a", ("t.py", 1, "a"), {}, "failed", "crashed", "setup")
    crash.when, crash.node = "???", node
    ledger.pytest_runtest_logreport(crash)
    assert ledger.undecided() == ["1 of 1 claim was not decided", "t.py::a: worker gw1 died"]


def _collected(outcome: Any, why: object) -> pytest.CollectReport:
    longrepr: Any = why
    return pytest.CollectReport("t.py", outcome, longrepr, None)
