"""Did a number change from one version to another? An exact test for each way it may.

A *verdict* changed if seeds win less often or more often than they did (Fisher's exact test), an
*effect* if its numbers shifted beyond their margin (Mann and Whitney's, ties for no shift), or
diverge otherwise than they did. Seeds never pair across versions, as in `drift.rule`. Versions
that give a seed the same numbers, or nearly, make the tests surer than they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, TypeAlias

from training_claims.evidence.intervals import median
from training_claims.evidence.region import Differences, Region
from training_claims.evidence.two_samples import divergence_p_value, p_value, share_p_value, shift
from training_claims.reports.drift.baseline import margin_of

Kind: TypeAlias = Literal["verdict", "effect"]
KINDS: tuple[Kind, ...] = ("verdict", "effect")
ERROR = 1e-3  # of whatever is told together: a bisection, a page, a monitor's year


@dataclass(frozen=True)
class Sample:
    """What seeds gave under one version.

    Args:
        values: One number a seed, in the order of the seeds.
        unit: Of the values.
        region: Where a claim's values support it; None of an arm's statistic.
    """

    values: tuple[float, ...]
    unit: str = ""
    region: Region | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def median(self) -> float:
        """The middle value; NaN if no number is."""
        return median(self.values)

    @property
    def wins(self) -> int:
        """How many seeds support the claim; 0 of an arm's statistic."""
        return self.region.tally(Differences.of(self.values)).wins if self.region else 0

    def first(self, seeds: int) -> Sample:
        """That of so many seeds."""
        return Sample(self.values[:seeds], self.unit, self.region)


def matters(kind: Kind, now: Sample, before: Sample) -> bool:
    """Whether a change of a kind, if there is one, is large enough to be told.

    Args:
        kind: The kind; an arm's statistic has no verdict.
        now: The newer version's.
        before: The older one's, whose seeds decide how large a shift matters.
    """
    if kind == "verdict":
        return before.region is not None
    margin = margin_of(before.values, before.unit)
    return abs(shift(now.values, before.values)) > margin or not _finite(now, before)


def p_of(kind: Kind, now: Sample, before: Sample) -> float:
    """The p of no change of a kind at all; exact, or too large."""
    if kind == "verdict":
        return share_p_value(now.wins, len(now), before.wins, len(before))
    p = p_value(now.values, before.values)
    if _finite(now, before):
        return p
    return min(1.0, 2 * min(p, divergence_p_value(now.values, before.values)))


def changed(now: Sample, before: Sample, error: float) -> Kind | None:
    """What changed, the verdict before the effect, wrongly with a probability of up to `error`."""
    if now.values == before.values:
        return None
    told = (kind for kind in KINDS if matters(kind, now, before))
    return next((kind for kind in told if p_of(kind, now, before) <= error / len(KINDS)), None)


def _finite(*samples: Sample) -> bool:
    return all(isfinite(value) for sample in samples for value in sample.values)
