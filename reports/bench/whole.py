"""The measuring processes, started one way after the other, and what they found."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

from training_claims.arm import Arm
from training_claims.cluster.code import Code
from training_claims.reports.bench.machine import memory_gib, processor
from training_claims.reports.bench.part import Part, measure_part
from training_claims.reports.bench.rows import HEADINGS, Row, row, totals_of
from training_claims.reports.bench.timing import Way
from training_claims.reports.table import columns
from training_claims.session.hardware import cores
from training_claims.session.orphan import end_with_parent

# Arms pickled, their arrays, and the modules that only pytest can import.
Handed: TypeAlias = tuple[bytes, Sequence[bytes], Code]


class MeasuringFailed(RuntimeError):
    """A measuring process ended without figures, or cannot be given the arms."""


@dataclass(frozen=True)
class Whole:
    """All figures.

    Args:
        stock: Of one process.
        tuned: Of one process, under Keras's quickest options.
        compiled: Of each of the processes that trained at once.
    """

    stock: Part
    tuned: Part
    compiled: Sequence[Part]

    @property
    def rows(self) -> list[Row]:
        """Arm by arm."""
        compiled = zip(*(part.arms for part in self.compiled), strict=True)
        return [row(*each) for each in zip(self.stock.arms, self.tuned.arms, compiled, strict=True)]

    def as_json(self, options: dict[str, Any]) -> dict[str, Any]:
        """Machine, versions, options and figures in plain types."""
        return {
            "machine": {
                "processor": processor(),
                "cores": cores(),
                "memory_gib": round(memory_gib(), 1),
                "device": self.stock.environment["device"],
            },
            "versions": dict(self.stock.environment),
            "options": {**options, "workers": len(self.compiled), "threads": self._threads},
            "arms": [{**asdict(each), "ratio": each.ratio("stock")} for each in self.rows],
            "totals": [
                {**asdict(each), "ratio": each.ratio("stock")} for each in totals_of(self.rows)
            ],
            "processes": [asdict(part) for part in (self.stock, self.tuned, *self.compiled)],
        }

    def lines(self) -> list[str]:
        """The table, and how it was measured."""
        versions = self.stock.environment
        cells = [each.cells for each in (*self.rows, *totals_of(self.rows))]
        return [
            f"{processor()}, {cores()} cores, {memory_gib():.0f} GiB, {versions['device']}; "
            f"TensorFlow {versions['tensorflow']}, Keras {versions['keras']}.",
            "",
            *columns(HEADINGS, cells, words=1),
            "",
            *how(len(self.compiled), self._threads),
        ]

    @property
    def _threads(self) -> int | None:
        return self.compiled[0].threads


def how(workers: int, threads: int | None) -> list[str]:
    """How the figures were measured, by so many processes that trained compiled at once."""
    return [
        "Stock: `keras.Model.fit` in one process with TensorFlow's own choice of threads; the "
        "median epoch after the first, times the budget, plus start-up (* fewer epochs than the "
        "budget were timed).",
        "Tuned: the same, the quickest of `jit_compile` False and True with `steps_per_execution` "
        "1, 32 and a whole epoch.",
        f"Compiled: {workers} {'process' if workers == 1 else 'processes'} at once with "
        f"{threads} of the cores each, as the suite trains; a process's seconds a seed divided "
        f"by {workers}, compilation apart (per process; 0 where arms share a program).",
        "GFLOP/s: matrix products of Dense layers, training and validation, all processes "
        "together; sparse inputs count their non-zeros. Product: the largest layer's kernel times "
        "a batch, written out, in the same processes.",
        "MiB: largest resident set of a process while it trained the arm, what earlier arms left "
        "included.",
    ]


def measure_whole(arms: Sequence[Arm], workers: int | None, first_seed: int, root: Path) -> Whole:
    """Measure stock training in one process, twice, then compiled training in several at once.

    Args:
        arms: What to measure.
        workers: How many train compiled; None for one a core, or one where there is a GPU.
        first_seed: The first seed of each process.
        root: The repository, whose files may define what the arms call.

    Raises:
        MeasuringFailed: If a process fails, or cannot be given the arms.
    """
    buffers: list[bytes] = []  # read-only there too, so that no arm copies an array for itself
    try:
        told = pickle.dumps(arms, 5, buffer_callback=lambda each: buffers.append(bytes(each.raw())))
    except Exception as fault:  # what cannot be pickled says so by any error
        raise MeasuringFailed(
            f"Expected arms that another process can be given. Received: {fault}. Define the "
            "functions and classes that they call at the top of a module."
        ) from None
    handed = (told, buffers, Code.under(root))
    (stock,) = _parts("stock", handed, 1, first_seed)
    on_processor = stock.environment["device"].startswith("CPU")
    chosen = workers or (cores() if on_processor else 1)
    (tuned,) = _parts("tuned", handed, 1, first_seed)
    return Whole(stock, tuned, _parts("compiled", handed, chosen, first_seed))


def _parts(way: Way, handed: Handed, workers: int, first_seed: int) -> list[Part]:
    """Start so many processes, wait for all, take what they found."""
    threads = None if way != "compiled" else max(1, cores() // workers)
    with ProcessPoolExecutor(workers, get_context("spawn"), end_with_parent) as pool:
        told = [
            pool.submit(_part, way, handed, threads, first_seed, says=number == 0)
            for number in range(workers)
        ]
        try:
            return [each.result() for each in told]
        except Exception as fault:  # of any kind, from there
            said = f"{fault!r}{fault.__cause__ or ''}"  # with the traceback there
            raise MeasuringFailed(
                f"Expected figures of a measuring process. Received: {said}"
            ) from None


def _part(way: Way, handed: Handed, threads: int | None, seed: int, *, says: bool) -> Part:
    told, buffers, code = handed
    code.install()
    arms = pickle.loads(told, buffers=buffers)  # noqa: S301 - our own
    return measure_part(way, arms, threads=threads, first_seed=seed, says=says)
