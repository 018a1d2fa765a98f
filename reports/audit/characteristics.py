"""The operating characteristics of the suite, and how each was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

import numpy as np

from training_claims.evidence.design import SUITE, Boundary, GroupSequential
from training_claims.evidence.intervals import win_interval
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.halves import split, statistics_of
from training_claims.reports.audit.suites import Suites, resampled

WANTED_POWER = 0.995
CONTROL_SPLITS = 2_000  # of right boundaries about two halves in so many separate, of wrong ones 14


class TooEager(GroupSequential):
    """A negative control: each look supports at a win fewer than the rule affords."""

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """See `GroupSequential`."""
        return tuple(
            each._replace(support_at=None if each.support_at is None else each.support_at - 1)
            for each in super().boundaries
        )


@dataclass(frozen=True)
class Characteristic:
    """One operating characteristic.

    Args:
        name: What happens, or should.
        wanted: The bound that is wanted.
        measured: What was found, with its 95 % bound where it was drawn.
        how: How it was found.
        kept: Whether the bound wanted holds; None if it was not tried.
    """

    name: str
    wanted: str
    measured: str
    how: str
    kept: bool | None


def of_the_design(claims: Sequence[Banked], design: GroupSequential) -> list[Characteristic]:
    """What holds for any true or false claims, by enumeration."""
    designs = [replace(design, test=claim.comparison.test) for claim in claims]
    sides = [len(claim.comparison.region.sides) for claim in claims]
    rates = [errors(each) for each in designs]
    refutation = sum(n * refuted for n, (_, refuted) in zip(sides, rates, strict=True))
    support = sum(supported for supported, _ in rates)
    how = (
        f"{SUITE.share:.0%} of what all tiers may err; enumerated from the boundaries; under any "
        "dependence, any distribution and any ties"
    )
    if ranked := sum(each.test != "sign" for each in designs):
        how += f"; {ranked} by signed ranks, under symmetric distributions alone"
    return [
        Characteristic(
            "a true suite shows a false refutation",
            f"< {1e-3 * SUITE.share:g}",
            f"<= {refutation:.3g}, {sum(sides)} sides",
            f"{how}; an equality counts twice",
            refutation < 1e-3 * SUITE.share,
        ),
        Characteristic(
            "a suite with every claim on its boundary shows a false support",
            f"< {0.05 * SUITE.share:g}",
            f"<= {support:.3g}, {len(claims)} claims",
            how,
            support < 0.05 * SUITE.share,
        ),
    ]


def errors(design: GroupSequential) -> tuple[float, float]:
    """The rates of false support and false refutation, of one side.

    For the sign test they are counted anew, from what decides; for signed ranks they are bounds.
    """
    if design.test != "sign":
        return design.false_support, design.false_refutation
    won = [(seeds, support_at) for seeds, support_at, _ in design.boundaries]
    lost = [(seeds, None if at is None else seeds - at) for seeds, _, at in design.boundaries]
    return _reached(won), _reached(lost)


def of_a_wrong_boundary(claims: Sequence[Banked], rng: np.random.Generator) -> Characteristic:
    """The negative control: whether the audit flags a rule that is wrong."""
    right, wrong = GroupSequential(), TooEager()
    planned = list(islice(cycle(claims), SUITE.claims))
    _, support = of_the_design(planned, wrong)
    exceeds, _ = of_halves(claims, right, CONTROL_SPLITS, rng, judged_by=wrong)
    return Characteristic(
        "boundaries a win too low are flagged",
        "by enumeration and by A/A",
        f"false support {support.measured}; halves {exceeds.measured}",
        "negative control: the audit of a rule made wrong on purpose",
        not support.kept and not exceeds.kept,
    )


def of_resampled_suites(
    claims: Sequence[Banked], design: GroupSequential, count: int, rng: np.random.Generator
) -> list[Characteristic]:
    """What becomes of true suites drawn from the baseline, and of suites on their boundaries.

    The bounds are those of the drawing. That the baseline is itself a sample of seeds is in each
    claim's power, which `of_every_claim` takes at the lower end of its interval too.
    """
    true = resampled(claims, design, count, rng)
    false = resampled([claim.boundary for claim in claims], design, count, rng)
    how = f"{count:,} suites drawn from the baseline and judged"
    return [
        _rarely("a true suite shows a refutation", true.refuting, count, 1e-3, how),
        _rarely(
            "a suite with every claim on its boundary shows a support",
            false.supporting,
            count,
            0.05,
            f"{how}, each claim's differences moved onto its boundary",
        ),
        _rarely(
            "a true suite leaves more than one claim open", true.more_open_than(1), count, 0.01, how
        ),
        _seeds(true, how),
    ]


def of_every_claim(claims: Sequence[Banked]) -> Characteristic:
    """The least prospect of being decided."""
    powers = {claim.statement: claim.power for claim in claims}
    weakest = min(powers, key=lambda statement: powers[statement].supported)
    power = powers[weakest]
    return Characteristic(
        "a true claim is supported",
        f">= {WANTED_POWER:g}",
        f"{power.supported:.4f} for the weakest (>= {power.supported_low:.3f}), {weakest!r}",
        f"exact, at the share of {power.seeds} seeds that win, and at its lower 95 % bound",
        power.supported >= WANTED_POWER,
    )


def of_halves(
    claims: Sequence[Banked],
    design: GroupSequential,
    splits: int,
    rng: np.random.Generator,
    judged_by: GroupSequential | None = None,
) -> list[Characteristic]:
    """What becomes of arms compared with themselves, in about so many splits of all together.

    Rates are those of the looks that a half has seeds for.

    Args:
        claims: What they read is compared.
        design: What decides.
        splits: Of all statistics together.
        rng: Splits.
        judged_by: What decides instead, where the control puts another in its place.
    """
    read = statistics_of(claims)
    count = max(1, splits // len(read))
    half = max(len(runs.seeds) for _, runs in read) // 2
    design = replace(design, looks=tuple(seeds for seeds in design.looks if seeds <= half))
    found = split(read, judged_by or design, count, rng)
    how = (
        f"A/A: {len(read)} statistics of arms, each baseline split in halves {count:,} times; "
        f"looks at {', '.join(map(str, design.looks))}"
    )
    return [
        _at_its_rate(f"one half {what} the other", happened, found.count, 2 * rate, how)
        for what, happened, rate in (
            ("exceeds", found.supporting, design.false_support),
            ("is refuted to exceed", found.refuting, design.false_refutation),
        )
    ]


def _reached(decisive: Sequence[tuple[int, int | None]]) -> float:
    """How often fair coins show so many heads at any of these numbers of throws."""
    undecided, thrown, reached = np.ones(1), 0, 0.0
    for throws, heads in decisive:
        for _ in range(throws - thrown):
            undecided = (np.append(undecided, 0) + np.append(0, undecided)) / 2
        thrown = throws
        if heads is not None:
            reached += float(undecided[heads:].sum())
            undecided[heads:] = 0
    return reached


def _rarely(name: str, happened: int, count: int, bound: float, how: str) -> Characteristic:
    high = win_interval(happened, count).high
    measured = f"{happened:,} of {count:,}, <= {high:.2g}"
    return Characteristic(name, f"< {bound:g}", measured, how, high < bound)


def _at_its_rate(name: str, happened: int, count: int, rate: float, how: str) -> Characteristic:
    """A rate that is reached, not undercut, cannot be bounded from above: it must not lie below."""
    low, high, _ = win_interval(happened, count)
    measured = f"{happened:,} of {count:,} = {happened / count:.2g} [{low:.2g}, {high:.2g}]"
    return Characteristic(name, f"not above {rate:.3g}", measured, how, low <= rate)


def _seeds(suites: Suites, how: str) -> Characteristic:
    seeds = suites.mean_seeds
    return Characteristic("mean seeds an arm", "<= 16", f"{seeds:.1f}", how, seeds <= 16)
