"""Baselines: what a session trained, kept to be compared with what another will train.

A baseline holds learning curves, and of each arm the numbers that claims read off it alone, one
a seed: an upgrade may change the random numbers that a seed stands for, so what is compared is
how an arm's numbers are distributed, never a seed with itself.

All numbers are rounded to six significant digits, and statistics are read off rounded curves.
Runs that agree so far tie, wherever they were read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import zip_longest
from textwrap import shorten
from typing import cast

import numpy as np
from numpy.typing import NDArray

from training_claims.arm import Arm
from training_claims.evidence.intervals import spread
from training_claims.evidence.measures import Measure
from training_claims.evidence.statistic import Statistic
from training_claims.runs.history import History, Runs

Curves = NDArray[np.float64]

DIGITS = 6
KEPT = ("loss", "val_loss", "accuracy", "val_accuracy")
# How many SD of the baseline an arm may shift. Chosen by simulating 30 new seeds against 100 of a
# baseline, 80 tests, normal values, 400 times each: at 1.5 an unchanged statistic was always shown
# stable, a shift of 2.5 SD always caught and one of 2 SD with probability .98. At 1.25 one
# unchanged statistic in 50 stays open, too many for a suite; at 1.75 2 SD are caught with .77.
# fixtures/evidence/two_samples_test.py holds a part of this.
MARGIN_IN_SD = 1.5
# A smaller shift is none, however little the seeds of an arm differ: an epoch is the step of an
# epoch count, and nobody misses a thousandth of a nat or one image in a thousand.
LEAST_MARGIN = {"epochs": 1.0}
LEAST_MARGIN_ELSE = 1e-3


class NotComparable(ValueError):
    """Two arms that are not one training condition; its text names what differs."""


@dataclass(frozen=True)
class SavedStatistic:
    """A number per seed, read off one arm.

    Args:
        name: What it is, such as "val_loss of the last epoch".
        unit: "nats", "epochs" or "" for a pure number.
        measure: Reads it off runs.
        margin: The smallest shift that would count as drift, in the unit; more than 0.
        values: One a seed, in the order of the arm's seeds; what is not finite ranks worst.
    """

    name: str
    unit: str
    measure: Measure
    margin: float
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class SavedArm:
    """The runs of one arm.

    Args:
        name: What the claims call it.
        data: Its dataset's name.
        fingerprint: `Arm.fingerprint`.
        description: `Arm.description`: everything that decides its numbers but the seed.
        claims: The identities of the claims that read it.
        seeds: One a run.
        statistics: What these claims read off this arm alone.
        curves: For each metric (seeds, epochs).
    """

    name: str
    data: str
    fingerprint: str
    description: Mapping[str, object]
    claims: tuple[str, ...]
    seeds: tuple[int, ...]
    statistics: tuple[SavedStatistic, ...]
    curves: Mapping[str, Curves]

    @classmethod
    def of(cls, runs: Runs, statistics: Iterable[Statistic], claims: Iterable[str]) -> SavedArm:
        """The runs of an arm, and those of the statistics that are read off it alone."""
        arm = runs.arm
        curves = {name: rounded(each) for name, each in runs.history.metrics.items()}
        about = (arm.name, arm.data.name, arm.fingerprint(), arm.description())
        saved = cls(*about, tuple(sorted({*claims})), runs.seeds, (), curves)
        own = (each for each in statistics if each.arms == (arm,))
        return saved.with_statistics((each.name, each.unit, each.measure) for each in own)

    def with_statistics(self, named: Iterable[tuple[str, str, Measure]]) -> SavedArm:
        """The same runs with these statistics (name, unit, measure), read off their curves."""
        history = History(self.curves)
        # All that a measure asks of the arm itself is its name.
        runs = Runs(cast("Arm", self), self.seeds, history)
        found = []
        for name, unit, measure in sorted({*named}, key=lambda each: each[0]):
            values = tuple(rounded(measure([runs])).tolist())
            found.append(SavedStatistic(name, unit, measure, margin_of(values, unit), values))
        return replace(self, statistics=tuple(found))

    def joined(self, other: SavedArm) -> SavedArm:
        """These runs and another claim's of the same arm, each seed once."""
        ours, theirs = (set(arm.curves) for arm in (self, other))
        new = [row for row, seed in enumerate(other.seeds) if seed not in self.seeds]
        seeds = (*self.seeds, *(other.seeds[row] for row in new))
        order = np.argsort(seeds)
        curves = {
            name: np.concatenate([self.curves[name], other.curves[name][new]])[order]
            for name in self.curves
            if name in ours & theirs
        }
        both = replace(
            self,
            name=min(self.name, other.name),
            claims=tuple(sorted({*self.claims, *other.claims})),
            seeds=tuple(seeds[place] for place in order),
            curves=curves,
        )
        known = (*self.statistics, *other.statistics)
        return both.with_statistics((each.name, each.unit, each.measure) for each in known)

    def trimmed(self, also: Sequence[str] = KEPT) -> SavedArm:
        """Without the curves that no statistic is read off, except those that a reader asks for."""
        read = {name for each in self.statistics for name in named_by(each.measure)}
        kept = {name: each for name, each in self.curves.items() if name in read or name in also}
        return replace(self, curves=kept)


