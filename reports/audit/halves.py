"""A/A: halves of one arm's seeds, compared as if they were two arms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from training_claims.condition import Condition
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.statistic import Statistic
from training_claims.evidence.verdict import Outcome, weigh
from training_claims.reports.audit.banked import Banked, taken
from training_claims.runs.history import Runs


@dataclass(frozen=True)
class Halves:
    """What became of comparisons of an arm with itself, each in both directions.

    Args:
        count: Splits.
        supporting: Splits of which one half exceeds the other, says either verdict.
        refuting: Splits of which one half does not exceed the other, says either verdict.
    """

    count: int
    supporting: int
    refuting: int


def statistics_of(claims: Sequence[Banked]) -> list[tuple[Statistic, Runs]]:
    """What the claims read off single arms, each once, with the arm's runs."""
    found = {}
    for claim in claims:
        for statistic in claim.comparison.primary:
            (arm,) = statistic.arms
            found[statistic.name, arm.fingerprint()] = statistic, claim.runs[arm]
    return list(found.values())


def split(
    read: Sequence[tuple[Statistic, Runs]],
    design: GroupSequential,
    count: int,
    rng: np.random.Generator,
) -> Halves:
    """Split each arm's seeds at random, `count` times for each of its statistics.

    The margin is 0 and neither half is the better one, so each sign of each pair is a fair coin,
    whatever the baseline holds. It must have twice the seeds of the first look.
    """
    outcomes = [
        set(_both_ways(statistic, runs, rng, design))
        for statistic, runs in read
        for _ in range(count)
    ]
    return Halves(
        len(outcomes),
        sum("supported" in pair for pair in outcomes),
        sum("refuted" in pair for pair in outcomes),
    )


def _both_ways(
    statistic: Statistic, runs: Runs, rng: np.random.Generator, design: GroupSequential
) -> Iterator[Outcome]:
    seeds = min(design.looks[-1], len(runs.seeds) // 2)
    rows = rng.permutation(len(runs.seeds))
    other_arm: Condition = replace(cast("Any", runs.arm), name=f"{runs.arm.name}, the other half")
    both: dict[Condition, Runs] = {
        runs.arm: taken(runs, rows[:seeds]),
        other_arm: taken(runs, rows[-seeds:], other_arm),
    }
    other = replace(statistic, arms=(other_arm,))
    for left, right in ((statistic, other), (other, statistic)):
        comparison = left.exceeds(right, by=0)
        yield weigh(comparison, comparison.differences(both), design).outcome
