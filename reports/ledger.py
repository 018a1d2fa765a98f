"""What the reporting process learns of a session: what was decided, and what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, Literal, TypeAlias

import pytest

from training_claims.evidence.verdict import Outcome, Verdict
from training_claims.hooks import TOLD
from training_claims.mark import Fixed, Inconclusive, Refuted, is_claim, statement_of
from training_claims.reading import one_line
from training_claims.reports.drift.rule import WORST_FIRST, ArmDrift, Drifted, most_moved
from training_claims.reports.records import read
from training_claims.status import Status

Failure: TypeAlias = Literal["refuted", "fixed", "drifted", "inconclusive", "fault", "failed"]
KINDS: tuple[Failure, ...] = ("refuted", "fixed", "drifted", "inconclusive", "fault", "failed")
# "known": refuted or open, as is reported upstream; "fixed": supported, though it is.
Told: TypeAlias = Outcome | Literal["known", "fixed"]
ORDER: tuple[Told, ...] = ("refuted", "fixed", "inconclusive", "known", "supported")
LONGEST_REASON = 300
PARTS = "baseline_parts"  # the attribute of a test's report that brings what its claim has read
COMPARABLE = "comparable"  # the property of a test whose arm is as in the baseline
FIRST = ("data", "tensorflow", "keras", "device")  # of what trained: Allure folds the rest away


@dataclass(frozen=True)
class Decided:
    """A decided claim.

    Args:
        claim_id: Its identity across versions.
        statement: The claim in a sentence.
        subject: What the claim's file is about.
        verdict: What was decided.
        seconds: Time that it took, training included.
        known: Where it is reported that the claim is wrong upstream; empty if it should hold.
        contract: Whether it is a contract, of which the audit has no baseline.
    """

    claim_id: str
    statement: str
    subject: str
    verdict: Verdict
    seconds: float
    known: str = ""
    contract: bool = False

    @property
    def outcome(self) -> Told:
        """The verdict's; of a claim known to be wrong whether it still is."""
        if not self.known:
            return self.verdict.outcome
        return "fixed" if self.verdict.outcome == "supported" else "known"

    @property
    def headline(self) -> str:
        """The verdict's, after where it is known, if it is."""
        return f"known upstream: {self.known}; " * bool(self.known) + self.verdict.headline


