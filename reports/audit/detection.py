"""Training faults: who would have caught them, in suites drawn from runs that were injected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from math import comb, inf
from statistics import fmean

import numpy as np

from training_claims.condition import Condition
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.intervals import win_interval
from training_claims.faults.injection import mark
from training_claims.reports.audit.banked import Banked, Rows, taken
from training_claims.reports.audit.suites import draws
from training_claims.reports.drift.baseline import NEW_SEEDS, Baseline, SavedStatistic
from training_claims.reports.drift.rule import Rule
from training_claims.runs.history import Runs
from training_claims.runs.source import RunSource

# Seeds that neither the suite nor a baseline uses, of which `make faults` trains the first thirty.
FIRST_SEED, MOST_SEEDS = 20_000, 100
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Detection:
    """Who catches one fault.

    Args:
        fault: Its name.
        seeds: Injected seeds that suites are drawn from.
        arms: The arms that were trained with the fault.
        suites: Suites drawn.
        caught: Suites in which a claim is refuted or an arm has drifted.
        least: Of suites of other seeds, in at least this share a claim is refuted or an arm has
            drifted; see `least_rate`.
        by: Of each of these claims and arms, the suites in which it is.
        mean_seeds: The seeds an arm that each of them looked at, on average.
        conformance: The conformance tests that fail; None if they were not run.
    """

    fault: str
    seeds: int
    arms: tuple[str, ...]
    suites: int
    caught: int
    least: float
    by: Mapping[str, int]
    mean_seeds: Mapping[str, float]
    conformance: tuple[str, ...] | None


@dataclass(frozen=True)
class Watched:
    """A statistic of an arm in a baseline, and its injected numbers.

    Args:
        name: The arm and the statistic.
        saved: In the baseline.
        values: One for each injected seed.
    """

    name: str
    saved: SavedStatistic
    values: tuple[float, ...]


def injected_runs(
    source: RunSource, arms: Sequence[Condition], fault: str
) -> dict[Condition, Runs]:
    """The runs of a fault that the store has: the same seeds of each arm that has enough."""
    injected = replace(source, environment={**source.environment, **mark(fault)})
    every = range(FIRST_SEED, FIRST_SEED + MOST_SEEDS)
    found = {arm: injected.stored(arm, every) for arm in arms}
    stored = {arm: runs for arm, runs in found.items() if runs and len(runs.seeds) >= NEW_SEEDS}
    seeds = sorted(set(every).intersection(*(runs.seeds for runs in stored.values())))
    return {
        arm: taken(runs, np.array([runs.seeds.index(seed) for seed in seeds]))
        for arm, runs in stored.items()
    }


def detected(
    claims: Sequence[Banked],
    runs: Mapping[Condition, Runs],
    baseline: Baseline,
    fault: str,
    *,
    suites: int,
    rng: np.random.Generator,
    conformance: tuple[str, ...] | None,
) -> Detection:
    """Draw suites from injected runs, and ask each claim and each arm's drift.

    Args:
        claims: All claims of the suite; those of which no arm was injected are left out.
        runs: The injected runs.
        baseline: The baseline, whose arms the injected ones are compared with.
        fault: The fault's name.
        suites: How many to draw.
        rng: Draws the seeds.
        conformance: The conformance tests that fail with the fault; None if they were not run.
    """
    broken = [
        Banked.of(claim.claim_id, claim.statement, claim.comparison, runs)
        for claim in claims
        if {*claim.comparison.arms} <= {*runs}
    ]
    watched, rule = list(watched_statistics(runs, baseline)), Rule.of(baseline)
    pool, looked_at = len(next(iter(runs.values())).seeds), GroupSequential().looks[-1]
    catches = [
        {**_refuted(broken, rows), **_drifted(watched, rule, rows[:NEW_SEEDS])}
        for rows in draws(pool, looked_at, suites, rng)
    ]
    seeds: defaultdict[str, list[int]] = defaultdict(list)
    for name, needed in chain.from_iterable(catch.items() for catch in catches):
        seeds[name].append(needed)
    by_most = sorted(seeds.items(), key=lambda item: -len(item[1]))
    return Detection(
        fault=fault,
        seeds=pool,
        arms=tuple(dict.fromkeys(arm.name for arm in runs)),
        suites=suites,
        caught=sum(map(bool, catches)),
        least=least_rate(broken, watched, rule, NEW_SEEDS),
        by={name: len(needed) for name, needed in by_most},
        mean_seeds={name: fmean(needed) for name, needed in by_most},
        conformance=conformance,
    )


def least_rate(
    claims: Sequence[Banked], watched: Sequence[Watched], rule: Rule, seeds: int
) -> float:
    """In how many suites of other seeds the best catcher catches, at least, with 95 % confidence.

    A claim is refuted by seeds that lose. An arm drifts by seeds that are far: beyond all of the
    baseline by more than the margin; so many far ones make it drift wherever the rest lie. How many
    of them a suite has is binomial; of their share we know Clopper and Pearson's lower bound, at a
    confidence that all claims, all statistics and both directions share.
    """
    error = (1 - CONFIDENCE) / max(1, len(claims) + 2 * len(watched))
    rates = [_least_refuted(claim, error) for claim in claims]
    rates += [_least(each, sign, rule, seeds, error) for each in watched for sign in (1, -1)]
    return max(rates, default=0.0)


def _least_refuted(claim: Banked, error: float) -> float:
    """How often a claim is refuted by one of its sides, at the least share of seeds that lose.

    Of signed ranks a share says nothing without assuming a distribution.
    """
    if claim.comparison.test != "sign":
        return 0.0
    tallies = [side.tally(claim.differences) for side in claim.comparison.region.sides]
    count = len(claim.differences)
    shares = [win_interval(count - each.losses, count, 1 - 2 * error).high for each in tallies]
    return max(GroupSequential().power(share).refuted for share in shares)


def _least(each: Watched, sign: int, rule: Rule, seeds: int, error: float) -> float:
    margin, lowest = each.saved.margin, -np.finfo(np.float64).max
    before, now = (
        sign * np.where(np.isnan(values), inf, values)
        for values in (each.saved.values, each.values)
    )
    old, far = before.tolist(), np.nextafter(before.max() + margin, inf)
    beyond = int((now >= far).sum())
    if not np.isfinite(now).all():
        rule = Rule(2 * rule.tests)  # as where runs diverge
    share = win_interval(beyond, len(each.values), 1 - 2 * error).low

    def drifts(count: int) -> bool:
        return rule.drifted([far] * count + [lowest] * (seeds - count), old, margin)

    # Downwards from all: with few enough far ones, the rest would drift the other way.
    enough = seeds + 1 - sum(1 for _ in takewhile(drifts, range(seeds, 0, -1)))
    return sum(
        comb(seeds, k) * share**k * (1 - share) ** (seeds - k) for k in range(enough, seeds + 1)
    )


def watched_statistics(runs: Mapping[Condition, Runs], baseline: Baseline) -> Iterator[Watched]:
    """Each statistic that the baseline has of each arm, once."""
    arms = {arm.fingerprint(): arm for arm in runs}
    for arm in arms.values():
        for saved in baseline.arm(arm).statistics:
            values = tuple(saved.measure([runs[arm]]).tolist())
            yield Watched(f"drift of {arm.name}: {saved.name}", saved, values)


def _refuted(claims: Sequence[Banked], rows: Rows) -> dict[str, int]:
    """The refuted claims, with the seeds that it took."""
    verdicts = {claim.statement: claim.judged(rows, GroupSequential()) for claim in claims}
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
