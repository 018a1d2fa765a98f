"""The operating characteristics of the suite, and how each was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.intervals import win_interval
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.halves import Halves, split, statistics_of
from training_claims.reports.audit.suites import Suites, resampled


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
    refutation = sum(n * each.false_refutation for n, each in zip(sides, designs, strict=True))
    support = sum(each.false_support for each in designs)
    how = "enumerated; under any dependence, any distribution and any ties"
    if ranked := sum(each.test != "sign" for each in designs):
        how += f"; {ranked} by signed ranks, under symmetric distributions alone"
    return [
        Characteristic(
            "a true suite shows a false refutation",
            "< 0.001",
            f"<= {refutation:.3g}, {sum(sides)} sides",
            f"{how}; an equality counts twice",
            refutation < 1e-3,
        ),
        Characteristic(
            "a suite with every claim on its boundary shows a false support",
            "< 0.05",
            f"<= {support:.3g}, {len(claims)} claims",
            how,
            support < 0.05,
        ),
    ]


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
        ">= 0.99",
        f"{power.supported:.4f} for the weakest (>= {power.supported_low:.3f}), {weakest!r}",
        f"exact, at the share of {power.seeds} seeds that win, and at its lower 95 % bound",
        power.supported >= 0.99,
    )


def of_halves(
    claims: Sequence[Banked], design: GroupSequential, splits: int, rng: np.random.Generator
) -> list[Characteristic]:
    """What becomes of arms compared with themselves, in about so many splits of all together."""
    read = statistics_of(claims)
    count = max(1, splits // len(read))
    found: Halves = split(read, design, count, rng)
    how = f"A/A: {len(read)} statistics of arms, each baseline split in halves {count:,} times"
    return [
        _at_its_rate(f"one half {what} the other", happened, found.count, 2 * rate, how)
        for what, happened, rate in (
            ("exceeds", found.supporting, design.false_support),
            ("is refuted to exceed", found.refuting, design.false_refutation),
        )
    ]


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
