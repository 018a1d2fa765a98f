"""Bisection over versions that are made up: nothing is installed, nothing trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_claims.evidence.region import Region
from training_claims.reports.history.bisection import Bisection, Change, NoEnd
from training_claims.reports.history.change import Sample

AGREES = Region("equivalent", 1e-5)


class Versions:
    """Levels of a number, one a version, about which seeds scatter; None if it cannot be tried.

    Each version draws its own numbers, unless `draw` says which other one's.
    """

    def __init__(
        self,
        levels: list[float | None],
        region: Region | None = None,
        sd: float = 0.01,
        draw: Callable[[int], int] = int,
    ):
        self.levels, self.region, self.sd, self.draw = levels, region, sd, draw
        self.asked: dict[int, int] = {}

    def look(self, place: int, seeds: int) -> Sample | None:
        self.asked[place] = max(seeds, self.asked.get(place, 0))
        level = self.levels[place]
        if level is None:
            return None
        noise = np.random.default_rng(self.draw(place)).normal(scale=self.sd, size=60)
        return Sample(tuple((level + noise).tolist()), "", self.region)

    @property
    def bisection(self) -> Bisection:
        return Bisection(len(self.levels), self.look)


def levels_of(starts: Mapping[int, float], versions: int) -> list[float | None]:
    """The level of each version, each from its start on."""
    return [starts[max(start for start in starts if start <= at)] for at in range(versions)]


@given(st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))))
def test_the_version_that_changed_is_named_by_twelve_seeds(case: tuple[int, int]) -> None:
    count, new = case
    versions = Versions(levels_of({0: 0.0, new: 0.1}, count), draw=lambda _: 0)
    assert list(versions.bisection.changes()) == [Change("effect", new - 1, new)]
    assert len(versions.asked) <= 2 + int(np.ceil(np.log2(count - 1)))
    assert {*versions.asked.values()} == {12}


@given(
    st.sets(st.integers(1, 30), max_size=4),
    st.integers(1, 31),
)
def test_what_cannot_be_tried_leaves_a_range_and_no_wrong_name(broken: set[int], new: int) -> None:
    levels = levels_of({0: 0.0, new: 0.1}, 32)
    (change,) = Versions(
        [None if at in broken else x for at, x in enumerate(levels)]
    ).bisection.changes()
    assert change.old < new <= change.new
    assert {*range(change.old + 1, change.new)} <= broken
    assert change.ambiguous == (change.new - change.old > 1)


def test_a_second_change_is_named_too() -> None:
    versions = Versions(levels_of({0: 0.0, 5: 0.1, 20: -0.1}, 32))
    assert list(versions.bisection.changes()) == [Change("effect", 4, 5), Change("effect", 19, 20)]


def test_where_the_ends_are_alike_nothing_is_named_or_tried_between() -> None:
    versions = Versions(levels_of({0: 0.0, 5: 0.1, 20: 0.0}, 32))
    assert not list(versions.bisection.changes())
    assert versions.asked.keys() == {0, 31}


def test_a_verdict_is_held_against_the_margin_of_its_claim() -> None:
    """A wrong digit is no shift that drift would see, but no seed agrees any more."""
    levels = levels_of({0: 0.0, 3: 1e-7, 9: 1e-4}, 14)
    versions = Versions(levels, AGREES, sd=1e-8)
    assert list(versions.bisection.changes()) == [Change("verdict", 8, 9)]


def test_a_version_that_may_have_changed_gets_more_seeds_before_it_is_called_old() -> None:
    """A shift of two SD, then one of ten: by twelve seeds the first is not told."""
    versions = Versions(levels_of({0: 0.0, 9: 0.025, 20: 0.1}, 32))
    changes = list(versions.bisection.changes())
    assert [change.new for change in changes] == [9, 20]
    assert max(versions.asked.values()) > 12


def test_what_is_like_neither_end_is_skipped_and_the_range_stays_open() -> None:
    """From the 4th to the 9th version seeds scatter from one end to the other."""

    def look(place: int, _: int) -> Sample:
        quiet = Versions(levels_of({0: 0.0, 10: 0.1}, 14)).look(place, 60)
        mixed = tuple(np.random.default_rng(place).permutation([0.0, 0.1] * 30).tolist())
        assert quiet is not None
        return Sample(mixed) if 4 <= place < 10 else quiet

    (change,) = Bisection(14, look, (12,)).changes()
    assert change == Change("effect", 3, 10)
    assert change.ambiguous


@pytest.mark.parametrize("end", [0, 31])
def test_an_end_that_cannot_be_tried_is_refused(end: int) -> None:
    levels = levels_of({0: 0.0, 5: 0.1}, 32)
    levels[end] = None
    with pytest.raises(NoEnd):
        next(Versions(levels).bisection.changes())
