"""What one measuring process does: every arm, one way to train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Literal, TypeAlias

from training_claims.arm import Arm
from training_claims.reports.bench.flops import epoch_flop, largest
from training_claims.reports.bench.machine import forget_peak, peak_mib
from training_claims.reports.bench.measured import Measured, Part
from training_claims.reports.bench.timing import Timing
from training_claims.session.hardware import cores

Way: TypeAlias = Literal["stock", "compiled"]
Say: TypeAlias = Callable[[str], None]


def measure_part(way: Way, arms: Sequence[Arm], *, workers: int, first_seed: int, say: Say) -> Part:
    """Measure every distinct arm.

    Args:
        way: How to train. "stock" leaves TensorFlow's threads as a user of plain Keras has them;
            "compiled" trains as one of the suite's workers.
        arms: The arms; those that train alike are measured once.
        workers: How many processes measure at once.
        first_seed: The first seed; every timing takes a further one.
        say: Told what is measured.
    """
    from training_claims import training

    threads = None if way == "stock" else max(1, cores() // workers)
    if threads:
        training.prepare(threads)
    seeds, measured = count(first_seed), []
    for number, arm in enumerate(distinct := _distinct(arms), 1):
        say(f"measuring {way} {number}/{len(distinct)}: {arm.name}")
        measured.append(_stock(arm, seeds) if way == "stock" else _compiled(arm, seeds))
    return Part(training.environment(), threads, measured)


def _distinct(arms: Sequence[Arm]) -> list[Arm]:
    """One of each kind, in order. Builders are functions, so equal arms show by fingerprint."""
    first: dict[str, Arm] = {}
    for arm in arms:
        first.setdefault(arm.fingerprint(), arm)
    return list(first.values())


def _stock(arm: Arm, seeds: Iterator[int]) -> Measured:
    from training_claims.reports.bench.measure import stock_timing

    forget_peak()
    return _measured(arm, timing=stock_timing(arm, seeds))


def _compiled(arm: Arm, seeds: Iterator[int]) -> Measured:
    from training_claims.reports.bench.limit import product_rate
    from training_claims.reports.bench.measure import compiled_timing, layer_shapes

    forget_peak()
    try:
        timing = compiled_timing(arm, seeds)
    except NotImplementedError as reason:
        return _measured(arm, reason=str(reason))
    peak, layers = peak_mib(), layer_shapes(arm)
    if layers is None:
        return _measured(arm, timing=timing, peak=peak)
    validation = len(arm.data) - arm.training_examples
    biggest = largest(layers)
    return _measured(
        arm,
        timing=timing,
        peak=peak,
        flop=epoch_flop(layers, arm.training_examples, validation),
        limit=product_rate(arm.batch_size, biggest.inputs, biggest.outputs),
    )


def _measured(
    arm: Arm,
    *,
    timing: Timing | None = None,
    reason: str = "",
    flop: float | None = None,
    limit: float | None = None,
    peak: float | None = None,
) -> Measured:
    return Measured(
        name=arm.name,
        group=arm.data.name.partition(" ")[0].upper(),
        fingerprint=arm.fingerprint(),
        budget=arm.budget,
        timing=timing,
        reason=reason,
        flop=flop,
        limit=limit,
        peak_mib=peak_mib() if peak is None else peak,
    )
