"""Stock and compiled training of arms, put beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from training_claims.reports.bench.part import Measured

HEADINGS = (
    *("arm", "epochs", "stock s/seed", "tuned s/seed", "compiled s/seed", "stock / compiled"),
    *("tuned / compiled", "compile s", "GFLOP/s", "product GFLOP/s"),
    *("times product", "stock MiB", "compiled MiB"),
)


@dataclass(frozen=True)
class Row:
    """An arm, or a group of them; a figure that is not known is None.

    Args:
        name: The arm's name, or the group's.
        group: What the arm's dataset is called; "total" of a group.
        epochs: Of a whole seed.
        stock_seconds: Seconds a seed of `keras.Model.fit`.
        sampled: Whether fewer epochs of it than the budget were timed.
        tuned_seconds: That under its quickest options.
        compiled_seconds: Seconds a seed: of a process, divided by how many train at once.
        compile_seconds: Seconds that a process spends once, compiling.
        stock_mib: Largest resident set of `keras.Model.fit`, MiB.
        compiled_mib: That of a process that trains compiled.
        epoch_flop: Floating-point operations of an epoch.
        flop_per_second: Of compiled epochs, all processes together.
        product_flop_per_second: Of a matrix product of the largest layer, all together.
        not_compiled: Why the arm cannot be compiled.
        options: Under which stock training is quickest.
    """

    name: str
    group: str
    epochs: int | None
    stock_seconds: float | None
    sampled: bool
    tuned_seconds: float | None
    compiled_seconds: float | None
    compile_seconds: float | None
    stock_mib: float
    compiled_mib: float
    epoch_flop: float | None = None
    flop_per_second: float | None = None
    product_flop_per_second: float | None = None
    not_compiled: str = ""
    options: str = ""

    @property
    def ratio_to_tuned(self) -> float | None:
        """How many times faster compiled training is than the quickest stock training."""
        return _over(self.tuned_seconds, self.compiled_seconds)

    @property
    def ratio(self) -> float | None:
        """How many times faster compiled training is."""
        return _over(self.stock_seconds, self.compiled_seconds)

    @property
    def behind(self) -> float | None:
        """How many times the time that the matrix product's speed would take."""
        return _over(self.product_flop_per_second, self.flop_per_second)

    @property
    def cells(self) -> list[str]:
        """In words, by `HEADINGS`."""
        return [
            f"{self.group}: {self.name}",
            str(self.epochs or ""),
            _seconds(self.stock_seconds) + "*" * self.sampled,
            _seconds(self.tuned_seconds),
            _seconds(self.compiled_seconds),
            _times(self.ratio),
            _times(self.ratio_to_tuned),
            _seconds(self.compile_seconds),
            _giga(self.flop_per_second),
            _giga(self.product_flop_per_second),
            _times(self.behind),
            f"{self.stock_mib:.0f}",
            f"{self.compiled_mib:.0f}",
        ]


def row(stock: Measured, tuned: Measured, compiled: Sequence[Measured]) -> Row:
    """The row of an arm, measured in one process, and then in each of those that train at once."""
    timed = [(each, each.timing) for each in compiled if each.timing]
    rates = [each.flop / timing.epoch for each, timing in timed if each.flop]
    limits = [each.limit for each in compiled if each.limit]
    seeds = [timing.seed(each.budget) for each, timing in timed]
    return Row(
        stock.name,
        stock.group,
        stock.budget,
        stock_seconds=stock.timing.seed(stock.budget) if stock.timing else None,
        sampled=stock.timing is not None and stock.timing.sampled + 1 < stock.budget,
        tuned_seconds=tuned.timing.seed(tuned.budget) if tuned.timing else None,
        compiled_seconds=mean(seeds) / len(compiled) if seeds else None,
        compile_seconds=mean(timing.once for _, timing in timed) if timed else None,
        stock_mib=stock.peak_mib,
        compiled_mib=max(each.peak_mib for each in compiled),
        epoch_flop=compiled[0].flop,
        flop_per_second=sum(rates) or None,
        product_flop_per_second=sum(limits) or None,
        not_compiled=compiled[0].reason,
        options=tuned.options,
    )


def totals_of(rows: Sequence[Row]) -> list[Row]:
    """A row for each group of arms, then one for all; seconds are of those that can be compiled."""
    groups = {group: [row for row in rows if row.group == group] for group in _groups(rows)}
    return [_total(name, within) for name, within in {**groups, "all": rows}.items()]


def _groups(rows: Sequence[Row]) -> Iterable[str]:
    return dict.fromkeys(row.group for row in rows)


def _total(name: str, rows: Sequence[Row]) -> Row:
    both = [row for row in rows if row.ratio is not None]
    return Row(
        name,
        "total",
        None,
        stock_seconds=sum(row.stock_seconds or 0.0 for row in both),
        sampled=False,
        tuned_seconds=sum(row.tuned_seconds or 0.0 for row in both),
        compiled_seconds=sum(row.compiled_seconds or 0.0 for row in both),
        compile_seconds=sum(row.compile_seconds or 0.0 for row in both),
        stock_mib=max(row.stock_mib for row in rows),
        compiled_mib=max(row.compiled_mib for row in rows),
    )


def _over(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"


def _times(times: float | None) -> str:
    return "" if times is None else f"{times:.2f}" if times < 10 else f"{times:.0f}"


def _giga(rate: float | None) -> str:
    return "" if rate is None else f"{rate / 1e9:.3g}"
