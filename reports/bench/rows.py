"""Stock and compiled training of arms, put beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from training_claims.reports.bench.part import Measured
from training_claims.reports.bench.timing import WAYS, Way
from training_claims.reports.table import plain

HEADINGS = (
    *("arm", "epochs", "stock s/seed", "tuned s/seed", "compiled s/seed", "stock / compiled"),
    *("tuned / compiled", "compile s", "GFLOP/s", "product GFLOP/s"),
    *("times product", "stock MiB", "compiled MiB"),
)


@dataclass(frozen=True)
class Row:
    """An arm, or a group of them; a figure that is not known is None, or not there.

    Args:
        name: The arm's name, or the group's.
        group: What the arm's dataset is called; "total" of a group.
        seconds: Of a seed, by way; compiled: of a process, divided by how many train at once.
        mib: Largest resident set, MiB, by way.
        epochs: Of a whole seed.
        sampled: Whether fewer epochs of `keras.Model.fit` than those were timed.
        compile_seconds: Seconds that a process spends once, compiling.
        epoch_flop: Floating-point operations of an epoch.
        flop_per_second: Of compiled epochs, all processes together.
        product_flop_per_second: Of a matrix product of the largest layer, all together.
        not_compiled: Why the arm cannot be compiled.
        options: Under which stock training is quickest.
    """

    name: str
    group: str
    seconds: Mapping[Way, float]
    mib: Mapping[Way, float]
    epochs: int | None = None
    sampled: bool = False
    compile_seconds: float | None = None
    epoch_flop: float | None = None
    flop_per_second: float | None = None
    product_flop_per_second: float | None = None
    not_compiled: str = ""
    options: str = ""

    def ratio(self, way: Way) -> float | None:
        """How many times faster compiled training is than another way."""
        return _over(self.seconds[way], self.seconds.get("compiled"))

    @property
    def behind(self) -> float | None:
        """How many times the time that the matrix product's speed would take."""
        return _over(self.product_flop_per_second, self.flop_per_second)

    @property
    def cells(self) -> list[str]:
        """In words, by `HEADINGS`."""
        stock, *others = (_told(self.seconds.get(way)) for way in WAYS)
        return [
            f"{self.group}: {self.name}",
            _told(self.epochs),
            stock + "*" * self.sampled,
            *others,
            *(_told(self.ratio(way)) for way in ("stock", "tuned")),
            _told(self.compile_seconds),
            *(_told(_over(x, 1e9)) for x in (self.flop_per_second, self.product_flop_per_second)),
            _told(self.behind),
            *(f"{self.mib[way]:.0f}" for way in ("stock", "compiled")),
        ]


def row(stock: Measured, tuned: Measured, compiled: Sequence[Measured]) -> Row:
    """The row of an arm, measured in one process, and then in each of those that train at once."""
    timed = [(each, each.timing) for each in compiled if each.timing]
    seconds: dict[Way, float] = {"stock": stock.seconds, "tuned": tuned.seconds}
    if timed:
        seconds["compiled"] = mean(each.seconds for each, _ in timed) / len(compiled)
    rates = [each.flop / timing.epoch for each, timing in timed if each.flop]
    limits = [each.limit for each in compiled if each.limit]
    return Row(
        stock.name,
        stock.group,
        seconds,
        {"stock": stock.peak_mib, "compiled": max(each.peak_mib for each in compiled)},
        stock.budget,
        sampled=stock.timing is not None and stock.timing.sampled + 1 < stock.budget,
        compile_seconds=mean(timing.once for _, timing in timed) if timed else None,
        epoch_flop=compiled[0].flop,
        flop_per_second=sum(rates) or None,
        product_flop_per_second=sum(limits) or None,
        not_compiled=compiled[0].reason,
        options=tuned.options,
    )


def totals_of(rows: Sequence[Row]) -> list[Row]:
    """A row for each group of arms, then one for all; seconds are of those that can be compiled."""
    groups = {name: [each for each in rows if each.group == name] for name in _groups(rows)}
    return [_total(name, within) for name, within in {**groups, "all": rows}.items()]


def _groups(rows: Sequence[Row]) -> list[str]:
    return [*dict.fromkeys(each.group for each in rows)]


def _total(name: str, rows: Sequence[Row]) -> Row:
    both = [each for each in rows if "compiled" in each.seconds]
    return Row(
        name,
        "total",
        {way: sum(each.seconds[way] for each in both) for way in WAYS},
        {way: max(each.mib[way] for each in rows) for way in rows[0].mib},
        compile_seconds=sum(each.compile_seconds or 0.0 for each in both),
    )


def _over(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _told(value: float | None) -> str:
    return "" if value is None else plain(value, 3)
