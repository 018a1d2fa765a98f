"""What one measuring process does: every arm, one way to train."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import nan

from training_claims.arm import Arm
from training_claims.reports.bench.machine import forget_peak, peak_mib
from training_claims.reports.bench.timing import Timing, Way


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

    @property
    def seconds(self) -> float:
        """Seconds of a whole seed; NaN if the process cannot train the arm."""
        return self.timing.seed(self.budget) if self.timing else nan


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
    from training_claims.reports.bench.measure import figures

    if threads:
        training.prepare(threads)
    seeds, measured = count(first_seed), []
    for number, arm in enumerate(arms, 1):
        if says:
            print(f"measuring {way} {number}/{len(arms)}: {arm.name}", file=sys.stderr, flush=True)
        forget_peak()
        found = figures(way, arm, seeds)
        group = arm.data.name.partition(" ")[0].upper()
        measured.append(Measured(arm.name, group, arm.budget, peak_mib(), **found))
    return Part(training.environment(), threads, measured)
