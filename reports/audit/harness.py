"""Harness faults: the suite's own machinery broken on purpose, and what refuses to go on.

Each injects one fault into the real code and gives what it was caught by: an error's text, or a
notice that a run is trained again. None may go through; `reports/audit/harness_test.py` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from training_claims.arm import Arm
from training_claims.condition import Condition
from training_claims.data.data import Data
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.readings import late
from training_claims.evidence.sequential import decide
from training_claims.models.networks import mlp
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.runs.history import History, Runs
from training_claims.runs.source import RunSource
from training_claims.runs.store import Curves, RunStore

SEEDS = range(30)


class Uncaught(AssertionError):
    """A harness fault went through."""


def _arm(name: str, units: int, offset: float = 0.0) -> Arm:
    x = np.full((10, 2), offset, np.float32)
    data = Data("made", x, np.zeros(10, np.int32))
    return Arm(name, data, mlp(units), epochs=5)


LOW, HIGH = _arm("low", 1), _arm("high", 2)
CLAIM = late("val_loss", HIGH).exceeds(late("val_loss", LOW), by=0.1)


def _train(arm: Condition, seeds: Sequence[int]) -> list[Curves]:
    """Curves as if trained: the claim is true of each seed."""
    middle = 2.0 if arm.name == "high" else 1.0
    return [{"val_loss": [middle + seed / 1000 + epoch for epoch in range(5)]} for seed in seeds]


def _source(folder: Path, train: Callable[..., list[Curves]] = _train) -> RunSource:
    return RunSource(RunStore(folder), train, train, {"code": "new"})


def _runs(arm: Condition) -> Runs:
    with TemporaryDirectory() as folder:
        return _source(Path(folder)).runs(arm, SEEDS)


def _decided(runs_for: Callable[[Condition, int], Runs]) -> str:
    """What deciding the claim on these runs is refused with, or its verdict if it was not true."""
    try:
        verdict = decide(CLAIM, runs_for, GroupSequential())
    except ValueError as refused:
        return str(refused)
    return _not_supported(verdict.outcome, verdict.headline)


def _not_supported(outcome: str, said: str) -> str:
    if outcome == "supported":
        raise Uncaught(f"Expected an error or another verdict. Received: {said}")
    return said


def arms_swapped() -> str:
    """Each arm's runs are handed over as the other's."""
    other: dict[Condition, Condition] = {LOW: HIGH, HIGH: LOW}
    return _decided(lambda arm, _: _runs(other[arm]))


def arms_swapped_and_relabelled() -> str:
    """Each arm trains what the other should, under its own name."""
    other: dict[Condition, Condition] = {LOW: HIGH, HIGH: LOW}
    return _decided(lambda arm, _: replace(_runs(other[arm]), arm=arm))


def direction_flipped() -> str:
    """Differences are taken the wrong way round."""
    flipped = late("val_loss", HIGH).below(late("val_loss", LOW), by=0.1)
    verdict = decide(flipped, lambda arm, _: _runs(arm), GroupSequential())
    return _not_supported(verdict.outcome, verdict.headline)


def seed_twice() -> str:
    """A session asks for one seed in place of another."""
    return _decided(lambda arm, count: replace(_runs(arm), seeds=(0, *range(count - 1))))


def seed_not_used() -> str:
    """Training gives every seed the curves of seed 0."""

    def train(arm: Condition, seeds: Sequence[int]) -> list[Curves]:
        return _train(arm, [0] * len(seeds))

    with TemporaryDirectory() as folder:
        source = _source(Path(folder), train)
        return _decided(lambda arm, count: source.runs(arm, range(count)))


def nan_dropped() -> str:
    """A seed that diverged is left out of the curves."""
    return _decided(lambda arm, count: _without_seed_0(arm, count, range(count)))


def nan_dropped_with_its_seed() -> str:
    """A seed that diverged is left out altogether."""
    return _decided(lambda arm, count: _without_seed_0(arm, count, range(1, count)))


def _without_seed_0(arm: Condition, count: int, seeds: range) -> Runs:
    curves = _runs(arm).history.metrics.items()
    return Runs(arm, tuple(seeds), History({name: each[1:count] for name, each in curves}))


def stale_store_entry() -> str:
    """A run of older code lies where the new code's run belongs."""
    with TemporaryDirectory() as folder:
        new = _source(Path(folder))
        old = replace(new, environment={"code": "old"})
        old.runs(HIGH, [0])
        _move(new.store, (old.key(HIGH), 0), (new.key(HIGH), 0))
        return _trained_again(new, HIGH, [0])


def histories_in_another_order() -> str:
    """The stored runs of two seeds have changed places."""
    with TemporaryDirectory() as folder:
        source = _source(Path(folder))
        source.runs(HIGH, [0, 1])
        key = source.key(HIGH)
        _move(source.store, (key, 0), (key, 2))
        _move(source.store, (key, 1), (key, 0))
        _move(source.store, (key, 2), (key, 1))
        return _trained_again(source, HIGH, [0, 1])


def seeds_in_another_order() -> str:
    """A worker gives an arm's runs in another order than the other arm's."""

    def runs_for(arm: Condition, count: int) -> Runs:
        order = range(count) if arm is LOW else range(count)[::-1]
        with TemporaryDirectory() as folder:
            return _source(Path(folder)).runs(arm, order)

    return _decided(runs_for)


def baseline_of_other_data() -> str:
    """An arm is compared with a baseline that trained on other data of the same name."""
    baseline = Baseline.of("other", {}, [SavedArm.of(_runs(HIGH), [late("val_loss", HIGH)], [])])
    try:
        baseline.runs(_arm("high", 2, offset=1.0))
    except ValueError as refused:
        return str(refused)
    raise Uncaught("Expected a baseline of other data to be refused. Received: its runs.")


FAULTS: dict[str, Callable[[], str]] = {
    fault.__name__.replace("_", "-"): fault
    for fault in (
        arms_swapped,
        arms_swapped_and_relabelled,
        direction_flipped,
        seed_twice,
        seed_not_used,
        nan_dropped,
        nan_dropped_with_its_seed,
        stale_store_entry,
        histories_in_another_order,
        seeds_in_another_order,
        baseline_of_other_data,
    )
}


def _move(store: RunStore, place: tuple[str, int], to: tuple[str, int]) -> None:
    target = store.path(*to)
    target.parent.mkdir(parents=True, exist_ok=True)
    store.path(*place).rename(target)


def _trained_again(source: RunSource, arm: Condition, seeds: Sequence[int]) -> str:
    """The first of the notices that each of the seeds was trained again, correctly."""
    curves = source.runs(arm, seeds).history["val_loss"].tolist()
    right = [curve["val_loss"] for curve in _train(arm, seeds)]
    again = [notice for notice in source.notices if notice.startswith("Trained again")]
    if len({*again}) != len(seeds) or curves != right:
        raise Uncaught(f"Expected seeds {seeds} trained again. Received: {source.notices}.")
    return again[0].replace(f"{source.store.folder}/", "")
