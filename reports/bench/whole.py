"""The measuring processes, started one way after the other, and what they found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training_claims.reports.bench.machine import memory_gib, processor
from training_claims.reports.bench.measured import Part, read_part
from training_claims.reports.bench.rows import Row, Total, rows_of, totals_of
from training_claims.reports.bench.table import how, table
from training_claims.session.hardware import cores

# Gives the command of a measuring process: (way, workers, file to write).
Command = Callable[[str, int, Path], Sequence[str]]


class MeasuringFailed(RuntimeError):
    """A measuring process ended without figures."""


@dataclass(frozen=True)
class Whole:
    """All figures.

    Attributes:
        stock: Of one process.
        compiled: Of each of the processes that trained at once.
    """

    stock: Part
    compiled: Sequence[Part]

    @property
    def rows(self) -> list[Row]:
        """Arm by arm."""
        return rows_of(self.stock.arms, [part.arms for part in self.compiled])

    @property
    def totals(self) -> list[Total]:
        """By the arms' data, then all."""
        return totals_of(self.rows)

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
            "arms": [row.as_json() for row in self.rows],
            "totals": [total.as_json() for total in self.totals],
        }

    def lines(self) -> list[str]:
        """The table, and how it was measured."""
        versions = self.stock.environment
        return [
            f"{processor()}, {cores()} cores, {memory_gib():.0f} GiB, {versions['device']}; "
            f"TensorFlow {versions['tensorflow']}, Keras {versions['keras']}.",
            "",
            *table(self.rows, self.totals),
            "",
            *how(len(self.compiled), self._threads),
        ]

    @property
    def _threads(self) -> int | None:
        return self.compiled[0].threads


def measure_whole(command: Command, workers: int | None) -> Whole:
    """Measure stock training in one process, then compiled training in several at once.

    Args:
        command: The command line of a measuring process.
        workers: How many train compiled; None for one a core, or one where there is a GPU.

    Raises:
        MeasuringFailed: If a process fails; it holds the last lines that the process wrote.
        ValueError: If the processes did not measure the same arms.
    """
    (stock,) = _parts(command, "stock", 1)
    on_processor = stock.environment["device"].startswith("CPU")
    chosen = workers or (cores() if on_processor else 1)
    return Whole(stock, _parts(command, "compiled", chosen))


def _parts(command: Command, way: str, workers: int) -> list[Part]:
    """Start so many processes, wait for all, read what they found."""
    with TemporaryDirectory(prefix="bench-") as folder:
        files = [Path(folder) / f"{number}.json" for number in range(workers)]
        running = [_start(command(way, workers, file), file.with_suffix(".log")) for file in files]
        try:
            for process, file in zip(running, files, strict=True):
                _finish(process, file.with_suffix(".log"))
        finally:
            for process in running:
                process.kill()  # nothing, if it has ended
                process.wait()
        return [read_part(file) for file in files]


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as written:
        return subprocess.Popen(command, stdout=written, stderr=sys.stderr.fileno())  # noqa: S603


def _finish(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.wait() != 0:
        ending = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
        raise MeasuringFailed(
            f"Expected figures of a measuring process. Received: exit status "
            f"{process.returncode} and\n{ending}"
        )
