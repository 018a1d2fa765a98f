from pathlib import Path

from training_claims.reports.bench.made_figures import made
from training_claims.reports.bench.measured import Part, read_part


def test_a_part_is_read_as_it_was_written(tmp_path: Path) -> None:
    part = Part({"device": "CPU x86_64"}, 1, [made("dense", 4), made("odd", None)])
    part.write(tmp_path / "part.json")
    assert read_part(tmp_path / "part.json") == part