@dataclass(frozen=True, eq=False)
class Baseline:
    """The arms of a session.

    Args:
        name: What reports call it.
        provenance: What trained it, when and from what, in words: versions, device, options.
        arms: In the order of their names, none twice.
    """

    name: str
    provenance: Mapping[str, str]
    arms: tuple[SavedArm, ...]

    @classmethod
    def of(cls, name: str, provenance: Mapping[str, str], parts: Iterable[SavedArm]) -> Baseline:
        """The arms of several claims, those of one fingerprint joined, in six digits."""
        arms: dict[str, list[SavedArm]] = {}
        for part in parts:
            arms.setdefault(part.fingerprint, []).append(part)
        joined = (reduce(SavedArm.joined, same).trimmed() for same in arms.values())
        return cls(name, provenance, tuple(sorted(joined, key=lambda arm: (arm.name, arm.data))))

    def arm(self, arm: Arm | SavedArm) -> SavedArm:
        """The saved runs of an arm.

        How an arm trains decides which it is: its fingerprint or, as a new version of Keras may
        describe the same layer by more settings, which then are off, its description without
        these. Its name is only for the words of a refusal.

        Raises:
            NotComparable: If none trained like it.
        """
        fingerprint = arm.fingerprint if isinstance(arm, SavedArm) else arm.fingerprint()
        for each in self.arms:
            if each.fingerprint == fingerprint:
                return each
        changed = [(list(changes(each, arm)), each) for each in self.arms]
        for differences, each in changed:
            if not differences:
                return each
        data = arm.data if isinstance(arm, SavedArm) else arm.data.name
        named = [pair for pair in changed if pair[1].name == arm.name]
        named = [pair for pair in named if pair[1].data == data] or named
        if not named:
            raise NotComparable(
                f"Expected arm {arm.name!r} in baseline {self.name!r}. Received: one of "
                f"{', '.join(each.name for each in self.arms)}. Save a baseline that has it."
            )
        nearest = min((differences for differences, _ in named), key=len)
        raise NotComparable(
            f"Expected arm {arm.name!r} as in baseline {self.name!r}. Received: "
            f"{'; '.join(nearest)}. Save a new baseline once the change is meant."
        )

    def runs(self, arm: Arm) -> Runs:
        """The saved runs of an arm, for statistics and comparisons to read.

        Raises:
            NotComparable: As `arm`.
        """
        saved = self.arm(arm)
        return Runs(arm, saved.seeds, History(saved.curves), self.provenance)


def margin_of(values: Sequence[float], unit: str) -> float:
    """The smallest shift of a statistic that counts as drift from these values, in its unit."""
    finite = [value for value in values if np.isfinite(value)]
    least = LEAST_MARGIN.get(unit, LEAST_MARGIN_ELSE)
    return max(least, float(rounded(MARGIN_IN_SD * spread(finite)))) if finite else least


def named_by(measure: Measure) -> set[str]:
    """The texts in a measure, the names of the curves that it reads among them."""
    return {value for value in vars(measure).values() if isinstance(value, str)}


def rounded(numbers: float | Curves) -> Curves:
    """Numbers in six significant digits; those that are not finite as they are."""
    values = np.asarray(numbers, dtype=np.float64)
    texts = np.char.mod(f"%.{DIGITS}g", values)
    return np.asarray(texts, dtype=np.float64)


def changes(saved: SavedArm, arm: Arm | SavedArm) -> Iterator[str]:
    """What trains otherwise in an arm than in a saved one, such as "epochs: 10 before, 20 now"."""
    described = arm.description if isinstance(arm, SavedArm) else arm.description()
    return _changes(saved.description, described)


def _changes(saved: object, new: object, path: str = "") -> Iterator[str]:
    """Where two descriptions differ, such as "epochs: 10 before, 20 now"."""
    if isinstance(saved, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*saved, *new]):
            yield from _changes(saved.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(saved, list | tuple) and isinstance(new, list | tuple) and saved and new:
        for place, pair in enumerate(zip_longest(saved, new)):
            yield from _changes(*pair, f"{path}[{place}]")
    elif saved != new and not (_says_nothing(saved) and _says_nothing(new)):
        yield f"{path}: {_short(saved)} before, {_short(new)} now"


def _says_nothing(setting: object) -> bool:
    """Whether a setting is off, which to an older version of Keras is the same as unknown."""
    empty = isinstance(setting, Mapping | list | tuple) and not setting
    return setting is None or setting is False or empty


def _short(setting: object) -> str:
    return "nothing" if setting is None else shorten(str(setting), 60, placeholder=" ...")
