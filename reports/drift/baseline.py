"""Baselines: what a session trained, kept to be compared with what another will train.

A baseline holds learning curves, and of each arm the numbers that claims read off it alone, one
a seed: an upgrade may change the random numbers that a seed stands for, so what is compared is
how an arm's numbers are distributed, never a seed with itself.

All numbers are rounded to six significant digits, and statistics are read off rounded curves.
Runs that agree so far tie, wherever they were read from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import zip_longest
from textwrap import shorten
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from training_claims.condition import Condition
from training_claims.evidence.intervals import spread
from training_claims.evidence.measures import Late, Measure, Numbers
from training_claims.evidence.statistic import Statistic
from training_claims.reports.provenance import data_of
from training_claims.runs.history import History, Runs
from training_claims.values.curve import Curve

Curves = NDArray[np.float64]

DIGITS = 6
KEPT = ("loss", "val_loss", "accuracy", "val_accuracy")
# How many SD of the baseline an arm may shift. Chosen by simulating 30 new seeds against 100 of a
# baseline, 80 tests, normal values, 400 times each: at 1.5 an unchanged statistic was always shown
# stable, a shift of 2.5 SD always caught and one of 2 SD with probability .98. At 1.25 one
# unchanged statistic in 50 stays open, too many for a suite; at 1.75 2 SD are caught with .77.
# fixtures/evidence/two_samples_test.py holds a part of this.
NEW_SEEDS = 30
MARGIN_IN_SD = 1.5
# A smaller shift is none, however little the seeds of an arm differ: an epoch is the step of an
# epoch count, and nobody misses a thousandth of a nat or one image in a thousand.
LEAST_MARGIN = {"epochs": 1.0}
LEAST_MARGIN_ELSE = 1e-3


class NotComparable(ValueError):
    """Two arms that are not one training condition; its text names what differs."""


@dataclass(frozen=True)
class OwnMeasure:
    """A measure of a user's own, known by where its class lies.

    Args:
        kind: Its module and name, such as "claims.test_noise:Sharpness".
        settings: Its fields by name.
    """

    kind: str
    settings: tuple[tuple[str, object], ...]

    def __call__(self, runs: Sequence[Runs]) -> Numbers:
        """What the class gives, once the claims that define it are loaded."""
        module, _, name = self.kind.partition(":")
        found: type = getattr(sys.modules[module], name)
        measure: Measure = found(**dict(self.settings))
        return measure(runs)

    @property
    def loaded(self) -> bool:
        """Whether the class is there."""
        module, _, name = self.kind.partition(":")
        return hasattr(sys.modules.get(module), name)


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

    @classmethod
    def named(cls, statistic: Statistic) -> SavedStatistic:
        """A statistic of which no values are known."""
        return cls(statistic.name, statistic.unit, statistic.measure, 0.0, ())

    def of(self, values: Sequence[float]) -> SavedStatistic:
        """The same with these values."""
        return replace(self, margin=margin_of(values, self.unit), values=tuple(values))


@dataclass(frozen=True, eq=False)
class SavedArm:
    """The runs of one arm.

    Args:
        name: What the claims call it.
        data: Its dataset's name.
        fingerprint: `Condition.fingerprint`.
        description: `Condition.description`: everything that decides its numbers but the seed.
        claims: The identities of the claims that read it.
        seeds: One a run.
        statistics: What these claims read off this arm alone.
        recorded: Of each curve its name, whether less or more is better, and its unit.
        curves: For each metric (seeds, epochs).
    """

    name: str
    data: str
    fingerprint: str
    description: Mapping[str, object]
    claims: tuple[str, ...]
    seeds: tuple[int, ...]
    statistics: tuple[SavedStatistic, ...]
    recorded: tuple[Curve, ...]
    curves: Mapping[str, Curves]

    @classmethod
    def of(cls, runs: Runs, statistics: Iterable[Statistic], claims: Iterable[str]) -> SavedArm:
        """The runs of an arm, and those of the statistics that are read off it alone."""
        arm = runs.arm
        found = runs.history.metrics
        recorded = tuple(each for each in arm.recorded if each.name in found)
        curves = {each.name: rounded(found[each.name]) for each in recorded}
        about = (arm.name, data_of(arm), arm.fingerprint(), arm.description())
        saved = cls(*about, tuple(sorted({*claims})), runs.seeds, (), recorded, curves)
        own = {each.name: each for each in statistics if each.arms == (arm,)}
        return saved.with_statistics(SavedStatistic.named(each) for each in own.values())

    def direction(self, metric: str) -> Literal["less", "more"]:
        """Whether less or more of a saved curve is better; measures ask it, as of any condition.

        Raises:
            ValueError: If there is no such curve.
        """
        known = {each.name: each for each in self.recorded}
        if metric not in known:
            raise ValueError(f"Expected one of {', '.join(known)}. Received: {metric!r}.")
        return known[metric].better

    def with_statistics(self, known: Iterable[SavedStatistic]) -> SavedArm:
        """The same runs with such statistics, read off their curves; those that can be read."""
        # All that a measure asks of the arm itself is its name, and which way is better.
        runs = Runs(cast("Condition", self), self.seeds, History(self.curves))
        found = []
        for each in sorted(known, key=lambda each: each.name):
            if not isinstance(each.measure, OwnMeasure) or each.measure.loaded:
                found.append(each.of(rounded(each.measure([runs])).tolist()))
        return replace(self, statistics=tuple(found))

    def joined(self, other: SavedArm) -> SavedArm:
        """These runs and another claim's of the same arm, each seed once."""
        new = [row for row, seed in enumerate(other.seeds) if seed not in self.seeds]
        seeds = (*self.seeds, *(other.seeds[row] for row in new))
        order = np.argsort(seeds)
        curves = {
            name: np.concatenate([self.curves[name], other.curves[name][new]])[order]
            for name in self.curves
            if name in other.curves
        }
        both = replace(
            self,
            name=min(self.name, other.name),
            claims=tuple(sorted({*self.claims, *other.claims})),
            seeds=tuple(seeds[place] for place in order),
            recorded=tuple(each for each in self.recorded if each.name in curves),
            curves=curves,
        )
        return both._with_all((other, self))

    def _with_all(self, parts: Sequence[SavedArm]) -> SavedArm:
        """With the statistics of its parts, of which later ones count where they share seeds."""
        known = {each.name: each for part in parts for each in part.statistics}
        values: dict[str, dict[int, float]] = {name: {} for name in known}
        for part in parts:
            for each in part.statistics:
                values[each.name].update(zip(part.seeds, each.values, strict=True))
        whole = {name: of for name, of in values.items() if len(of) == len(self.seeds)}
        read = self.with_statistics(each for name, each in known.items() if name not in whole)
        put = [known[name].of([of[seed] for seed in self.seeds]) for name, of in whole.items()]
        found = sorted([*read.statistics, *put], key=lambda each: each.name)
        return replace(self, statistics=tuple(found))

    def trimmed(self, also: Sequence[str] = KEPT) -> SavedArm:
        """Without the curves that no statistic is read off, except those that a reader asks for."""
        read = {"epochs_trained", *also}  # the first says which epochs there were
        for each in self.statistics:
            read |= {*self.curves} if is_own(each.measure) else named_by(each.measure)
        return replace(
            self,
            recorded=tuple(each for each in self.recorded if each.name in read),
            curves={name: each for name, each in self.curves.items() if name in read},
        )


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

    def arm(self, arm: Condition | SavedArm) -> SavedArm:
        """The saved runs of an arm: how it trains decides which, and its name no more.

        Raises:
            NotComparable: If none trained like it; then the name is for the words.
        """
        fingerprint = arm.fingerprint if isinstance(arm, SavedArm) else arm.fingerprint()
        for each in self.arms:
            if each.fingerprint == fingerprint:
                return each
        named = [[*changes(each, arm)] for each in self.arms if each.name == arm.name]
        if not named:
            raise NotComparable(
                f"Expected arm {arm.name!r} in baseline {self.name!r}. Received: one "
                f"of {len(self.arms)} others. Save a baseline that has it."
            )
        nearest = sorted(named, key=lambda differences: len(differences))[0]
        told = "; ".join(nearest) or "another fingerprint of the same description"
        raise NotComparable(
            f"Expected arm {arm.name!r} as in baseline {self.name!r}. Received: {told}. "
            "Save a new baseline once the change is meant."
        )

    def runs(self, arm: Condition) -> Runs:
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


