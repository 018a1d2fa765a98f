"""Drift: has an arm's training moved since a baseline, beyond what seeds differ by?

A statistic of an arm has *drifted* if the exact two-sample test rejects that it is distributed as
in the baseline and its shift is beyond the margin that the baseline declares. It is *stable* if
an interval shows the shift to be within the margin, and else *inconclusive*. All statistics of a
baseline together raise a false alarm with a probability of at most 1e-3, and call one of them
stable that has moved by its margin with at most .05, however they depend on one another.

A run that diverged counts with its number, an infinite one, or NaN beyond all. How many diverged
is tested beside the shift of the median, which a third of the seeds need not move: an arm of which
more diverge than did, or fewer, has drifted too, and with a doubt of it is not stable.

Seeds are never paired across versions, since a version may give a seed other random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan
from typing import Literal, TypeAlias

import numpy as np

from training_claims.evidence.intervals import median
from training_claims.evidence.two_samples import (
    curve_p_value,
    discoveries,
    divergence_p_value,
    least_error,
    p_value,
    shift,
    shift_interval,
)
from training_claims.reports.drift.baseline import (
    Baseline,
    NotComparable,
    SavedArm,
    SavedStatistic,
    named_by,
)

FALSE_ALARMS = 1e-3
FALSE_STABILITY = 0.05

DriftOutcome: TypeAlias = Literal["drifted", "inconclusive", "stable"]
WORST_FIRST: tuple[DriftOutcome, ...] = ("drifted", "inconclusive", "stable")


class Drifted(AssertionError):
    """An arm no longer trains as the baseline did."""


class TooFewSeeds(ValueError):
    """So few seeds that no shift could count as drift; its text says how many it takes."""


@dataclass(frozen=True)
class Shift:
    """How a statistic of an arm moved.

    Args:
        statistic: Its name.
        unit: Its unit, in which all its numbers are.
        margin: The smallest shift that counts.
        before: Its median in the baseline; NaN if that is no number, as of runs that diverged.
        now: Its median in the new runs.
        estimate: The shift: the median of all differences of a new and a baseline's seed; NaN if
            that is no number.
        low: The shift is at least this, at the test's error.
        high: The shift is at most this.
        p: The exact two-sided p of no shift, not corrected.
        outcome: What the rule makes of it.
        seeds: How many there are in the baseline, and how many new ones.
        diverged: Of how many of either the number is not finite.
    """

    statistic: str
    unit: str
    margin: float
    before: float
    now: float
    estimate: float
    low: float
    high: float
    p: float
    outcome: DriftOutcome
    seeds: tuple[int, int]
    diverged: tuple[int, int]

    @property
    def in_margins(self) -> float:
        """The size of the shift, in margins: what moved most has most of them."""
        return inf if isnan(self.estimate) else abs(self.estimate) / self.margin

    def medians(self, number: Callable[[float], str]) -> tuple[str, ...]:
        """In the baseline and now, as a number or such as "diverged in 60 of 100"."""
        sides = zip((self.before, self.now), self.diverged, self.seeds, strict=True)
        return tuple(_median_text(number, *side) for side in sides)

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        before, now = self.medians("{:.4g}".format)
        estimate = "unknown" if isnan(self.estimate) else f"{self.estimate:+.3g}"
        return (
            f"{self.statistic}: median {before} before, {now} now, shift "
            f"{estimate} [{self.low:.3g}, {self.high:.3g}]{unit}, margin {self.margin:.3g}"
        )


@dataclass(frozen=True)
class ArmDrift:
    """How an arm moved.

    Args:
        arm: Its name.
        data: Its dataset's name.
        claims: The identities of the claims that read it.
        seeds: How many there are in the baseline, and how many new ones.
        shifts: Of each statistic, what moved most first.
        curves_p: The p of no change anywhere along its curves, not corrected.
    """

    arm: str
    data: str
    claims: tuple[str, ...]
    seeds: tuple[int, int]
    shifts: tuple[Shift, ...]
    curves_p: float

    @property
    def outcome(self) -> DriftOutcome:
        """The worst of its statistics'."""
        found = {each.outcome for each in self.shifts} or {"inconclusive"}
        return next(outcome for outcome in WORST_FIRST if outcome in found)

    @property
    def headline(self) -> str:
        """The outcome, with the statistic that moved most among those that have it."""
        same = [str(each) for each in self.shifts if each.outcome == self.outcome]
        before, now = self.seeds
        told = same[0] if same else "no statistic of the baseline can be read off its runs"
        return f"{self.outcome}: {told}, {now} seeds against {before}"


