"""The table that ends a session in the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from math import isnan

from training_claims.evidence.verdict import Verdict
from training_claims.reports.ledger import Decided

HEADER = ("verdict", "effect [interval]", "wins", "seeds", "seconds")
WIDTHS = (12, 36, 6, 5, 8)
NARROWEST_STATEMENT = 32


def table(claims: Sequence[Decided], width: int) -> list[str]:
    """One row a claim, its statement wrapped in what `width` columns leave.

    A refuted claim's headline, the one of its failure, follows its row.
    """
    room = max(NARROWEST_STATEMENT, width - sum(WIDTHS) - 2 * len(WIDTHS))
    lines = [_row("claim", HEADER, room), "-" * (room + sum(WIDTHS) + 2 * len(WIDTHS))]
    for claim in claims:
        first, *rest = textwrap.wrap(claim.statement, room) or [""]
        lines += [_row(first, _cells(claim), room), *rest]
        if claim.verdict.outcome == "refuted":
            lines.append(f"  {claim.verdict.headline}")
    return lines


def effect(verdict: Verdict) -> str:
    """The median difference with its interval and unit: "+0.0123 [+0.0101, +0.015] nats".

    Where runs diverged it says in how many seeds, and nothing else if there is no median.
    """
    if isnan(verdict.median):
        return verdict.diverged
    low, high, _ = verdict.median_interval
    numbers = f"{signed(verdict.median)} [{signed(low)}, {signed(high)}]"
    told = f", {verdict.diverged}" if verdict.diverged else ""
    return f"{numbers} {verdict.unit}".rstrip() + told


def plain(value: float, digits: int = 4) -> str:
    """A number with so many significant digits: "0.01234", "24,390", "1.2e-06"."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def signed(value: float) -> str:
    """A number with its sign, to three digits: "+0.0123"; "unknown" if it is none."""
    return "unknown" if isnan(value) else f"{'+' * (value >= 0)}{plain(value, 3)}"


def _cells(claim: Decided) -> tuple[str, ...]:
    verdict = claim.verdict
    seeds = len(verdict.seeds)
    return (
        verdict.outcome,
        effect(verdict),
        f"{verdict.tally.wins}/{seeds}",
        str(seeds),
        f"{claim.seconds:.1f}",
    )


def _row(statement: str, cells: Sequence[str], room: int) -> str:
    verdict, numbers, *counts = cells
    left = f"{statement:<{room}}  {verdict:<{WIDTHS[0]}}  {numbers:<{WIDTHS[1]}}"
    right = (f"{count:>{width}}" for count, width in zip(counts, WIDTHS[2:], strict=True))
    return "  ".join([left, *right])
