"""Change points and a monitor's nights, of made numbers."""

from __future__ import annotations

import numpy as np

from training_claims.evidence.region import Region
from training_claims.reports.history.bisection import Change
from training_claims.reports.history.change import Kind, Sample, changed
from training_claims.reports.history.changes import change_points


def samples(*levels: float, sd: float = 0.01) -> list[Sample]:
    """Thirty seeds about each level, drawn anew for each version."""
    draws = (np.random.default_rng(at).normal(x, sd, 30) for at, x in enumerate(levels))
    return [Sample(tuple(each.tolist())) for each in draws]


def test_each_change_is_told_once_and_of_what_it_came_with() -> None:
    found = change_points(samples(0, 0, 0, 0.1, 0.1, 0.1, 0, 0), series=40)
    assert list(found) == [Change("effect", 2, 3), Change("effect", 5, 6)]


def test_what_is_told_of_a_version_does_not_depend_on_later_ones() -> None:
    levels = [0, 0.1, 0.1, 0.3, 0]
    whole = list(change_points(samples(*levels)))
    for count in range(2, 6):
        told = list(change_points(samples(*levels[:count])))
        assert told == [change for change in whole if change.new < count]


def test_small_steps_add_up_to_a_change_of_one_of_several_versions() -> None:
    (change,) = change_points(samples(*(0.006 * at for at in range(5))))
    assert change.ambiguous
    assert change.new <= 4


def test_an_unchanged_year_is_silent() -> None:
    nights = np.random.default_rng(0).normal(size=(366, 30)).tolist()
    assert not list(change_points([Sample(tuple(each)) for each in nights]))


def test_kinds_of_change() -> None:
    near, wide = np.random.default_rng(0).normal(size=(2, 30)) * [[1e-3], [2e-3]]
    claim = Region("exceeds", 0.05)

    def kind(now: object, before: object, region: Region | None = None) -> Kind | None:
        new, old = (Sample(tuple(np.asarray(each).tolist()), "", region) for each in (now, before))
        return changed(new, old, 1e-6)

    assert kind(wide, near + 0.1, claim) == "verdict"
    assert kind(near + 0.2, near + 0.1, claim) == "effect"
    assert kind(near + 0.1, near + 0.1, claim) is None
    assert kind(wide + 0.1, near + 0.1) is None  # no wider than by the least margin
    assert kind(np.where(np.arange(30) < 25, np.inf, 0.1), near + 0.1) == "effect"
    nothing = np.full(30, np.nan)
    assert kind(nothing, nothing) is None
    assert kind(nothing, near) == "effect"