@dataclass(frozen=True)
class Rule:
    """The two-sample rule for so many statistics.

    Args:
        tests: How many statistics share the promised error rates.
    """

    tests: int

    @classmethod
    def of(cls, baseline: Baseline) -> Rule:
        """The rule for a baseline, whichever of its arms are looked at."""
        return cls(max(1, sum(len(arm.statistics) for arm in baseline.arms)))

    @property
    def drift_error(self) -> float:
        """The error of either side of a statistic's test of no shift."""
        return FALSE_ALARMS / 2 / self.tests

    @property
    def stable_error(self) -> float:
        """The error of either side of a statistic's test of a shift as large as its margin."""
        return FALSE_STABILITY / self.tests

    def drifted(self, new: Sequence[float], old: Sequence[float], margin: float) -> bool:
        """Whether a statistic's values have shifted by more than the margin, or diverge otherwise.

        Args:
            new: One value a seed.
            old: One value a seed of the baseline.
            margin: In the values' unit.
        """
        if not np.isfinite([*new, *old]).all():
            # How many diverged is tested too, so both tests share the error. Whether there are any
            # at all does not depend on which seeds are the new ones: the promise holds.
            halved = Rule(2 * self.tests)
            if divergence_p_value(new, old) <= 2 * halved.drift_error:
                return True
            return halved._shifted(new, old, margin)
        return self._shifted(new, old, margin)

    def stable(self, new: Sequence[float], old: Sequence[float], margin: float) -> bool:
        """Whether a statistic's values are shown to have shifted by less than the margin.

        A NaN may stand for a shift either way, and more of them than chance gives are one.
        """
        both = [(sign * np.array(new), sign * np.array(old)) for sign in (1, -1)]
        ends = [shift_interval(*each, self.stable_error) for each in both]
        within = all(-margin < low and high < margin for low, high, _ in ends)
        return within and divergence_p_value(new, old) > 2 * self.stable_error

    def _shifted(self, new: Sequence[float], old: Sequence[float], margin: float) -> bool:
        if not abs(shift(new, old)) > margin:
            return False
        low, high, _ = shift_interval(new, old, self.drift_error)
        return low > 0 or high < 0

    def shift(self, old: SavedStatistic, new: Sequence[float]) -> Shift:
        """How new values of a statistic lie to the saved ones."""
        about = (new, old.values, old.margin)
        outcome: DriftOutcome = (
            "drifted"
            if self.drifted(*about)
            else "stable"
            if self.stable(*about)
            else "inconclusive"
        )
        low, high, _ = shift_interval(new, old.values, self.drift_error)
        return Shift(
            statistic=old.name,
            unit=old.unit,
            margin=old.margin,
            before=median(old.values),
            now=median(new),
            estimate=shift(new, old.values),
            low=low,
            high=high,
            p=p_value(new, old.values),
            outcome=outcome,
            seeds=(len(old.values), len(new)),
            diverged=(_diverged(old.values), _diverged(new)),
        )

    def arm(self, old: SavedArm, new: SavedArm) -> ArmDrift:
        """How an arm's new runs lie to its saved ones.

        Args:
            old: The baseline's.
            new: Of the same training condition.

        Raises:
            TooFewSeeds: If there are so few that no shift could count as drift.
        """
        self.check_seeds(old, len(new.seeds))
        now = {each.name: each.values for each in alike(old, new).statistics}
        shifts = [self.shift(each, now[each.name]) for each in old.statistics if each.name in now]
        shifts.sort(key=lambda each: (WORST_FIRST.index(each.outcome), -each.in_margins))
        seeds = (len(old.seeds), len(new.seeds))
        both = [name for name in old.curves if name in new.curves]
        curves = (np.concatenate([arm.curves[name] for name in both], 1) for arm in (new, old))
        p = curve_p_value(*curves)
        return ArmDrift(old.name, old.data, old.claims, seeds, tuple(shifts), p)

    def check_seeds(self, old: SavedArm, new: int) -> None:
        """See that so many new seeds of an arm could show a drift from the saved ones.

        Raises:
            TooFewSeeds: If they could not.
        """
        if (least := least_error(new, len(old.seeds))) > self.drift_error:
            enough = next(n for n in range(2, 99) if least_error(n, n) <= self.drift_error)
            raise TooFewSeeds(
                f"Expected seeds enough to show a drift at an error of {self.drift_error:.2g} a "
                f"side, one of {self.tests} statistics: {enough} or more against as many. "
                f"Received: {new} against {len(old.seeds)} of arm {old.name!r}, which reach "
                f"{least:.2g}. Take more by --claims-seeds; 30 against 100 show shifts of 2 SD."
            )


