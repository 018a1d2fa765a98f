"""Training faults: who would have caught them, in suites drawn from runs that were planted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fixtures.arm import Arm
from fixtures.evidence import Design
from fixtures.faults import mark
from fixtures.runs import Runs, RunSource
from reports.baseline import Baseline, SavedStatistic
from reports.drift import Rule
from reports.trust.banked import Banked, Rows
from reports.trust.suites import draws

# Seeds that neither the suite nor a bank uses; as many as the suite's last look.
SEEDS = range(20_000, 20_030)


@dataclass(frozen=True)
class Detection:
    """Who catches one fault.

    Args:
        fault: Its name.
        seeds: Planted seeds that suites are drawn from.
        arms: The arms that were trained with the fault.
        suites: Suites drawn.
        caught: Suites in which a claim is refuted or an arm has drifted.
        by: Of each of these claims and arms, the suites in which it is.
        mean_seeds: The seeds an arm that each of them looked at, on average.
        conformance: The conformance tests that fail; None if they were not run.
    """

    fault: str
    seeds: int
    arms: tuple[str, ...]
    suites: int
    caught: int
    by: Mapping[str, int]
    mean_seeds: Mapping[str, float]
    conformance: tuple[str, ...] | None


@dataclass(frozen=True)
class Watched:
    """A statistic of an arm in a bank, and its planted numbers.

    Args:
        name: The arm and the statistic.
        saved: In the bank.
        values: One for each planted seed.
    """

    name: str
    saved: SavedStatistic
    values: tuple[float, ...]


def planted_runs(source: RunSource, arms: Sequence[Arm], fault: str) -> dict[Arm, Runs]:
    """The runs of a fault that the store has, of the arms that have all seeds."""
    planted = replace(source, environment={**source.environment, **mark(fault)})
    found = ((arm, planted.stored(arm, SEEDS)) for arm in arms)
    return {arm: runs for arm, runs in found if runs and len(runs.seeds) == len(SEEDS)}


def detected(
    claims: Sequence[Banked],
    runs: Mapping[Arm, Runs],
    baseline: Baseline,
    fault: str,
    *,
    suites: int,
    rng: np.random.Generator,
    conformance: tuple[str, ...] | None,
) -> Detection:
    """Draw suites from planted runs, and ask each claim and each arm's drift.

    Args:
        claims: All claims of the suite; those of which no arm was planted are left out.
        runs: The planted runs.
        baseline: The bank, whose arms the planted ones are compared with.
        fault: The fault's name.
        suites: How many to draw.
        rng: Draws the seeds.
        conformance: The conformance tests that fail with the fault; None if they were not run.
    """
    broken = [
        Banked.of(claim.statement, claim.comparison, runs)
        for claim in claims
        if {*claim.comparison.arms} <= {*runs}
    ]
    watched, rule = list(watched_statistics(runs, baseline)), Rule.of(baseline)
    by: Counter[str] = Counter()
    seeds: defaultdict[str, list[int]] = defaultdict(list)
    caught = 0
    for rows in draws(len(SEEDS), len(SEEDS), suites, rng):
        found = {**_refuted(broken, rows), **_drifted(watched, rule, rows)}
        caught += bool(found)
        by.update(found.keys())
        for name, needed in found.items():
            seeds[name].append(needed)
    names = tuple(dict.fromkeys(arm.name for arm in runs))
    mean_seeds = {name: float(np.mean(each)) for name, each in seeds.items()}
    ordered = dict(by.most_common())
    return Detection(fault, len(SEEDS), names, suites, caught, ordered, mean_seeds, conformance)


def watched_statistics(runs: Mapping[Arm, Runs], baseline: Baseline) -> Iterator[Watched]:
    """Each statistic that the bank has of each arm, once."""
    arms = {arm.fingerprint(): arm for arm in runs}
    for arm in arms.values():
        for saved in baseline.arm(arm).statistics:
            values = tuple(saved.measure([runs[arm]]).tolist())
            yield Watched(f"drift of {arm.name}: {saved.name}", saved, values)


def _refuted(claims: Sequence[Banked], rows: Rows) -> dict[str, int]:
    """The refuted claims, with the seeds that it took."""
    verdicts = {claim.statement: claim.judged(rows, Design()) for claim in claims}
    return {
        name: len(verdict.seeds)
        for name, verdict in verdicts.items()
        if verdict.outcome == "refuted"
    }


def _drifted(watched: Sequence[Watched], rule: Rule, rows: Rows) -> dict[str, int]:
    """The statistics that have drifted, with the seeds that it took."""
    return {
        each.name: len(rows)
        for each in watched
        if rule.drifted(np.array(each.values)[rows].tolist(), each.saved.values, each.saved.margin)
    }
