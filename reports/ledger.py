"""What the reporting process learns of a session: what was decided, and what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import pytest

from fixtures.claim import Inconclusive, Refuted
from fixtures.evidence import Outcome, Verdict
from fixtures.status import Status
from reports.drift import WORST_FIRST, ArmDrift, Drifted, most_moved

Failure: TypeAlias = Literal["refuted", "drifted", "inconclusive", "fault", "failed"]
KINDS: tuple[Failure, ...] = ("refuted", "drifted", "inconclusive", "fault", "failed")
ORDER: tuple[Outcome, ...] = ("refuted", "inconclusive", "supported")
FIRST = ("data", "tensorflow", "keras", "device")  # of what trained: Allure folds the rest away


@dataclass(frozen=True)
class Decided:
    """A decided claim.

    Args:
        statement: The claim in a sentence.
        subject: What the claim's file is about.
        verdict: What was decided.
        seconds: Time that it took, training included.
    """

    statement: str
    subject: str
    verdict: Verdict
    seconds: float


@dataclass(eq=False)  # pytest keeps plugins in a set
class Ledger:
    """Gathers the reports of a session, whichever process they come from."""

    decided: list[Decided] = field(default_factory=list)
    drifts: list[ArmDrift] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    environment: dict[str, list[str]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of one phase of a test."""
        noted = dict(report.user_properties)
        if report.failed:
            self.failures.append(_failure(report, noted))
        if report.when == "call" and "claim" in noted:
            self._note(json.loads(str(noted["claim"])))
            self._trained_by(json.loads(str(noted.get("environment", "[]"))))
        if report.when == "call" and "drift" in noted:
            self.drifts.append(ArmDrift.from_json(json.loads(str(noted["drift"]))))
            self.drifts.sort(key=most_moved)

    def status(self, status: int) -> int:
        """The session's exit status, given pytest's own."""
        kinds = set(self.failures)
        if status != pytest.ExitCode.TESTS_FAILED or kinds & {"refuted", "failed"}:
            return status
        if "fault" in kinds:
            return Status.FAULT
        if "drifted" in kinds:
            return Status.DRIFTED
        return Status.INCONCLUSIVE if kinds else status

    def overview(self) -> dict[str, list[str]]:
        """The session in a few words: verdicts, seeds, cost, and what trained."""
        outcomes = Counter(claim.verdict.outcome for claim in self.decided)
        seeds = sorted({len(claim.verdict.seeds) for claim in self.decided})
        arms = Counter(arm.outcome for arm in self.drifts)
        counts = [f"{arms[outcome]} {outcome}" for outcome in WORST_FIRST if arms[outcome]]
        cost = sum(claim.seconds for claim in self.decided)
        trained_by = {name: self.environment[name] for name in FIRST if name in self.environment}
        return {
            "claims": [f"{outcomes[outcome]} {outcome}" for outcome in ORDER if outcomes[outcome]],
            **({"drift": counts} if counts else {}),
            "seeds": [str(count) for count in seeds],
            "cost": [f"{cost:.0f} s of a worker's time"],
            **trained_by,
            **self.environment,
        }

    def moved(self) -> dict[str, list[str]]:
        """Each arm that drifted, and the median of what moved most of it, before and now."""
        most = {arm.arm: arm.shifts[0] for arm in self.drifts if arm.outcome == "drifted"}
        return {
            name: [f"drifted {each.before:.4g} → {each.now:.4g}: {each.statistic}"]
            for name, each in most.items()
        }

    def _note(self, record: Mapping[str, Any]) -> None:
        verdict = Verdict.from_json(record["verdict"])
        self.decided.append(
            Decided(record["statement"], record["subject"], verdict, record["seconds"])
        )
        self.decided.sort(key=lambda claim: ORDER.index(claim.verdict.outcome))

    def _trained_by(self, environment: Iterable[tuple[str, str]]) -> None:
        for name, value in environment:
            values = self.environment.setdefault(name, [])
            if value not in values:
                values.append(value)


def failure_kind(raised: BaseException, when: str) -> Failure:
    """What it means that a claim's test raised this exception in this phase."""
    if when == "call" and isinstance(raised, Refuted):
        return "refuted"
    if when == "call" and isinstance(raised, Drifted):
        return "drifted"
    if when == "call" and isinstance(raised, Inconclusive):
        return "inconclusive"
    return "fault"


def _failure(report: pytest.TestReport, noted: Mapping[str, object]) -> Failure:
    if report.when not in ("setup", "call", "teardown"):
        return "fault"  # xdist reports the test of a crashed worker in a phase of its own
    kind = noted.get("failure", "failed")
    return next(known for known in KINDS if known == kind)
