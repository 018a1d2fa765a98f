"""One test for each arm of a baseline: it trains as the baseline did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import wraps
from typing import Any

import pytest

from training_claims.condition import Condition
from training_claims.evidence.design import LOOKS
from training_claims.evidence.statistic import Comparison
from training_claims.mark import ANSWERS, Inconclusive, claim_id
from training_claims.reports.drift.baseline import NEW_SEEDS, Baseline, NotComparable, SavedArm
from training_claims.reports.drift.rule import ArmDrift, Drifted, Rule, TooFewSeeds, alike
from training_claims.reports.ledger import COMPARABLE
from training_claims.runs.history import Runs
from training_claims.session.judge import Judge

SUBJECT = "Drift"


class Question:
    """Stands in for a claim's judge: takes note of what the claim compares, decides nothing."""

    def __init__(self) -> None:
        self.arms: tuple[Condition, ...] = ()

    def __call__(self, comparison: Comparison) -> bool:
        """Let the claim pass."""
        self.arms = comparison.arms
        return True


class DriftItem(pytest.Function):
    """Trains an arm and compares it with its baseline.

    An arm holds functions, which only a claim that reads it can give. So the item calls such a
    claim, with its fixtures, and takes the arm from what it asks its judge.
    """

    baseline: Baseline
    saved: SavedArm

    def runtest(self) -> None:
        """Raise Drifted, skip what is inconclusive or not comparable, or pass.

        Raises:
            Drifted: If the arm has drifted.
            Inconclusive: If it may have, under --claims-strict; else the test is skipped.
        """
        __tracebackhide__ = True
        judge, question = self.funcargs["judge"], Question()
        assert isinstance(judge, Judge)
        self.funcargs["judge"] = question
        super().runtest()
        try:
            arm = self._arm(question.arms)
        except NotComparable as reason:
            pytest.skip(f"not comparable: {reason}")
        self.user_properties.append((COMPARABLE, self.baseline.name))
        judge.source.check(arm)
        looks = judge.settings.looks or LOOKS
        count = min(looks[-1], max(NEW_SEEDS, looks[0]))
        runs = judge.source.runs(arm, judge.settings.seeds(count))
        headline, outcome = self._compared(runs)
        self.user_properties.extend(("notice", text) for text in judge.source.notices)
        judge.source.notices.clear()
        if outcome == "drifted":
            raise Drifted(headline)
        if outcome == "inconclusive" and judge.settings.strict:
            raise Inconclusive(headline)
        if outcome == "inconclusive":
            pytest.skip(headline)
        self.stash.setdefault(ANSWERS, []).append(None)  # it has no judge, and may pass

    def _arm(self, arms: Sequence[Condition]) -> Condition:
        """The arm to train, of those that the claim reads."""
        for arm in arms:
            if arm.fingerprint() == self.saved.fingerprint:
                return arm
        for arm in arms:
            if arm.name == self.saved.name:
                self.baseline.arm(arm)  # says what it trains otherwise
        raise NotComparable(
            f"Expected claim {self.saved.claims[0]} to read arm {self.saved.name!r}, as when "
            f"baseline {self.baseline.name!r} was saved. Received: one that reads "
            f"{', '.join(arm.name for arm in arms)}. Save a new baseline."
        )

    def _compared(self, runs: Runs) -> tuple[str, str]:
        """The headline and the outcome."""
        now = alike(self.saved, SavedArm.of(runs, [], self.saved.claims))
        try:
            drift = Rule.of(self.baseline).arm(self.saved, now)
        except TooFewSeeds as reason:
            return f"inconclusive: {reason}", "inconclusive"
        self.config.hook.pytest_arm_compared(
            item=self, drift=drift, saved=self.saved, now=now, runs=runs, baseline=self.baseline
        )
        return drift.headline, drift.outcome


def pytest_arm_compared(
    item: pytest.Item,
    drift: ArmDrift,
    saved: SavedArm,
    now: SavedArm,
    runs: Runs,
    baseline: Baseline,
) -> None:
    """Called in the process that trains the arm, before the test passes, fails or is skipped."""


def drift_items(baseline: Baseline, claims: Sequence[pytest.Item]) -> Iterator[DriftItem]:
    """An item for each arm of a baseline that some of the claims read, after the first of them."""
    by_id = {claim_id(item): item for item in claims if isinstance(item, pytest.Function)}
    for saved in baseline.arms:
        if readers := [by_id[name] for name in saved.claims if name in by_id]:
            yield _item(baseline, saved, readers[0])


def _item(baseline: Baseline, saved: SavedArm, reader: pytest.Function) -> DriftItem:
    @wraps(reader.obj)  # a function of its own, since Allure keeps a test's title on it
    def trains_as_before(**fixtures: Any) -> Any:
        return reader.obj(**fixtures)

    item: DriftItem = DriftItem.from_parent(
        reader.parent,
        name=f"baseline[{saved.name}, {saved.data}]",
        callspec=getattr(reader, "callspec", None),
        callobj=trains_as_before,
        fixtureinfo=reader._fixtureinfo,
    )
    item.baseline, item.saved = baseline, saved
    statement = f"Arm {saved.name!r} on {saved.data} trains as baseline {baseline.name!r} did"
    statement = statement.replace("{", "{{").replace("}", "}}")
    item.own_markers = [mark for mark in item.own_markers if mark.name != "claim"]
    item.add_marker(
        pytest.mark.claim(statement, source=f"Baseline {baseline.name}", subject=SUBJECT)
    )
    return item
