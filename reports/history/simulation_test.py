"""A fast part of what `training-claims simulated-histories` counts, of recorded seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training_claims.reports.drift.file import path_of, read
from training_claims.reports.history import simulation
from training_claims.reports.history.bisection import Change
from training_claims.reports.history.simulation import Made, banks, bisected, histories, paged
from training_claims.status import Status

Known = list[tuple[str, simulation.Bank]]


@pytest.fixture(scope="module")
def known() -> Known:
    return banks([read(path_of(simulation.BASELINES[0], Path.cwd()))])


@pytest.mark.parametrize("changes", [0, 1, 2])
def test_what_was_planted_is_named_and_nothing_else(known: Known, changes: int) -> None:
    for made in histories(known, changes, 12):
        assert len(made.planted) == changes
        assert len(made.broken) == simulation.BROKEN
        found, asked = bisected(made)
        assert made.right(found)
        assert made.right(paged(made))
        assert sum(seeds > 0 for seeds in asked.values()) <= (2, 8, 14)[changes]


def test_seeds_of_a_version_are_the_same_whoever_asks_for_how_many(known: Known) -> None:
    (made,) = histories(known, 1, 1)
    assert made.sample(3, 60).first(12) == made.sample(3, 12)
    assert made.sample(3, 12) != made.sample(4, 12)


def test_another_version_than_the_planted_one_is_not_right() -> None:
    levels = [tuple(np.arange(100.0)), tuple(np.arange(100.0) + 500)]
    made = Made([levels[at >= 5] for at in range(9)], "", frozenset({4}), 0)
    assert made.planted == [5]
    assert made.right([Change("effect", 3, 5)])
    assert not made.right([Change("effect", 2, 5)])
    assert not made.right([Change("effect", 5, 6)])
    assert not made.right([])


def test_the_command_writes_what_it_counts_and_fails_on_a_wrong_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "BASELINES", simulation.BASELINES[:1])
    monkeypatch.setattr(simulation, "PLANNED", 50)
    few = ["--histories", "2", "--years", "1", "--output", str(tmp_path / "found.json")]
    assert simulation.main(few) == Status.OK
    assert '"right": 2' in (tmp_path / "found.json").read_text()
    monkeypatch.setattr(simulation, "paged", lambda _: [])
    assert simulation.main(few) == Status.REFUTED
