"""The first of many versions that changed a number: bisection with exact tests, skipping.

Both ends are told apart first. A version between them is *new* once it is shown to differ from
the first one, and *old* once it is shown to differ from the last one and nothing speaks for its
differing from the first. What is neither after the last look is skipped, as is what cannot be
tried. So a wrong name takes a test that errs, and what stays open is said to be open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from training_claims.evidence.design import LOOKS
from training_claims.reports.history.change import (
    ERROR,
    KINDS,
    Kind,
    Sample,
    changed,
    matters,
    p_of,
)

# Gives at least so many seeds of a version, by its place; None if it cannot be tried.
Look: TypeAlias = Callable[[int, int], Sample | None]
DOUBT = 0.05  # a p below which a version is not called old before all looks are taken


class NoEnd(Exception):
    """An end of the search that cannot be tried: its place."""


@dataclass(frozen=True)
class Change:
    """Between which versions a number changed.

    Args:
        kind: What changed.
        old: The place of the last version shown to be as before.
        new: The place of the first version shown to be otherwise.
    """

    kind: Kind
    old: int
    new: int

    @property
    def ambiguous(self) -> bool:
        """Whether versions between them could not be told or tried."""
        return self.new - self.old > 1


@dataclass
class Bisection:
    """A search over versions, the oldest first.

    Args:
        versions: How many there are, two at least.
        look: Gives the seeds of one.
        looks: Numbers of seeds, increasing.
    """

    versions: int
    look: Look
    looks: tuple[int, ...] = LOOKS
    skipped: set[int] = field(default_factory=set, init=False)

    @property
    def error(self) -> float:
        """Of one test: any version may be held against both ends, in two ways, at every look."""
        return ERROR / (4 * self.versions * len(self.looks))

    def changes(self) -> Iterator[Change]:
        """The first change, then, while what follows it differs from the last version, the next.

        None at all if the first and the last version are not told apart.

        Raises:
            NoEnd: If the first or the last version cannot be tried.
        """
        first, last = 0, self.versions - 1
        for end in (first, last):
            if self.look(end, self.looks[0]) is None:
                raise NoEnd(end)
        kind = self._told_apart(last, first, doubt=1.0)
        while kind:
            yield (change := self._first(kind, first, last))
            first = change.new
            kind = None if first == last else self._told_apart(last, first, doubt=DOUBT)

    def _first(self, kind: Kind, first: int, last: int) -> Change:
        old, new = first, last
        while between := [each for each in range(old + 1, new) if each not in self.skipped]:
            middle = between[len(between) // 2]
            side = self._side(kind, middle, first, last)
            if side == "old":
                old = middle
            elif side == "new":
                new = middle
            else:
                self.skipped.add(middle)
        return Change(kind, old, new)

    def _told_apart(self, place: int, from_place: int, doubt: float) -> Kind | None:
        """What is shown to differ between two versions; given up once no p is below the doubt."""
        for seeds in self.looks:
            now, before = self._sample(place, seeds), self._sample(from_place, seeds)
            if now is None or before is None:
                return None
            if kind := changed(now, before, 2 * self.error):
                return kind
            if all(p_of(kind, now, before) > doubt for kind in KINDS):
                return None
        return None

    def _side(self, kind: Kind, place: int, first: int, last: int) -> Literal["old", "new"] | None:
        for seeds in self.looks:
            ends = [self._sample(end, seeds) for end in (first, last)]
            now, old, new = self._sample(place, seeds), *ends
            if now is None or old is None or new is None:
                return None
            if self._differs(kind, now, old):
                return "new"
            sure = p_of(kind, now, old) > DOUBT or seeds == self.looks[-1]
            if sure and self._differs(kind, now, new):
                return "old"
        return None

    def _differs(self, kind: Kind, now: Sample, before: Sample) -> bool:
        return matters(kind, now, before) and p_of(kind, now, before) <= self.error

    def _sample(self, place: int, seeds: int) -> Sample | None:
        sample = self.look(place, seeds)
        return sample and sample.first(seeds)