def is_own(measure: Measure) -> bool:
    """Whether a measure is of a user's own, and may read any curve."""
    return type(measure).__module__ != Late.__module__


def named_by(measure: Measure) -> set[str]:
    """The texts in a measure, the names of the curves that it reads among them."""
    return {value for value in vars(measure).values() if isinstance(value, str)}


def rounded(numbers: float | Curves) -> Curves:
    """Numbers in six significant digits; those that are not finite as they are."""
    values = np.asarray(numbers, dtype=np.float64)
    texts = np.char.mod(f"%.{DIGITS}g", values)
    return np.asarray(texts, dtype=np.float64)


def changes(saved: SavedArm, arm: Condition | SavedArm) -> Iterator[str]:
    """What trains otherwise in an arm than in a saved one, such as "epochs: 10 before, 20 now"."""
    described = arm.description if isinstance(arm, SavedArm) else arm.description()
    return _changes(saved.description, described)


def _changes(saved: object, new: object, path: str = "") -> Iterator[str]:
    if isinstance(saved, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*saved, *new]):
            yield from _changes(saved.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(saved, list | tuple) and isinstance(new, list | tuple) and saved and new:
        for place, pair in enumerate(zip_longest(saved, new)):
            yield from _changes(*pair, f"{path}[{place}]")
    elif saved != new:
        yield f"{path}: {_short(saved)} before, {_short(new)} now"


def _short(setting: object) -> str:
    return "nothing" if setting is None else shorten(str(setting), 60, placeholder=" ...")
