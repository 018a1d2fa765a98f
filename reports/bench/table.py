"""The figures as a Markdown table, which reads as well in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from training_claims.reports.bench.rows import Row, Total

HEADINGS = (
    "arm",
    "epochs",
    "stock s/seed",
    "compiled s/seed",
    "ratio",
    "compile s",
    "GFLOP/s",
    "product GFLOP/s",
    "times product",
    "stock MiB",
    "compiled MiB",
)


def table(rows: Sequence[Row], totals: Sequence[Total]) -> list[str]:
    """The lines of the table: its arms, then its totals."""
    cells = [HEADINGS, *(_arm(row) for row in rows), *(_total(total) for total in totals)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    head, *body = [_line(line, widths) for line in cells]
    rule = " | ".join(
        "-" * width if not number else "-" * (width - 1) + ":"
        for number, width in enumerate(widths)
    )
    return [head, f"| {rule} |", *body]


def how(workers: int, threads: int | None) -> list[str]:
    """How the figures were measured, by so many processes that trained compiled at once."""
    return [
        "Stock: `keras.Model.fit` in one process with TensorFlow's own choice of threads; the "
        "median epoch after the first, times the budget, plus start-up (* fewer epochs than the "
        "budget were timed).",
        f"Compiled: {workers} {'process' if workers == 1 else 'processes'} at once with "
        f"{threads} of the cores each, as the suite trains; a process's seconds a seed divided "
        f"by {workers}, compilation apart (per process; 0 where arms share a program).",
        "GFLOP/s: matrix products of Dense layers, training and validation, all processes "
        "together; sparse inputs count their non-zeros. Product: the largest layer's kernel times "
        "a batch, written out, in the same processes.",
        "MiB: largest resident set of a process while it trained the arm, what earlier arms left "
        "included.",
    ]


def _arm(row: Row) -> tuple[str, ...]:
    sampled = row.stock.timing is not None and row.stock.timing.sampled + 1 < row.stock.budget
    return (
        f"{row.stock.group}: {row.stock.name}",
        str(row.stock.budget),
        _seconds(row.stock_seconds) + ("*" if sampled else ""),
        _seconds(row.compiled_seconds),
        _times(row.ratio),
        _seconds(row.once),
        _giga(row.achieved),
        _giga(row.limit),
        _times(row.behind),
        f"{row.stock.peak_mib:.0f}",
        f"{row.compiled_mib:.0f}",
    )


def _total(total: Total) -> tuple[str, ...]:
    return (
        f"total: {total.name}",
        "",
        _seconds(total.stock_seconds),
        _seconds(total.compiled_seconds),
        _times(total.ratio),
        _seconds(total.once),
        "",
        "",
        "",
        f"{total.stock_mib:.0f}",
        f"{total.compiled_mib:.0f}",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in numbers)]
    return f"| {' | '.join(padded)} |"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"


def _times(times: float | None) -> str:
    return "" if times is None else f"{times:.2f}" if times < 10 else f"{times:.0f}"


def _giga(rate: float | None) -> str:
    return "" if rate is None else f"{rate / 1e9:.3g}"
