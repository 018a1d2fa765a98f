import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from training_claims.reports.bench.made_figures import made
from training_claims.reports.bench.measured import Part
from training_claims.reports.bench.whole import MeasuringFailed, Whole, measure_whole
from training_claims.session.hardware import cores

COPIES = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"
VERSIONS = {"device": "CPU x86_64", "tensorflow": "2.21.0", "keras": "3.15.1"}


def _measured(folder: Path, workers: int | None, device: str = "CPU x86_64") -> Whole:
    """Processes that copy made figures: 40 s a stock seed, 8 s a compiled one."""
    for way, seconds in {"stock": 40, "compiled": 8}.items():
        part = Part({**VERSIONS, "device": device}, 1, [made("dense", seconds)])
        part.write(folder / f"{way}.json")

    def command(way: str, _: int, file: Path) -> Sequence[str]:
        return [sys.executable, "-c", COPIES, str(folder / f"{way}.json"), str(file)]

    return measure_whole(command, workers)


def test_so_many_processes_share_the_seeds(tmp_path: Path) -> None:
    (row,) = _measured(tmp_path, 4).rows
    assert (row.stock_seconds, row.compiled_seconds, row.ratio) == pytest.approx((40, 2, 20))


def test_a_processor_has_a_process_a_core_and_a_gpu_one(tmp_path: Path) -> None:
    assert len(_measured(tmp_path, None).compiled) == cores()
    assert len(_measured(tmp_path, None, device="NVIDIA H100").compiled) == 1


def test_the_figures_name_the_machine_and_how_they_came_about(tmp_path: Path) -> None:
    whole = _measured(tmp_path, 2)
    text = "\n".join(whole.lines())
    assert "TensorFlow 2.21.0, Keras 3.15.1" in text
    assert "2 processes at once with 1 of the cores each" in text
    figures = json.loads(json.dumps(whole.as_json({"mnist": "packaged"})))
    assert figures["options"] == {"mnist": "packaged", "workers": 2, "threads": 1}
    assert figures["machine"]["device"] == "CPU x86_64"
    assert [arm["ratio"] for arm in figures["arms"]] == pytest.approx([10])
    assert [total["arms"] for total in figures["totals"]] == ["MNIST", "all"]


def test_a_process_that_fails_is_told_with_what_it_wrote() -> None:
    program = "import sys; print('no memory'); sys.exit(5)"
    with pytest.raises(MeasuringFailed, match=r"Received: exit status 5 and\nno memory"):
        measure_whole(lambda *_: [sys.executable, "-c", program], 1)