@dataclass(frozen=True, eq=False)
class ArmPair:
    """An arm in two baselines, and how it moved between them."""

    before: SavedArm
    now: SavedArm
    drift: ArmDrift


@dataclass(frozen=True, eq=False)
class SuiteDrift:
    """Two baselines against each other.

    Args:
        before: The older one.
        now: The newer one.
        pairs: Of the arms that both have, what drifted first, and what moved most before others.
        left_out: Why other arms of the older one are not compared, by name.
    """

    before: Baseline
    now: Baseline
    pairs: tuple[ArmPair, ...]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, before: Baseline, now: Baseline) -> SuiteDrift:
        """Compare all arms, by the margins of the older baseline.

        Raises:
            TooFewSeeds: As `Rule.arm`.
        """
        rule, pairs, left_out = Rule.of(before), list[ArmPair](), list[str]()
        for old in before.arms:
            try:
                new = alike(old, now.arm(old))
            except NotComparable as reason:
                left_out.append(str(reason))
                continue
            pairs.append(ArmPair(old, new, rule.arm(old, new)))
        pairs.sort(key=lambda pair: most_moved(pair.drift))
        return cls(before, now, tuple(pairs), tuple(left_out))

    @property
    def arms(self) -> tuple[ArmDrift, ...]:
        """How the arms moved."""
        return tuple(pair.drift for pair in self.pairs)


def alike(old: SavedArm, new: SavedArm) -> SavedArm:
    """New runs with the statistics of the saved ones, those that their curves can give.

    One of a user's own, whose class is not loaded, is as it was saved with the new runs.
    """
    missing = old.curves.keys() - new.curves.keys()
    read = new.with_statistics(
        each for each in old.statistics if not named_by(each.measure) & missing
    )
    lacking = {each.name for each in old.statistics} - {each.name for each in read.statistics}
    kept = [each for each in new.statistics if each.name in lacking]
    return replace(read, statistics=(*read.statistics, *kept))


def alerts(arms: Sequence[ArmDrift]) -> list[str]:
    """The names of arms whose curves changed somewhere, with a false discovery rate of .05."""
    found = discoveries([arm.curves_p for arm in arms])
    return [arm.arm for arm, alert in zip(arms, found, strict=True) if alert]


def most_moved(arm: ArmDrift) -> tuple[int, float]:
    """A key that sorts what drifted first, and what moved most before the rest."""
    moved = max((each.in_margins for each in arm.shifts), default=0.0)
    return WORST_FIRST.index(arm.outcome), -moved


def _diverged(values: Sequence[float]) -> int:
    return int((~np.isfinite(values)).sum())


def _median_text(number: Callable[[float], str], median: float, diverged: int, seeds: int) -> str:
    if not diverged:
        return number(median)
    told = f"diverged in {diverged} of {seeds}"
    return f"{number(median)} ({told})" if isfinite(median) else told
