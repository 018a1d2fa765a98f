"""Tables in the terminal, and how numbers read in any table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from math import isnan

from training_claims.evidence.verdict import Verdict
from training_claims.reports.ledger import Decided

HEADER = ("verdict", "effect [interval]", "wins", "seeds", "seconds")
WIDTHS = (12, 36, 6, 5, 8)
NARROWEST_STATEMENT = 32


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> list[str]:
    """Rows in columns as wide as their texts; the first `words` are text, the others numbers."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def table(claims: Sequence[Decided], width: int) -> list[str]:
    """One row a claim, its statement wrapped in what `width` columns leave.

    The headline of a claim that is refuted, known to be wrong or fixed follows its row.
    """
    room = max(NARROWEST_STATEMENT, width - sum(WIDTHS) - 2 * len(WIDTHS))
    lines = [_row("claim", HEADER, room), "-" * (room + sum(WIDTHS) + 2 * len(WIDTHS))]
    for claim in claims:
        verdict, seeds = claim.verdict, len(claim.verdict.seeds)
        counts = (f"{verdict.tally.wins}/{seeds}", str(seeds), f"{claim.seconds:.1f}")
        first, *rest = textwrap.wrap(claim.statement, room) or [""]
        lines += [_row(first, (claim.outcome, effect(verdict), *counts), room), *rest]
        if claim.outcome in ("refuted", "known", "fixed"):
            lines.append(f"  {claim.headline}")
    return lines


def effect(verdict: Verdict) -> str:
    """The median difference with its interval and unit: "+0.0123 [+0.0101, +0.015] nats".

    Where runs diverged it says in how many seeds, and nothing else if there is no median.
    """
    if isnan(verdict.median):
        return verdict.diverged
    low, high, _ = verdict.median_interval
    told = f", {verdict.diverged}" if verdict.diverged else ""
    return interval(verdict.median, low, high, verdict.unit) + told


def interval(middle: float, low: float, high: float, unit: str) -> str:
    """A number within its interval: "+0.0123 [+0.0101, +0.015] nats"."""
    return f"{signed(middle)} [{signed(low)}, {signed(high)}] {unit}".rstrip()


def plain(value: float, digits: int = 4) -> str:
    """A number with so many significant digits: "0.01234", "24,390", "1.2e-06"."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def signed(value: float) -> str:
    """A number with its sign, to three digits: "+0.0123"; "unknown" if it is none."""
    return "unknown" if isnan(value) else f"{'+' * (value >= 0)}{plain(value, 3)}"


def _row(statement: str, cells: Sequence[str], room: int) -> str:
    told = [f"{statement:<{room}}"]
    for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True)):
        told.append(f"{cell:<{width}}" if place < 2 else f"{cell:>{width}}")
    return "  ".join(told)
