from training_claims.reports.bench.made_figures import made
from training_claims.reports.bench.rows import rows_of, totals_of
from training_claims.reports.bench.table import table

ROWS = rows_of([made("dense", 401.2), made("odd", 3)], [[made("dense", 20), made("odd", None)]])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_arms_then_totals() -> None:
    lines = [_cells(line) for line in table(ROWS, totals_of(ROWS))]
    assert [line[0] for line in lines[2:]] == [
        "MNIST: dense",
        "MNIST: odd",
        "total: MNIST",
        "total: all",
    ]
    assert lines[2][1:] == ["10", "401*", "20", "20", "0", "4", "12", "3.00", "500", "500"]
    assert lines[3][3:9] == [""] * 6
    assert lines[5][2:6] == ["401", "20", "20", "0"]


def test_lines_are_as_wide_as_each_other() -> None:
    assert len({len(line) for line in table(ROWS, totals_of(ROWS))}) == 1
