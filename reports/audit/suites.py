"""Suites drawn from a baseline, and what becomes of their claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.verdict import Verdict
from training_claims.reports.audit.banked import Banked, Rows


@dataclass(frozen=True)
class Suites:
    """What became of resampled suites.

    Args:
        count: Suites drawn.
        refuting: Suites with a refuted claim.
        supporting: Suites with a supported claim.
        open: Suites by their number of inconclusive claims.
        mean_seeds: Seeds an arm, which are those of the claim that needs most of it.
    """

    count: int
    refuting: int
    supporting: int
    open: Counter[int]
    mean_seeds: float

    def more_open_than(self, claims: int) -> int:
        """Suites with more inconclusive claims than this."""
        return sum(suites for number, suites in self.open.items() if number > claims)


def resampled(
    claims: Sequence[Banked], design: GroupSequential, count: int, rng: np.random.Generator
) -> Suites:
    """Draw suites from the baseline with replacement, and decide each claim of each.

    Claims with baselines of one size see the same seeds, as they do in a session, so they depend on
    one another as they do there; a claim with a baseline of another size draws from all of it.

    Args:
        claims: The suite.
        design: When to look.
        count: How many suites.
        rng: Draws the seeds.
    """
    refuting = supporting = 0
    still_open: Counter[int] = Counter()
    seeds: list[float] = []
    for drawn in rng.random((count, design.looks[-1])):
        verdicts = [claim.judged(_rows(drawn, claim), design) for claim in claims]
        outcomes = Counter(verdict.outcome for verdict in verdicts)
        refuting += outcomes["refuted"] > 0
        supporting += outcomes["supported"] > 0
        still_open[outcomes["inconclusive"]] += 1
        seeds.append(_seeds_an_arm(claims, verdicts))
    return Suites(count, refuting, supporting, still_open, float(np.mean(seeds)))


def draws(baseline: int, seeds: int, count: int, rng: np.random.Generator) -> Iterator[Rows]:
    """For each of `count` suites, which of the baseline's seeds it sees, with replacement."""
    yield from rng.integers(baseline, size=(count, seeds))


def _rows(drawn: NDArray[np.float64], claim: Banked) -> Rows:
    """The rows of a claim's baseline at some shares of it, from 0 to 1."""
    return (drawn * len(claim.differences)).astype(np.intp)


def _seeds_an_arm(claims: Sequence[Banked], verdicts: Sequence[Verdict]) -> float:
    needed: dict[str, int] = {}
    for claim, verdict in zip(claims, verdicts, strict=True):
        for arm in claim.fingerprints:
            needed[arm] = max(needed.get(arm, 0), len(verdict.seeds))
    return sum(needed.values()) / len(needed)
