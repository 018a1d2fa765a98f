"""What is committed of `make audit` speaks of the claims and the baseline that there are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from training_claims.reports import places, provenance
from training_claims.reports.audit.record import Record, committed
from training_claims.reports.drift import file as baseline_file

COMPARED = "a exceeds b by more than 0.3 nats"
BETTER = {
    "statement": "Better",
    "comparison": COMPARED,
    "seeds": 100,
    "median": 0.5,
    "sd": 0.1,
    "standardized_effect": "inf",
    "p_win_interval": [0.9, 1.0, 0.95],
    "supported": 0.999,
    "supported_low": 0.99,
    "mean_seeds": 12.5,
    "detectable": 0.2,
}

TRAINED = {
    "name": "b",
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "device": "CPU | GPU",
    "mnist": "packaged",
    "data": ["MNIST (packaged)", "clocks"],
}
FOUND = {
    "baseline": TRAINED,
    "characteristics": [{"name": "holds", "kept": True}, {"name": "open", "kept": None}],
    "claims": {"claims.better": BETTER},
}
SESSION = {
    "tensorflow": ["2.21.0"],
    "keras": ["3.15.1"],
    "device": ["GPU", "CPU"],
    "data": ["clocks"],
}


def test_what_reports_quote() -> None:
    record = Record(FOUND)
    assert (
        record.overview == "1 of 2 operating characteristics hold on baseline 'b'; not shown: open"
    )
    said = record.prospects("claims.better", COMPARED, "nats")
    assert said is not None
    assert said.startswith("On 100 seeds of baseline 'b', which no suite uses (digits: packaged):")
    assert "standardized effect beyond the margin inf SD, power 0.9990 (at least 0.990)" in said
    assert said.endswith("smallest detectable effect 0.2 nats.")
    assert record.prospects("claims.worse", COMPARED, "") is None
    assert record.power("claims.better", COMPARED) == 0.999
    assert record.power("claims.worse", COMPARED) is None


def test_of_another_margin_there_is_no_number() -> None:
    record, moved = Record(FOUND), COMPARED.replace("0.3", "0.4")
    assert record.power("claims.better", moved) is None
    assert record.prospects("claims.better", moved, "nats") is None


def test_the_record_speaks_of_its_own_claims_versions_device_and_data() -> None:
    record, own = Record(FOUND), ["claims.better"]
    assert record.speaks_of(SESSION, own)
    assert not record.speaks_of(SESSION, [*own, "mine.better"])
    for name, values in {
        "tensorflow": ["2.20.0"],
        "keras": ["3.14.0", "3.15.1"],
        "device": ["TPU"],
        "data": ["clocks", "MNIST (keras)"],
        "injected": ["l2-doubled 0a1b2c3d"],
        "planted": ["l2-doubled 0a1b2c3d"],
    }.items():
        assert not record.speaks_of({**SESSION, name: values}, own), name
    assert not record.speaks_of({}, own)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file in place of the committed one."""
    monkeypatch.setattr("training_claims.reports.audit.record.FILE", tmp_path / "found.json")
    committed.cache_clear()
    yield tmp_path / "found.json"
    committed.cache_clear()


def test_without_a_record_reports_quote_none(file: Path) -> None:
    assert not file.exists()
    assert committed() is None


def test_a_whole_record_is_quoted(file: Path) -> None:
    file.write_text(json.dumps(FOUND))
    assert committed() == Record(FOUND)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "\xff",
        pytest.param("[" * 100_000, id="deep"),
        json.dumps({**FOUND, "characteristics": [3]}),
        json.dumps({**FOUND, "claims": {"claims.better": {}}}),
        json.dumps({**FOUND, "claims": {"claims.better": {**BETTER, "sd": "wide"}}}),
        json.dumps({**FOUND, "claims": {"claims.better": {**BETTER, "sd": 10**400}}}),
        json.dumps({**FOUND, "baseline": None}),
        json.dumps({**FOUND, "baseline": {"name": "b", "mnist": "packaged"}}),
    ],
)
def test_of_a_damaged_record_reports_quote_nothing(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    assert committed() is None


def test_the_committed_record_is_of_the_committed_baseline() -> None:
    record = committed()
    assert record is not None
    found = record.found
    names = found["baseline"]["name"].split(" and ")
    baselines = [baseline_file.read(places.baselines() / f"{name}.json") for name in names]
    trained = provenance.joined(baseline.provenance for baseline in baselines)
    assert {key: found["baseline"][key] for key in ("tensorflow", "date")} == {
        key: trained[key] for key in ("tensorflow", "date")
    }
    assert len(found["training_faults"]) == 16
