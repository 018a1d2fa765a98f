"""A record as series over versions, with what changed them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from training_claims.reports.history.bisection import Change
from training_claims.reports.history.change import Sample
from training_claims.reports.history.changes import change_points
from training_claims.reports.history.record import Record, Series, Trained


@dataclass(frozen=True)
class Followed:
    """A series over versions, on one device and data.

    Args:
        series: What it is.
        trained: The versions, the oldest first.
        samples: What each gave.
        changes: Where it changed.
    """

    series: Series
    trained: tuple[Trained, ...]
    samples: tuple[Sample, ...]
    changes: tuple[Change, ...]

    def told(self, change: Change) -> str:
        """What changed, by name: "Keras 3.14.0"; a range where it may be one of several."""
        names = [moved(a, b) for a, b in zip(self.trained, self.trained[1:], strict=False)]
        open_ = names[change.old : change.new]
        return f"{change.kind}: {', '.join(open_[-1:] if len(open_) == 1 else ['one of', *open_])}"


def followed(record: Record) -> list[Followed]:
    """The series of a record that have two versions at least, as they are told."""
    found = [each for each in _by_place(record) if len(each) > 1]
    whole = []
    for parts in found:
        (series, _), *_ = parts
        samples = tuple(series.sample(values) for values in parts.values())
        changes = tuple(change_points(samples, len(found)))
        whole.append(Followed(series, tuple(by for _, by in parts), samples, changes))
    return sorted(whole, key=_first_told)


def _first_told(each: Followed) -> tuple[bool, bool, Series]:
    """What changed comes first, and claims before the arms that they read."""
    return not each.changes, each.series.kind != "claim", each.series


def version(by: Trained) -> tuple[str, ...]:
    """What tells one version from another."""
    return by.tensorflow, by.keras, by.numpy, by.python


def moved(old: Trained, new: Trained) -> str:
    """What is other in a version than in the one before: "Keras 3.14.0"."""
    names = ("TensorFlow", "Keras", "NumPy", "Python")
    pairs = zip(names, version(old), version(new), strict=True)
    return " with ".join(f"{name} {now}" for name, before, now in pairs if before != now)


def _by_place(record: Record) -> list[Mapping[tuple[Series, Trained], Mapping[int, float]]]:
    """The parts of each series on each device and data, a part a version, the oldest first.

    An arm or a claim that was edited has parts of several codes; that which most versions have
    counts.
    """
    codes = Counter((series, by.code) for series, by in record)
    best: dict[tuple[object, ...], tuple[Series, Trained]] = {}
    for series, by in record:
        place = (series, by.device, by.data, version(by))
        rival = best.setdefault(place, (series, by))
        best[place] = max(
            rival, (series, by), key=lambda part: (codes[part[0], part[1].code], part[1].code)
        )
    grouped: defaultdict[object, dict[tuple[Series, Trained], Mapping[int, float]]] = defaultdict(
        dict
    )
    for series, by in sorted(best.values(), key=lambda part: part[1].age):
        grouped[series, by.device, by.data][series, by] = record[series, by]
    return list(grouped.values())
