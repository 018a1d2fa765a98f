from __future__ import annotations

from pathlib import Path

import pytest

from training_claims.evidence.readings import late
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift import join
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.testing.judgement import made_arm, made_runs


@pytest.fixture
def parts(tmp_path: Path) -> list[str]:
    """One arm of two sessions, of 10 seeds and of 20, and another of one of them."""
    arms = {name: made_arm(name) for name in ("noise", "control")}
    sessions = (("monday", 10, ["noise"]), ("tuesday", 20, ["noise", "control"]))
    for date, seeds, names in sessions:
        saved = [
            SavedArm.of(made_runs(arms[name], seeds=seeds), [late("val_loss", arms[name])], [date])
            for name in names
        ]
        about = {"tensorflow": "2.21.0", "date": date}
        baseline_file.write(Baseline.of(date, about, saved), tmp_path / f"{date}.json")
    return [str(tmp_path / f"{date}.json") for date, _, _ in sessions]


def test_parts_become_one(parts: list[str], tmp_path: Path) -> None:
    assert join.main([*parts, "--output", str(tmp_path / "bank.json")]) == 0
    bank = baseline_file.read(tmp_path / "bank.json")
    assert bank.name == "bank"
    assert bank.provenance == {"tensorflow": "2.21.0", "date": "monday | tuesday"}
    assert [(arm.name, len(arm.seeds)) for arm in bank.arms] == [("control", 20), ("noise", 20)]
    assert bank.arms[1].claims == ("monday", "tuesday")


def test_a_bank_joined_to_a_part_of_itself_is_itself(parts: list[str], tmp_path: Path) -> None:
    bank = tmp_path / "bank.json"
    join.main([*parts, "--output", str(bank)])
    before = bank.read_text()
    assert join.main([str(bank), *parts, "--output", str(bank)]) == 0
    assert bank.read_text() == before


def test_only_curves_that_a_claim_reads(parts: list[str], tmp_path: Path) -> None:
    for options in ([], ["--only-read"]):
        join.main([*parts, "--output", str(tmp_path / "bank.json"), *options])
        arms = baseline_file.read(tmp_path / "bank.json").arms
        read = {"val_loss"} if options else {"loss", "val_loss", "val_accuracy"}
        assert {frozenset(arm.curves) for arm in arms} == {frozenset(read)}


def test_a_part_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "bank.json"
    assert join.main(["nothing.json", "--output", str(output)]) == 4
    assert "Cannot join: Expected a baseline in nothing.json" in capsys.readouterr().err
    assert not output.exists()
