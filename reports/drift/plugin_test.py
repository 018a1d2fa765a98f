"""Baselines saved and compared by pytest, on made runs."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from training_claims.reports.conftest import DRIFTING, HELPS, Run, results_in
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.testing.judgement import made_arm, noisy_runs

BANK = [
    "--claims-seeds",
    "100",
    "--claims-first-seed",
    "10000",
    "--claims-save-baseline",
    "saved.json",
]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_saved_baseline_holds_every_arm_once_with_what_claims_read(
    bank: Path, run: Run, workers: str
) -> None:
    said = run("", "-n", workers, *BANK, "--claims-no-report")
    assert said.ret == 0
    said.stdout.fnmatch_lines(["Baseline: saved.json, 2 arms"])
    expected, found = baseline_file.read(bank), baseline_file.read(bank.with_name("saved.json"))
    assert found.name == "saved"
    assert [(arm.name, arm.claims) for arm in found.arms] == [
        ("0", (HELPS,)),
        ("0.1", ("noise_channels.ends", HELPS)),
    ]
    for ours, theirs in zip(expected.arms, found.arms, strict=True):
        assert ours.statistics == theirs.statistics
        assert ours.seeds == theirs.seeds == tuple(range(10000, 10100))
    told = found.provenance
    assert (told["tensorflow"], told["seeds"], told["first seed"]) == ("2.0", "100", "10000")
    assert {"date", "commit", "cores", "mnist", "imdb", "flags"} <= told.keys()


def test_fresh_seeds_of_the_same_version_are_stable(bank: Path, run_inside: Run) -> None:
    said = run_inside("", "--claims-baseline", bank.name)
    said.assert_outcomes(passed=4)
    assert said.ret == 0
    said.stdout.fnmatch_lines(["0.1 *loss of the last epoch*stable"])


def test_arms_that_moved_fail_with_their_numbers(bank: Path, run_inside: Run) -> None:
    said = run_inside(
        "", "--moved", "0.05", "--claims-baseline", bank.name, "--claims-summary", "s.md"
    )
    assert said.ret == 7
    said.assert_outcomes(passed=3, failed=1)
    said.stdout.fnmatch_lines(
        [
            "*Drifted: drifted: mean val_accuracy of the last 5 epochs: median * before, * now, "
            "shift +0.0492 *30 seeds against 100",
            "arm * statistic *",
            "0.1 * mean val_accuracy * drifted",
            "Learning curves changed somewhere*: 0.1.",
        ]
    )
    lines = (bank.parent / "s.md").read_text().splitlines()
    assert lines[2].startswith("- **Arm 0.1 on made**: drifted: mean val_accuracy")
    assert "- drift: 1 drifted, 1 stable" in lines


def test_a_shift_within_the_margin_is_no_drift_and_may_be_open(bank: Path, run_inside: Run) -> None:
    said = run_inside("", "--moved", "0.0075", "--claims-baseline", bank.name, "-rs")
    said.assert_outcomes(passed=3, skipped=1)
    said.stdout.fnmatch_lines(["SKIPPED*inconclusive: mean val_accuracy*"])
    strict = run_inside("", "--moved", "0.0075", "--claims-baseline", bank.name, "--claims-strict")
    strict.assert_outcomes(passed=3, failed=1)
    assert strict.ret == 6


def test_refuted_comes_before_drifted_and_a_fault_too(
    bank: Path, run_inside: Run, drifting: pytest.Pytester
) -> None:
    said = run_inside("", "--moved", "-0.2", "--claims-baseline", bank.name)
    said.assert_outcomes(passed=2, failed=2)
    assert said.ret == 1
    drifting.makepyfile(
        test_more="""
        from training_claims import claim
        @claim("Breaks", source="Noise")
        def test_broken(judge):
            raise ValueError
        """
    )
    assert run_inside("", "--moved", "0.05", "--claims-baseline", bank.name).ret == 3


def test_only_arms_of_the_selected_claims_are_compared(bank: Path, run_inside: Run) -> None:
    said = run_inside("ends", "--claims-baseline", bank.name, "-v")
    said.assert_outcomes(passed=2, deselected=1)
    said.stdout.fnmatch_lines(["*::baseline[[]0.1, made[]] PASSED*"])


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_baseline_that_no_selected_claim_reads(
    bank: Path, run: Run, run_inside: Run, workers: str
) -> None:
    record = json.loads(bank.read_text())
    for arm in record["arms"]:
        arm["claims"] = ["noise_channels.other"]
        arm["seal"] = baseline_file._seal(arm)
    bank.write_text(json.dumps(record))
    started = run_inside if workers == "0" else run
    said = started("ends", "-n", workers, "--claims-no-report", "--claims-baseline", bank.name)
    assert said.ret == 3
    told = "Nothing compared: expected a selected claim that reads an arm of baseline 'bank'*"
    said.stdout.fnmatch_lines([told])


def test_listing_tests_compares_and_saves_nothing(bank: Path, run_inside: Run) -> None:
    options = ["--collect-only", "--claims-baseline", bank.name, "--claims-save-baseline", "b.json"]
    said = run_inside("ends", *options)
    assert said.ret == 0
    said.stdout.no_fnmatch_line("*Nothing compared*")


def test_a_baseline_of_other_data_or_of_another_device_is_named(
    bank: Path, run_inside: Run
) -> None:
    same = run_inside("ends", "--claims-baseline", bank.name)
    same.stdout.fnmatch_lines(["Baseline 'bank': 1 of 2 arms compared."])
    same.stdout.no_fnmatch_line("*trained otherwise*")
    record = json.loads(bank.read_text())
    record["provenance"] |= {"device": "GPU", "mnist": "keras", "imdb": "packaged"}
    bank.write_text(json.dumps(record))
    said = run_inside("ends", "--claims-baseline", bank.name)
    assert said.ret == 0
    line = "Baseline 'bank' was trained otherwise: device GPU then, * now; mnist keras then, "
    said.stdout.fnmatch_lines([f"{line}packaged now."])


def test_a_session_without_runs_saves_no_baseline(run_inside: Run, suite: pytest.Pytester) -> None:
    suite.makepyfile(test_other="def test_passes(): pass")
    said = run_inside("passes", "--claims-save-baseline", "c.json")
    assert said.ret == 3
    said.stdout.fnmatch_lines(["Not written: --claims-save-baseline: no claim was selected*"])


def test_workers_compare_alike(bank: Path, run: Run) -> None:
    said = run(
        "", "--moved", "0.05", "-n", "2", "--claims-baseline", bank.name, "--claims-results", "here"
    )
    said.assert_outcomes(passed=3, failed=1)
    assert said.ret == 7
    results = results_in(bank.parent / "here")
    assert len({each["historyId"] for each in results.values()}) == len(results) == 4
    bad = results["baseline[0.1, made]"]
    assert bad["status"] == "failed"
    assert bad["name"].startswith("0.1 (made): drifted: mean val_accuracy")
    assert bad["statusDetails"]["message"].endswith("30 seeds against 100")
    assert "Drifted" in bad["statusDetails"]["message"]
    assert bad["titlePath"] == ["Drift"]
    assert "data:image/svg" in bad["descriptionHtml"]
    assert results["test_helps"]["name"] == "Helps by 0.01"
    told = (bank.parent / "here" / "environment.properties").read_text(encoding="utf-8")
    assert told.startswith("0.1=drifted 0.1004 → 0.1494: mean val_accuracy of the last 5 epochs\n")


def test_arms_that_changed_are_not_comparable(bank: Path, run_inside: Run) -> None:
    record = json.loads(bank.read_text())
    record["arms"][0]["description"] = {"name": "0", "data": "abc"}
    record["arms"][1]["description"] = {"name": "other"}
    for arm in record["arms"]:
        arm["fingerprint"] += "x"
        arm["seal"] = baseline_file._seal(arm)
    bank.write_text(json.dumps(record))
    said = run_inside("", "--claims-baseline", bank.name, "-rs", "--claims-strict")
    said.assert_outcomes(passed=2, skipped=2)
    assert said.ret == 3
    said.stdout.fnmatch_lines(["Nothing compared: expected a selected claim that reads an arm *"])
    said.stdout.fnmatch_lines(["*not comparable: Expected arm '0'*Received: data: abc before*"])
    said.stdout.fnmatch_lines(
        ["*not comparable: Expected arm '0.1'*Received: name: other before, 0.1 now*"]
    )
    said.stdout.fnmatch_lines(["Not comparable: Expected arm '0.1' as in baseline 'bank'*"])


def test_a_claim_that_no_longer_reads_an_arm(
    bank: Path, run_inside: Run, drifting: pytest.Pytester
) -> None:
    changed = DRIFTING.replace('made_arm("0")', 'made_arm("0.01")')
    drifting.makepyfile(test_noise_channels=changed)
    said = run_inside("", "--claims-baseline", bank.name, "-rs")
    said.assert_outcomes(passed=3, skipped=1)
    said.stdout.fnmatch_lines(["*not comparable: Expected claim * to read arm '0', as when*"])
    said.stdout.fnmatch_lines(["Not comparable: Expected arm '0.01' in baseline 'bank'*"])


def test_too_few_seeds_are_inconclusive_and_say_how_many_it_takes(
    bank: Path, run_inside: Run
) -> None:
    arms = (
        SavedArm.of(noisy_runs(made_arm(arm.name), range(2)), [], arm.claims).with_statistics(
            arm.statistics
        )
        for arm in baseline_file.read(bank).arms
    )
    baseline_file.write(Baseline.of("few", {}, arms), bank)
    said = run_inside("", "--claims-baseline", bank.name, "-rs")
    said.assert_outcomes(passed=2, skipped=2)
    said.stdout.fnmatch_lines(["*inconclusive: Expected seeds enough to show a drift*: 8 or more*"])
    assert run_inside("", "--claims-baseline", bank.name, "--claims-strict").ret == 6


def test_junit_holds_what_was_compared(bank: Path, run_inside: Run) -> None:
    run_inside("", "--claims-baseline", bank.name, "--junit-xml", "j.xml")
    cases = {case.get("name"): case for case in ET.parse(bank.parent / "j.xml").iter("testcase")}
    case = cases["baseline[0.1, made]"]
    values = {each.get("name"): each.get("value") for each in case.iter("property")}
    drift = json.loads(values["drift"] or "")
    assert [each["outcome"] for each in drift["shifts"]] == ["stable", "stable"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_unusable_baseline_is_refused_at_once(run: Run, workers: str) -> None:
    said = run("", "-n", workers, "--claims-baseline", "none.json")
    assert said.ret == pytest.ExitCode.USAGE_ERROR
    said.stderr.fnmatch_lines(["ERROR: --claims-baseline: Expected a baseline in none.json*"])


def test_a_baseline_with_arms_missing_is_not_saved(run_inside: Run, suite: pytest.Pytester) -> None:
    said = run_inside("supported or broken", "--claims-save-baseline", "b.json")
    assert said.ret == 3
    said.stdout.fnmatch_lines(["Baseline not saved: the session ended with 3."])
    assert not (suite.path / "b.json").exists()
