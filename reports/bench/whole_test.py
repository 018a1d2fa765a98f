import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from training_claims.reports.bench import whole
from training_claims.reports.bench.part import Part
from training_claims.reports.bench.rows_test import made
from training_claims.reports.bench.timing import Way
from training_claims.reports.bench.whole import MeasuringFailed, Whole, measure_whole

VERSIONS = {"device": "CPU x86_64", "tensorflow": "2.21.0", "keras": "3.15.1"}


def _made(way: Way, device: str) -> Part:
    """40 s a stock seed, 8 s a compiled one."""
    arms = [made("dense", {"stock": 40, "tuned": 20, "compiled": 8}[way])]
    return Part({**VERSIONS, "device": device}, 1, arms)


def on_a_processor(way: Way, *_: object, **__: object) -> Part:
    return _made(way, "CPU x86_64")


def on_a_gpu(way: Way, *_: object, **__: object) -> Part:
    return _made(way, "NVIDIA H100")


def fails(*_: object, **__: object) -> Part:
    raise MemoryError("no memory")


def dies(*_: object, **__: object) -> Part:
    os._exit(5)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Whole]:
    def measured(part: Callable[..., Part], workers: int | None = None) -> Whole:
        monkeypatch.setattr(whole, "_part", part)
        return measure_whole([], workers, 0, Path.cwd())

    return measured


def test_so_many_processes_share_the_seeds(measured: Callable[..., Whole]) -> None:
    found = measured(on_a_processor, 2)
    (row,) = found.rows
    assert (*row.seconds.values(), row.ratio("stock")) == pytest.approx((40, 20, 4, 10))
    text = "\n".join(found.lines())
    assert "TensorFlow 2.21.0, Keras 3.15.1" in text
    assert "2 processes at once with 1 of the cores each" in text
    figures = json.loads(json.dumps(found.as_json({"mnist": "packaged"})))
    assert figures["options"] == {"mnist": "packaged", "workers": 2, "threads": 1}
    assert figures["machine"]["device"] == "CPU x86_64"
    assert [arm["ratio"] for arm in figures["arms"]] == pytest.approx([10])
    assert [total["name"] for total in figures["totals"]] == ["MNIST", "all"]


def test_a_processor_has_a_process_a_core_and_a_gpu_one(
    measured: Callable[..., Whole], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "cores", lambda: 2)
    assert len(measured(on_a_processor).compiled) == 2
    assert len(measured(on_a_gpu).compiled) == 1


def test_a_process_that_fails_is_told(measured: Callable[..., Whole]) -> None:
    with pytest.raises(MeasuringFailed, match=r"(?s)MemoryError\('no memory'\).*in fails"):
        measured(fails, 1)
    with pytest.raises(MeasuringFailed, match="Received: BrokenProcessPool"):
        measured(dies, 1)
