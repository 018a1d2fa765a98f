import pytest

from training_claims.reports.bench.made_figures import made
from training_claims.reports.bench.rows import rows_of, totals_of

STOCK = [made("dense", 40), made("wide", 10, mib=900), made("reviews", 12, group="IMDB")]
COMPILED = [
    [made("dense", 9, once=2), made("wide", 5), made("reviews", 4, group="IMDB")],
    [made("dense", 11, once=3), made("wide", 5, mib=700), made("reviews", 4, group="IMDB")],
]


def test_processes_that_train_at_once_share_a_seeds_seconds() -> None:
    row = rows_of(STOCK, COMPILED)[0]
    assert row.stock_seconds == 40
    assert row.compiled_seconds == pytest.approx(5)
    assert row.ratio == pytest.approx(8)
    assert row.once == 2.5


def test_their_rates_add_up() -> None:
    row = rows_of(STOCK, COMPILED)[0]
    assert row.achieved == pytest.approx(8e9 / 0.9 + 8e9 / 1.1)
    assert row.limit == 24e9
    assert row.behind == pytest.approx(24 / (8 / 0.9 + 8 / 1.1))


def test_totals_are_ratios_of_sums() -> None:
    totals = {total.name: total for total in totals_of(rows_of(STOCK, COMPILED))}
    assert list(totals) == ["MNIST", "IMDB", "all"]
    assert totals["MNIST"].ratio == pytest.approx(50 / 7.5)
    assert totals["IMDB"].ratio == pytest.approx(6)
    assert totals["all"].stock_seconds == 62
    assert (totals["MNIST"].stock_mib, totals["MNIST"].compiled_mib) == (900, 700)


def test_an_arm_that_cannot_be_compiled_has_blanks_and_is_in_no_total() -> None:
    rows = rows_of([*STOCK, made("odd", 9)], [[*each, made("odd", None)] for each in COMPILED])
    assert (rows[-1].compiled_seconds, rows[-1].ratio, rows[-1].behind) == (None, None, None)
    assert rows[-1].as_json()["not_compiled"] == "XLA cannot compile Lambda"
    assert totals_of(rows)[-1].stock_seconds == 62


def test_processes_must_have_measured_the_same_arms() -> None:
    with pytest.raises(ValueError, match=r"to meet the same arms\. Received: \['dense', 'wide'"):
        rows_of(STOCK, [COMPILED[0], COMPILED[1][::-1]])
