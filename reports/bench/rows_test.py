import pytest

from training_claims.reports.bench.part import Measured
from training_claims.reports.bench.rows import row, totals_of
from training_claims.reports.bench.timing import Timing


def made(
    name: str, seconds: float | None, *, group: str = "MNIST", once: float = 0.0, mib: float = 500
) -> Measured:
    """An arm of ten epochs that takes so many seconds a seed and a tenth of it an epoch."""
    if seconds is None:
        return Measured(name, group, 10, mib, reason="XLA cannot compile Lambda")
    return Measured(name, group, 10, mib, Timing(once, 0.0, seconds / 10, 4), "", 8e9, 12e9)


STOCK = [made("dense", 40), made("wide", 10, mib=900), made("reviews", 12, group="IMDB")]
COMPILED = [
    [made("dense", 9, once=2), made("wide", 5), made("reviews", 4, group="IMDB")],
    [made("dense", 11, once=3), made("wide", 5, mib=700), made("reviews", 4, group="IMDB")],
]
TUNED = [made("dense", 20), made("wide", 7.5), made("reviews", 12, group="IMDB")]
ROWS = [row(*each) for each in zip(STOCK, TUNED, zip(*COMPILED, strict=True), strict=True)]
ODD = row(made("odd", 9), made("odd", 8), [made("odd", None)] * 2)


def test_processes_that_train_at_once_share_a_seeds_seconds() -> None:
    assert ROWS[0].seconds["stock"] == 40
    assert ROWS[0].seconds["compiled"] == pytest.approx(5)
    assert ROWS[0].ratio("stock") == pytest.approx(8)
    assert ROWS[0].ratio("tuned") == pytest.approx(4)
    assert ROWS[0].compile_seconds == 2.5


def test_their_rates_add_up() -> None:
    assert ROWS[0].flop_per_second == pytest.approx(8e9 / 0.9 + 8e9 / 1.1)
    assert ROWS[0].product_flop_per_second == 24e9
    assert ROWS[0].behind == pytest.approx(24 / (8 / 0.9 + 8 / 1.1))


def test_totals_are_ratios_of_sums() -> None:
    totals = {total.name: total for total in totals_of(ROWS)}
    assert list(totals) == ["MNIST", "IMDB", "all"]
    assert totals["MNIST"].ratio("stock") == pytest.approx(50 / 7.5)
    assert totals["IMDB"].ratio("stock") == pytest.approx(6)
    assert totals["all"].seconds["stock"] == 62
    assert totals["MNIST"].mib == {"stock": 900, "compiled": 700}


def test_an_arm_that_cannot_be_compiled_has_blanks_and_is_in_no_total() -> None:
    assert (ODD.ratio("stock"), ODD.ratio("tuned"), ODD.behind) == (None, None, None)
    assert ODD.not_compiled == "XLA cannot compile Lambda"
    assert totals_of([*ROWS, ODD])[-1].seconds["stock"] == 62


def test_cells_say_what_is_known() -> None:
    one = row(made("dense", 401.2), made("dense", 100), [made("dense", 20)])
    assert one.cells == [
        *("MNIST: dense", "10", "401*", "100", "20", "20.1", "5", "0", "4", "12", "3"),
        *("500", "500"),
    ]
    assert ODD.cells[4:11] == [""] * 7
    assert totals_of([one, ODD])[0].cells[:6] == ["total: MNIST", "", "401", "100", "20", "20.1"]
