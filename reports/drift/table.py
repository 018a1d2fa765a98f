"""What moved since a baseline, as text: for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from training_claims.reports import markdown
from training_claims.reports.drift.rule import ArmDrift, Shift, alerts
from training_claims.reports.table import columns, interval, plain

HEADER = ("arm", "statistic", "before", "now", "shift [interval]", "margin", "verdict")
WORDS = 2  # columns of text, before those of numbers


def terminal_table(arms: Sequence[ArmDrift]) -> list[str]:
    """A row for each statistic of each arm, in columns as wide as their texts."""
    return [*columns(HEADER, rows(arms), words=WORDS), *alert_line(arms)]


def markdown_table(arms: Sequence[ArmDrift]) -> list[str]:
    """The same as a Markdown table."""
    told = [[*map(markdown.literal, row[:WORDS]), *row[WORDS:]] for row in rows(arms)]
    alert = map(markdown.literal, alert_line(arms))
    return [*markdown.table(HEADER, told, words=WORDS), "", *alert]


def rows(arms: Sequence[ArmDrift]) -> list[list[str]]:
    """What `HEADER` heads."""
    return [[arm.arm, *cells(shift)] for arm in arms for shift in arm.shifts]


def cells(shift: Shift) -> list[str]:
    """A statistic's row, from its name to its verdict."""
    moved = interval(shift.estimate, shift.low, shift.high, shift.unit)
    medians = shift.medians(plain)
    return [shift.statistic, *medians, moved, plain(shift.margin, 3), shift.outcome]


def alert_line(arms: Sequence[ArmDrift]) -> list[str]:
    """A line that names the arms whose curves changed anywhere, where there are some."""
    named = ", ".join(alerts(arms))
    told = "Learning curves changed somewhere (no verdict; about 1 in 20 by chance)"
    return [f"{told}: {named}."] if named else []
