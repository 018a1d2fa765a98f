"""What moved since a baseline, as text: for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from training_claims.reports.drift.rule import ArmDrift, Shift, alerts
from training_claims.reports.markdown import literal, table
from training_claims.reports.table import plain, signed

HEADER = ("arm", "statistic", "before", "now", "shift [interval]", "margin", "verdict")
WORDS = 2  # columns of text, before those of numbers


def terminal_table(arms: Sequence[ArmDrift]) -> list[str]:
    """A row for each statistic of each arm, in columns as wide as their texts."""
    rows = [HEADER, *(cells for arm in arms for cells in _rows(arm))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = []
    for row in rows:
        padded = zip(row, widths, range(len(row)), strict=True)
        cells = (cell.ljust(w) if at < WORDS else cell.rjust(w) for cell, w, at in padded)
        lines.append("  ".join(cells).rstrip())
    return [*lines, *alert_line(arms)]


def markdown_table(arms: Sequence[ArmDrift]) -> list[str]:
    """The same as a Markdown table."""
    rows = [cells for arm in arms for cells in _rows(arm)]
    plain_rows = [[*map(literal, row[:WORDS]), *row[WORDS:]] for row in rows]
    return [*table(HEADER, plain_rows, words=WORDS), "", *map(literal, alert_line(arms))]


def _rows(arm: ArmDrift) -> list[tuple[str, ...]]:
    return [(arm.arm, *cells(shift)) for shift in arm.shifts]


def cells(shift: Shift) -> tuple[str, ...]:
    """A statistic's row, from its name to its verdict."""
    estimate, low, high = map(signed, (shift.estimate, shift.low, shift.high))
    moved = f"{estimate} [{low}, {high}] {shift.unit}".rstrip()
    return (shift.statistic, *shift.medians(plain), moved, plain(shift.margin, 3), shift.outcome)


def alert_line(arms: Sequence[ArmDrift]) -> list[str]:
    """A line that names the arms whose curves changed anywhere, where there are some."""
    named = alerts(arms)
    if not named:
        return []
    return [
        f"Learning curves changed somewhere (no verdict; about 1 in 20 by chance): "
        f"{', '.join(named)}."
    ]
