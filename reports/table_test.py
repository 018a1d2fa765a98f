from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from training_claims.evidence.design import GroupSequential
from training_claims.reports.ledger import Decided, Ledger
from training_claims.reports.summary import summary
from training_claims.reports.table import effect, plain, table
from training_claims.testing.judgement import made_judgement
from training_claims.testing.runs import judged


def decided(offset: float = 0.1, statement: str = "Noise helps", margin: float = 0.01) -> Decided:
    return Decided(
        "noise.helps", statement, "Noise", made_judgement(offset, margin=margin).verdict, 12.34
    )


def test_row_holds_verdict_effect_wins_seeds_and_seconds() -> None:
    row = " ".join(table([decided()], 140)[2].split())
    assert row == "Noise helps supported +0.1 [+0.1, +0.1] 12/12 12 12.3"


def test_a_claim_known_to_be_wrong_is_told_as_known() -> None:
    known = replace(decided(-0.1), known="issues/7")
    row, headline = table([known], 140)[2:]
    assert row.split()[2] == "known"
    assert headline.startswith("  known upstream: issues/7; inconclusive: median")


def test_long_statement_wraps_in_a_narrow_terminal() -> None:
    lines = table([decided(statement="words " * 20)], 80)
    assert len(lines) > 4
    assert lines[3].startswith("words")


def test_effect_has_its_unit() -> None:
    assert effect(made_judgement().verdict) == "+0.1 [+0.1, +0.1]"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([nan] * 12, "diverged in 12 of 12"),
        ([inf, -inf] * 6, "diverged in 12 of 12"),
        ([inf] * 12, "+inf [+inf, +inf] nats, diverged in 12 of 12"),
        ([2.0] * 11 + [nan], "+2 [+2, +2] nats, diverged in 1 of 12"),
    ],
)
def test_effect_says_in_how_many_seeds_runs_diverged(values: list[float], told: str) -> None:
    verdict = judged(values, "exceeds", 1.0, GroupSequential(looks=(12,)))
    assert effect(verdict) == told
    assert told in table([Decided("noise.diverges", "Diverges", "Noise", verdict, 1.0)], 140)[2]
    ledger = Ledger(decided=[Decided("noise.diverges", "Diverges", "Noise", verdict, 1.0)])
    assert f"| {told} |" in summary(ledger).splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123449, "0.01234"), (24390.4, "24,390"), (1.2e-7, "1.2e-07"), (0.0, "0")],
)
def test_plain_numbers(value: float, text: str) -> None:
    assert plain(value) == text
