"""Stock and compiled training of one arm, put beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from training_claims.reports.bench.measured import Measured


@dataclass(frozen=True)
class Row:
    """An arm.

    Args:
        stock: Measured in one process.
        compiled: The same arm in each of the processes that train at once; at least one.
    """

    stock: Measured
    compiled: Sequence[Measured]

    @property
    def stock_seconds(self) -> float | None:
        """Seconds a seed of `keras.Model.fit`."""
        return self.stock.timing.seed(self.stock.budget) if self.stock.timing else None

    @property
    def compiled_seconds(self) -> float | None:
        """Seconds a seed: of a process, divided by how many processes train seeds at once."""
        seeds = [each.timing.seed(each.budget) for each in self.compiled if each.timing]
        return mean(seeds) / len(self.compiled) if seeds else None

    @property
    def once(self) -> float | None:
        """Seconds that a process spends once, compiling."""
        spent = [each.timing.once for each in self.compiled if each.timing]
        return mean(spent) if spent else None

    @property
    def ratio(self) -> float | None:
        """How many times faster compiled training is."""
        return _over(self.stock_seconds, self.compiled_seconds)

    @property
    def achieved(self) -> float | None:
        """FLOP/s of compiled epochs, all processes together."""
        rates = [
            each.flop / each.timing.epoch for each in self.compiled if each.timing and each.flop
        ]
        return sum(rates) if rates else None

    @property
    def limit(self) -> float | None:
        """FLOP/s of a matrix product of the largest layer, all processes together."""
        rates = [each.limit for each in self.compiled if each.limit]
        return sum(rates) if rates else None

    @property
    def behind(self) -> float | None:
        """How many times the time that the matrix product's speed would take."""
        return _over(self.limit, self.achieved)

    @property
    def compiled_mib(self) -> float:
        """Largest resident set of a process that trains compiled, MiB."""
        return max(each.peak_mib for each in self.compiled)

    def as_json(self) -> dict[str, Any]:
        """The row in plain types."""
        timings = [each.timing for each in self.compiled if each.timing]
        return {
            "arm": self.stock.name,
            "group": self.stock.group,
            "fingerprint": self.stock.fingerprint,
            "epochs": self.stock.budget,
            "stock_seconds": self.stock_seconds,
            "stock_epochs_timed": self.stock.timing.sampled if self.stock.timing else None,
            "stock_epoch_seconds": self.stock.timing.epoch if self.stock.timing else None,
            "compiled_seconds": self.compiled_seconds,
            "compiled_epochs_timed": [timing.sampled for timing in timings],
            "compiled_epoch_seconds_of_a_process": [timing.epoch for timing in timings],
            "compile_seconds": self.once,
            "not_compiled": self.compiled[0].reason or None,
            "ratio": self.ratio,
            "epoch_flop": self.compiled[0].flop,
            "flop_per_second": self.achieved,
            "product_flop_per_second": self.limit,
            "times_the_product": self.behind,
            "stock_peak_mib": self.stock.peak_mib,
            "compiled_peak_mib_of_a_process": self.compiled_mib,
        }


@dataclass(frozen=True)
class Total:
    """Several arms together. Arms that cannot be compiled are not in it.

    Args:
        name: What the arms have together, such as "MNIST".
        rows: The arms.
    """

    name: str
    rows: Sequence[Row]

    @property
    def stock_seconds(self) -> float:
        """Seconds of a seed of every arm by `keras.Model.fit`."""
        return sum(row.stock_seconds or 0.0 for row in self._both)

    @property
    def compiled_seconds(self) -> float:
        """Seconds of a seed of every arm in compiled epochs."""
        return sum(row.compiled_seconds or 0.0 for row in self._both)

    @property
    def ratio(self) -> float | None:
        """How many times faster compiled training is."""
        return _over(self.stock_seconds, self.compiled_seconds)

    @property
    def once(self) -> float:
        """Seconds that a process spends compiling them."""
        return sum(row.once or 0.0 for row in self._both)

    @property
    def stock_mib(self) -> float:
        """Largest resident set of `keras.Model.fit`, MiB."""
        return max(row.stock.peak_mib for row in self.rows)

    @property
    def compiled_mib(self) -> float:
        """Largest resident set of a process that trains compiled, MiB."""
        return max(row.compiled_mib for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """The total in plain types."""
        return {
            "arms": self.name,
            "stock_seconds": self.stock_seconds,
            "compiled_seconds": self.compiled_seconds,
            "compile_seconds": self.once,
            "ratio": self.ratio,
        }

    @property
    def _both(self) -> list[Row]:
        return [row for row in self.rows if row.ratio is not None]


def rows_of(stock: Sequence[Measured], compiled: Sequence[Sequence[Measured]]) -> list[Row]:
    """A row for each arm.

    Raises:
        ValueError: If the processes did not measure the same arms in the same order.
    """
    for process in compiled:
        if [arm.fingerprint for arm in process] != [arm.fingerprint for arm in stock]:
            raise ValueError(
                "Expected every measuring process to meet the same arms. Received: "
                f"{[arm.name for arm in stock]} and {[arm.name for arm in process]}. Do claims "
                "build their arms from something that changes between processes?"
            )
    return [
        Row(one, several) for one, several in zip(stock, zip(*compiled, strict=True), strict=True)
    ]


def totals_of(rows: Sequence[Row]) -> list[Total]:
    """A total for each group of arms, then one for all."""
    groups = dict.fromkeys(row.stock.group for row in rows)
    within = [Total(group, [row for row in rows if row.stock.group == group]) for group in groups]
    return [*within, Total("all", rows)]


def _over(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None
