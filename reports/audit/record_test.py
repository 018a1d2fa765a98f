"""What is committed of `make audit` speaks of the claims and the bank that there are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from training_claims.reports import places, provenance
from training_claims.reports.audit.record import Record, committed
from training_claims.reports.drift import file as baseline_file

BETTER = {
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

FOUND = {
    "bank": {"name": "b", "mnist": "packaged"},
    "characteristics": [{"name": "holds", "kept": True}, {"name": "open", "kept": None}],
    "claims": {"Better": BETTER},
}


def test_what_reports_quote() -> None:
    record = Record(FOUND)
    assert record.overview == "1 of 2 characteristics kept on bank 'b'; not shown: open"
    said = record.prospects("Better", "nats")
    assert said is not None
    assert said.startswith("On 100 seeds of bank 'b', which no suite uses (digits: packaged):")
    assert "standardized_effect over the margin inf SD, power 0.9990 (at least 0.990)" in said
    assert said.endswith("smallest detectable effect 0.2 nats.")
    assert record.prospects("Worse", "") is None
    assert record.supported("Better") == 0.999
    assert record.supported("Worse") is None


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
        json.dumps({**FOUND, "claims": {"Better": {}}}),
        json.dumps({**FOUND, "claims": {"Better": {**BETTER, "sd": "wide"}}}),
        json.dumps({**FOUND, "claims": {"Better": {**BETTER, "sd": 10**400}}}),
        json.dumps({**FOUND, "bank": None}),
    ],
)
def test_of_a_damaged_record_reports_quote_nothing(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    assert committed() is None


def test_the_committed_record_is_of_the_committed_bank() -> None:
    record = committed()
    assert record is not None
    found = record.found
    names = found["bank"]["name"].split(" and ")
    banks = [baseline_file.read(places.baselines() / f"{name}.json") for name in names]
    trained = provenance.joined(bank.provenance for bank in banks)
    assert {key: found["bank"][key] for key in ("tensorflow", "date")} == {
        key: trained[key] for key in ("tensorflow", "date")
    }
    assert len(found["training_faults"]) == 16
