"""Claims with the runs that a baseline has for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from training_claims.condition import Condition
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.intervals import median
from training_claims.evidence.measures import Numbers, minus
from training_claims.evidence.power import Power, power_of
from training_claims.evidence.region import Differences
from training_claims.evidence.statistic import Comparison
from training_claims.evidence.verdict import Verdict, weigh
from training_claims.runs.history import History, Runs

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Banked:
    """A claim, and what a baseline of seeds that the suite does not use says of it.

    Args:
        claim_id: The claim's identity.
        statement: The claim in a sentence.
        comparison: What it compares.
        runs: The baseline's runs of its arms, of the same seeds.
        differences: One for each seed of the baseline.
    """

    claim_id: str
    statement: str
    comparison: Comparison
    runs: Mapping[Condition, Runs]
    differences: Differences

    @classmethod
    def of(
        cls, claim_id: str, statement: str, comparison: Comparison, runs: Mapping[Condition, Runs]
    ) -> Banked:
        """The claim on a baseline's runs."""
        return cls(claim_id, statement, comparison, runs, comparison.differences(runs))

    @cached_property
    def fingerprints(self) -> tuple[str, ...]:
        """Of its arms."""
        return tuple(arm.fingerprint() for arm in self.comparison.arms)

    @property
    def boundary(self) -> Banked:
        """The claim moved to where it is just not true: a seed wins as often as it loses.

        An equality is moved to one of its borders.
        """
        middle, margin = median(self.differences.values), self.comparison.margin
        if isnan(middle):  # half of them are infinite either way: they are balanced already
            middle = 0.0
        parts = np.nan_to_num(minus(self._parts, middle), nan=0, posinf=inf, neginf=-inf) + margin
        values, low, high = map(tuple, parts.tolist())
        return replace(self, differences=Differences(self.differences.seeds, values, low, high))

    @property
    def power(self) -> Power:
        """What the baseline says of the claim's prospects in a suite of the default looks."""
        design = GroupSequential(test=self.comparison.test)
        return power_of(self.comparison.region, self.differences, design)

    def judged(self, rows: Rows, design: GroupSequential) -> Verdict:
        """The verdict on some of the baseline's seeds, in this order; a seed may come twice.

        A drawn seed counts as one of its own, so it gets a number of its own.
        """
        values, low, high = map(tuple, self._parts[:, rows].tolist())
        drawn = Differences(tuple(range(len(rows))), values, low, high)
        return weigh(self.comparison, drawn, design)

    @cached_property
    def _parts(self) -> Numbers:
        """Values, low and high bounds (3, seeds)."""
        found = self.differences
        return np.array([found.values, found.low, found.high])


def taken(runs: Runs, rows: Rows, arm: Condition | None = None) -> Runs:
    """Some of an arm's runs in this order, numbered anew; as another arm's if one is given."""
    curves = {name: each[rows] for name, each in runs.history.metrics.items()}
    return Runs(arm or runs.arm, tuple(range(len(rows))), History(curves), runs.environment)
