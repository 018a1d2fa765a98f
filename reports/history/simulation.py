"""How often a bisection and a page over versions are right: made-up versions of recorded seeds.

`training-claims simulated-histories [--histories 1000] [--years 1000] [--output FILE]`

A history has 32 versions; each draws its seeds from the hundred that a committed baseline holds
of an arm, and a change is one to another arm of the same statistic, whose medians lie two drift
margins apart (three SD) or more. Three versions between the ends do not install. What was found is
[SIMULATED.md](SIMULATED.md), from `simulated.json`. Exit status: 0; 1, fewer are right than stated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from training_claims.evidence.intervals import median
from training_claims.reports import places
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift.baseline import NEW_SEEDS, Baseline, margin_of
from training_claims.reports.drift.file import path_of, read
from training_claims.reports.history.bisection import Bisection, Change
from training_claims.reports.history.change import Sample
from training_claims.reports.history.changes import PLANNED, change_points
from training_claims.reports.history.record import MOST_SEEDS
from training_claims.session import outputs
from training_claims.session.options import given_count, given_path
from training_claims.status import Status

BASELINES = ("tensorflow-2.21.0-cpu", "tensorflow-2.21.0-cpu-chapter")
VERSIONS, BROKEN, APART = 32, 3, 2.0  # versions, how many do not install, margins of a change
LEAST_RIGHT = 0.99

Bank = Sequence[tuple[float, ...]]  # a statistic's recorded seeds, an arm each


@dataclass(frozen=True)
class Made:
    """A history that is made up.

    Args:
        levels: Of each version the seeds that it draws from.
        unit: Of their numbers.
        broken: The versions that do not install.
        seed: Of the draws.
    """

    levels: Sequence[tuple[float, ...]]
    unit: str
    broken: frozenset[int]
    seed: int

    @property
    def planted(self) -> list[int]:
        """The versions that changed."""
        return [at for at, (old, new) in enumerate(pairwise(self.levels), 1) if old != new]

    def sample(self, place: int, seeds: int) -> Sample:
        """The seeds of a version, always the same ones."""
        drawn = np.random.default_rng((self.seed, place)).choice(
            self.levels[place], MOST_SEEDS, replace=False
        )
        return Sample(tuple(drawn[:seeds].tolist()), self.unit)

    def right(self, found: Sequence[Change]) -> bool:
        """Whether just what was planted is named; a range only of what does not install."""
        return len(found) == len(self.planted) and all(
            change.old < new <= change.new and {*range(change.old + 1, change.new)} <= self.broken
            for change, new in zip(found, self.planted, strict=True)
        )


def banks(baselines: Sequence[Baseline]) -> list[tuple[str, Bank]]:
    """The statistics that several arms of baselines have, each with its unit."""
    found: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
    for arm in (arm for baseline in baselines for arm in baseline.arms):
        for each in arm.statistics:
            if np.isfinite(each.values).all() and len(each.values) >= MOST_SEEDS:
                found.setdefault((arm.data, each.name, each.unit), []).append(each.values)
    return [(unit, each) for (_, _, unit), each in sorted(found.items()) if len(each) > 1]


def histories(
    known: Sequence[tuple[str, Bank]], changes: int, count: int, versions: int = VERSIONS
) -> Iterator[Made]:
    """So many made-up histories with so many changes each, always the same ones."""
    rng = np.random.default_rng((changes, versions))
    while count:
        unit, bank = known[int(rng.integers(len(known)))]
        arms = [bank[at] for at in rng.integers(len(bank), size=changes + 1)]
        if any(not _apart(*pair, unit) for pair in pairwise([*arms, *arms[:1] * (changes > 1)])):
            continue
        starts = np.sort(rng.choice(np.arange(1, versions), changes, replace=False))
        levels = [arms[int(np.searchsorted(starts, at, side="right"))] for at in range(versions)]
        broken = rng.choice(np.arange(1, versions - 1), BROKEN, replace=False).tolist()
        count -= 1
        yield Made(levels, unit, frozenset(broken), count)


def bisected(made: Made) -> tuple[list[Change], Mapping[int, int]]:
    """What a bisection names, and how many seeds of each version it took; 0 of what fails."""
    asked: dict[int, int] = {}

    def look(place: int, seeds: int) -> Sample | None:
        broken = place in made.broken
        asked[place] = 0 if broken else max(seeds, asked.get(place, 0))
        return None if broken else made.sample(place, seeds)

    return list(Bisection(len(made.levels), look).changes()), asked


def paged(made: Made) -> list[Change]:
    """What a page names, by places of the whole history."""
    kept = [at for at in range(len(made.levels)) if at not in made.broken]
    found = change_points([made.sample(at, NEW_SEEDS) for at in kept])
    return [Change(each.kind, kept[each.old], kept[each.new]) for each in found]


def count(
    known: Sequence[tuple[str, Bank]], histories_: int, years: int
) -> list[dict[str, object]]:
    """What comes of histories with and without changes, a row a kind."""
    rows: list[dict[str, object]] = []
    for changes in (0, 1, 2):
        made = list(histories(known, changes, histories_))
        found = [bisected(each) for each in made]
        installs = [sum(seeds > 0 for seeds in asked.values()) for _, asked in found]
        tried = [len(asked) for _, asked in found]
        rows.append(
            {
                "what": f"bisection, {changes} planted",
                "histories": histories_,
                "right": sum(h.right(told) for h, (told, _) in zip(made, found, strict=True)),
                "most_installs": max(installs),
                "most_tried": max(tried),
                "median_seeds": int(median([sum(asked.values()) for _, asked in found])),
            }
        )
        rows.append(
            {
                "what": f"page, {changes} planted",
                "histories": histories_,
                "right": sum(each.right(paged(each)) for each in made),
            }
        )
    for changes in (0, 1):
        year = histories(known, changes, years, PLANNED)
        rows.append(
            {
                "what": f"monitor's year, {changes} planted",
                "histories": years,
                "right": sum(each.right(paged(each)) for each in year),
            }
        )
    return rows


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Count, write and print; the exit status."""
    parser = Parser(prog="training-claims simulated-histories")
    parser.add_argument("--histories", type=given_count, default=1_000, metavar="N")
    parser.add_argument("--years", type=given_count, default=1_000, metavar="N")
    output = places.root() / "reports" / "history" / "simulated.json"
    parser.add_argument("--output", type=given_path, default=output, metavar="FILE")
    given = parser.parse_args(arguments)
    outputs.check_file(given.output)
    known = banks([read(path_of(name, Path.cwd())) for name in BASELINES])
    rows = count(known, given.histories, given.years)
    outputs.write(given.output, json.dumps({"baselines": BASELINES, "rows": rows}, indent=1) + "\n")
    print("\n".join(map(str, rows)))
    enough = all(
        float(str(row["right"])) >= LEAST_RIGHT * int(str(row["histories"])) for row in rows
    )
    return Status.OK if enough else Status.REFUTED


def _apart(one: tuple[float, ...], other: tuple[float, ...], unit: str) -> bool:
    least = APART * max(margin_of(one, unit), margin_of(other, unit))
    return abs(median(one) - median(other)) >= least