@dataclass(eq=False)  # pytest keeps plugins in a set
class Ledger:
    """Gathers the reports of a session, whichever process they come from.

    Args:
        decides: Whether claims should be decided; a session may gather or list them instead.
        claims: The statement of every claim that was to be decided, by its test's node id.
        answered: The node ids of those that have a verdict, or arms that were compared.
        started: The node ids of tests that were started.
        files: Why a file was not collected, by its node id: its claims, if any, are not known.
        faults: What went wrong with a test, by its node id.
        skips: Why a test was skipped, by its node id.
        parts: What claims have read, as baselines in JSON, if one is to be saved.
        compared: How many arms were compared with a baseline.
        before: What an older session found of claims, by their identities: "refuted +0.31".
    """

    decides: bool = True
    decided: list[Decided] = field(default_factory=list)
    drifts: list[ArmDrift] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    environment: dict[str, list[str]] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    skips: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    compared: int = 0
    before: dict[str, str] = field(default_factory=dict)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a file whose claims, if it has some, are not known."""
        if report.failed:
            self.failures.append("fault")
        if not report.passed:
            self.files[report.nodeid] = _reason(report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take note of the claims to decide; under xdist a worker's first report tells them."""
        self.claims.update(statements(session.items))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Take note of a test that starts."""
        self.started.add(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of one phase of a test."""
        self.claims.update(getattr(report, TOLD, {}))
        self.parts += getattr(report, PARTS, [])
        noted = dict(report.user_properties)
        self.compared += report.when == "call" and COMPARABLE in noted
        if report.failed:
            self.failures.append(_failure(report, noted))
            if self.failures[-1] == "fault":
                self.faults.setdefault(report.nodeid, _reason(report))
        elif report.skipped:
            self.skips.setdefault(report.nodeid, _reason(report))
        if report.nodeid in self.answered:
            return
        if "claim" in noted:
            self._note(json.loads(str(noted["claim"])))
            self._trained_by(json.loads(str(noted.get("environment", "[]"))))
        if "drift" in noted:
            self.drifts.append(read(ArmDrift, json.loads(str(noted["drift"])), "drift"))
            self.drifts.sort(key=most_moved)
        if {"claim", "drift"} & noted.keys():
            self.answered.add(report.nodeid)

    def status(self, status: int) -> int:
        """The session's exit status, given pytest's own."""
        kinds = set(self.failures)
        if any(claim.outcome in ("refuted", "fixed") for claim in self.decided):
            return Status.REFUTED  # whatever its test made of it, and whatever else happened
        if kinds & {"refuted", "fixed", "failed"}:
            return status or Status.REFUTED
        if "fault" in kinds and not self.started:
            return Status.USAGE  # files that cannot be collected
        if "fault" in kinds or (status == Status.OK and self._unfinished()):
            return Status.FAULT
        if status != pytest.ExitCode.TESTS_FAILED:
            return status
        if "drifted" in kinds:
            return Status.DRIFTED
        return Status.INCONCLUSIVE if kinds else status

    def undecided(self) -> list[str]:
        """What was not decided and why, a line each after one that counts; none if all was."""
        known, left = self._known(), self.left()
        after = [nodeid for nodeid in known if nodeid in self.answered & self.faults.keys()]
        lines = [f"{name}: not collected: {why}" for name, why in self.files.items()]
        lines += [f"{known[nodeid]}: {why}" for nodeid, why in left.items()]
        lines += [f"{known[nodeid]}: after its verdict: {self.faults[nodeid]}" for nodeid in after]
        if not self.decides:
            return []
        count = f"{len(left)} of {len(known)} claim{'s' * (len(known) != 1)}"
        head = f"{count} {'was' if len(left) == 1 else 'were'} not decided"
        return [head, *lines] if left else lines

    def overview(self) -> dict[str, list[str]]:
        """The session in a few words: verdicts, seeds, cost, and what trained."""
        outcomes = Counter(claim.outcome for claim in self.decided)
        seeds = sorted({len(claim.verdict.seeds) for claim in self.decided})
        arms = Counter(arm.outcome for arm in self.drifts)
        counts = [f"{arms[outcome]} {outcome}" for outcome in WORST_FIRST if arms[outcome]]
        cost = sum(claim.seconds for claim in self.decided)
        trained_by = {name: self.environment[name] for name in FIRST if name in self.environment}
        left = [f"{len(self.left())} not decided"] if self.decides and self.left() else []
        return {
            "claims": [
                *left,
                *(f"{outcomes[outcome]} {outcome}" for outcome in ORDER if outcomes[outcome]),
            ],
            **({"drift": counts} if counts else {}),
            "seeds": [str(count) for count in seeds],
            "cost": [f"{cost:.0f} s of a worker's time"],
            **trained_by,
            **self.environment,
        }

    def changed(self) -> dict[str, str]:
        """Each claim whose verdict is another one than before, with both verdicts and medians."""
        told = {
            claim.statement: change(self.before.get(claim.claim_id, ""), claim.verdict)
            for claim in self.decided
        }
        return {statement: change for statement, change in told.items() if change}

    def moved(self) -> dict[str, list[str]]:
        """Each changed claim; each arm that drifted, with what moved most of it, before and now."""
        most = {arm.arm: arm.shifts[0] for arm in self.drifts if arm.outcome == "drifted"}
        drifted = {
            name: [f"drifted {' → '.join(each.medians('{:.4g}'.format))}: {each.statistic}"]
            for name, each in most.items()
        }
        return {name: [told] for name, told in self.changed().items()} | drifted

    def _known(self) -> dict[str, str]:
        """The claims; where workers all died before they told, the tests that they ran."""
        return self.claims or {nodeid: nodeid for nodeid in self.faults}

    def left(self) -> dict[str, str]:
        """Why claims have no verdict, by their node ids."""
        return {id_: self._why(id_) for id_ in self._known() if id_ not in self.answered}

    def _unfinished(self) -> bool:
        """Whether a claim ended without a word."""
        ended = {*self.answered, *self.faults, *self.skips}
        return self.decides and not self.claims.keys() <= ended

    def _why(self, nodeid: str) -> str:
        """Why a claim has no verdict."""
        unended = "stopped before its verdict" if nodeid in self.started else "not started"
        return self.faults.get(nodeid) or self.skips.get(nodeid) or unended

    def _note(self, record: Mapping[str, Any]) -> None:
        verdict = Verdict.from_json(record["verdict"])
        claim_id, statement, subject = (record[name] for name in ("id", "statement", "subject"))
        rest = record["seconds"], record.get("known", ""), record.get("contract", False)
        told = Decided(claim_id, statement, subject, verdict, *rest)
        self.decided.append(told)
        self.decided.sort(key=lambda claim: ORDER.index(claim.outcome))

    def _trained_by(self, environment: Iterable[tuple[str, str]]) -> None:
        for name, value in environment:
            values = self.environment.setdefault(name, [])
            if value not in values:
                values.append(value)


def told_of(verdict: Verdict) -> str:
    """A verdict and its median, such as "refuted +0.31", or in how many seeds it diverged."""
    return f"{verdict.outcome} {verdict.diverged or f'{verdict.median:+.3g}'}"


def change(before: str, verdict: Verdict) -> str:
    """Both verdicts with their medians, if there was one before and it is another one now."""
    same = before.partition(" ")[0] in ("", verdict.outcome)
    return "" if same else f"{before} → {told_of(verdict)}"


LEDGER = pytest.StashKey[Ledger]()
CHANGED = pytest.StashKey[str]()  # of a claim's test, what `change` says


def statements(items: Iterable[pytest.Item]) -> dict[str, str]:
    """The statement of every claim among tests, by its node id."""
    return {item.nodeid: statement_of(item)[0] for item in items if is_claim(item)}


def failure_kind(raised: BaseException) -> Failure:
    """What it means that a claim's test raised this exception, in whichever phase."""
    if isinstance(raised, Refuted):
        return "refuted"
    if isinstance(raised, Fixed):
        return "fixed"
    if isinstance(raised, Drifted):
        return "drifted"
    return "inconclusive" if isinstance(raised, Inconclusive) else "fault"


def _failure(report: pytest.TestReport, noted: Mapping[str, object]) -> Failure:
    if report.when not in ("setup", "call", "teardown"):
        return "fault"  # xdist reports the test of a crashed worker in a phase of its own
    kind = noted.get("failure", "failed")
    return next(known for known in KINDS if known == kind)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test or a file failed or was skipped, in a line."""
    if getattr(report, "when", "") == "???" and hasattr(report, "node"):  # from xdist
        return f"worker {report.node.gateway.id} died"
    if isinstance(report.longrepr, tuple):
        return one_line(report.longrepr[2], most=None)
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else report.longreprtext).splitlines() or [""]
    raised = (line[1:] for line in lines if line.startswith("E "))
    return shorten(one_line(next(raised, lines[0]), most=None), LONGEST_REASON)
