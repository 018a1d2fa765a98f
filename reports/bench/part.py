"""What one measuring process does: every arm, one way to train."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, TypeAlias, cast

from training_claims.arm import Arm
from training_claims.data.data import Data
from training_claims.reports.bench.flops import epoch_flop, largest
from training_claims.reports.bench.machine import forget_peak, peak_mib
from training_claims.reports.bench.timing import Timing

Way: TypeAlias = Literal["stock", "tuned", "compiled"]


@dataclass(frozen=True)
class Measured:
    """One arm, measured in one process.

    Args:
        name: The arm's name.
        group: What its dataset is called, such as "MNIST"; totals are taken over groups.
        budget: Epochs of a whole seed.
        peak_mib: Largest resident set while the arm was measured, MiB.
        timing: What a seed costs; None if the process cannot train the arm.
        reason: Why it cannot.
        flop: Floating-point operations of an epoch; None where layers are not counted.
        limit: FLOP/s of a matrix product of the largest layer; None likewise.
        options: Keras's, under which it was timed.
    """

    name: str
    group: str
    budget: int
    peak_mib: float
    timing: Timing | None = None
    reason: str = ""
    flop: float | None = None
    limit: float | None = None
    options: str = ""


@dataclass(frozen=True)
class Part:
    """What one process measured.

    Args:
        environment: What trained: versions and device.
        threads: Threads of the process; None if TensorFlow chose.
        arms: Its figures, arm by arm.
    """

    environment: Mapping[str, str]
    threads: int | None
    arms: Sequence[Measured]


def measure_part(
    way: Way, arms: Sequence[Arm], *, threads: int | None, first_seed: int, says: bool
) -> Part:
    """Measure every arm.

    Args:
        way: How to train: by `keras.Model.fit`, by it under its quickest options, or as one of the
            suite's workers.
        arms: The arms.
        threads: TensorFlow's threads; None to leave them as a user of plain Keras has them.
        first_seed: The first seed; every timing takes a further one.
        says: Whether to tell, on standard error, what is measured.
    """
    from training_claims import training

    if threads:
        training.prepare(threads)
    seeds, measured = count(first_seed), []
    ways: Mapping[Way, Callable[[Arm, Iterator[int]], Measured]]
    ways = {"stock": _stock, "tuned": _tuned, "compiled": _compiled}
    for number, arm in enumerate(arms, 1):
        if says:
            print(f"measuring {way} {number}/{len(arms)}: {arm.name}", file=sys.stderr, flush=True)
        forget_peak()
        measured.append(ways[way](arm, seeds))
    return Part(training.environment(), threads, measured)


def _stock(arm: Arm, seeds: Iterator[int]) -> Measured:
    from training_claims.reports.bench.measure import stock_timing

    timing = stock_timing(arm, seeds)
    return Measured(*_about(arm), timing)


def _tuned(arm: Arm, seeds: Iterator[int]) -> Measured:
    from training_claims.reports.bench.measure import tuned_timing

    timing, options = tuned_timing(arm, seeds)
    return Measured(*_about(arm), timing, options=options)


def _compiled(arm: Arm, seeds: Iterator[int]) -> Measured:
    from training_claims.reports.bench.limit import product_rate
    from training_claims.reports.bench.measure import compiled_timing, layer_shapes

    try:
        timing = compiled_timing(arm, seeds)
    except NotImplementedError as reason:
        return Measured(*_about(arm), reason=str(reason))
    about, layers = _about(arm), layer_shapes(arm)
    if layers is None:
        return Measured(*about, timing)
    biggest, data = largest(layers), cast("Data", arm.data)  # which has such layers
    flop = epoch_flop(layers, data.training, len(data) - data.training)
    limit = product_rate(arm.batch_size, biggest.inputs, biggest.outputs)
    return Measured(*about, timing, flop=flop, limit=limit)


def _about(arm: Arm) -> tuple[str, str, int, float]:
    group = arm.data.name.partition(" ")[0].upper()
    return arm.name, group, arm.budget, peak_mib()
