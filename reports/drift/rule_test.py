from __future__ import annotations

import json
import re
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_claims.evidence.readings import best_epoch, final, late, rise
from training_claims.reports import places
from training_claims.reports.audit import false_alarms
from training_claims.reports.drift import compare
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift import rule as drift
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.reports.drift.rule import ArmDrift, Rule, SuiteDrift, TooFewSeeds, alerts
from training_claims.reports.drift.table import markdown_table, terminal_table
from training_claims.reports.page import drift_page
from training_claims.reports.records import read, record_of
from training_claims.runs.history import Runs
from training_claims.status import Status
from training_claims.testing.judgement import made_arm, noisy_runs


def saved(runs: Runs) -> SavedArm:
    statistics = [late("val_accuracy", runs.arm), final("loss", runs.arm)]
    return SavedArm.of(runs, statistics, ["noise.helps"])


def baseline(
    name: str, *arms: str, seeds: int = 100, first: int = 0, moved: float = 0.0
) -> Baseline:
    """Arms named by their values; the last of them moved."""
    runs = [noisy_runs(made_arm(arm), range(first, first + seeds)) for arm in arms[:-1]]
    runs.append(noisy_runs(made_arm(arms[-1]), range(first, first + seeds), moved))
    return Baseline.of(name, {"tensorflow": name}, map(saved, runs))


def test_what_moved_comes_first_and_the_rest_is_stable() -> None:
    before = baseline("2.20", "0", "0.1")
    suite = SuiteDrift.of(before, baseline("2.21", "0", "0.1", seeds=30, first=500, moved=0.03))
    assert [(arm.arm, arm.outcome) for arm in suite.arms] == [("0.1", "drifted"), ("0", "stable")]
    moved = suite.arms[0].shifts
    assert [each.outcome for each in moved] == ["drifted", "drifted"]
    assert moved[0].in_margins > moved[1].in_margins > 1
    assert moved[0].low > 0
    assert moved[0].estimate == pytest.approx(0.03, abs=0.003)
    assert alerts(suite.arms) == ["0.1"]
    assert suite.arms[0].headline.startswith("drifted: mean val_accuracy of the last 5 epochs: med")
    assert suite.arms[0].headline.endswith("30 seeds against 100")


def test_the_error_is_shared_by_all_statistics_of_the_baseline() -> None:
    rule = Rule.of(baseline("2.20", "0", "0.1"))
    assert rule.tests == 4
    assert rule.drift_error * 2 * rule.tests == pytest.approx(1e-3)
    assert rule.stable_error * rule.tests == pytest.approx(0.05)
    assert Rule(80).drift_error == pytest.approx(6.25e-6)


def test_a_sure_shift_within_the_margin_is_no_drift() -> None:
    old, rule = [0.0, 1.0] * 50, Rule(1)
    assert rule.drifted([1.25] * 30, old, 0.5)
    assert not rule.drifted([1.25] * 30, old, 1.0)
    assert rule.stable([1.25] * 30, old, 1.5)
    assert not rule.stable([1.25] * 30, old, 1.0)


def test_a_large_shift_that_seeds_do_not_show_is_no_drift() -> None:
    wide = np.random.default_rng(0).normal(scale=10, size=130).tolist()
    new, old = [x + 2 for x in wide[:30]], wide[30:]
    assert not Rule(40).drifted(new, old, 1.0)
    assert not Rule(40).stable(new, old, 1.0)


def test_runs_that_diverge_now_have_drifted_and_that_always_did_have_not() -> None:
    def arm(values: list[float]) -> SavedArm:
        runs = noisy_runs(made_arm("0"), range(len(values)))
        runs.history["loss"][:, -1] = values
        return saved(runs)

    fine, lost = arm(list(np.linspace(0, 1, 100))), arm([nan, inf] * 50)
    assert Rule(2).arm(fine, lost).shifts[0].estimate == inf
    assert Rule(2).arm(fine, lost).outcome == "drifted"
    assert Rule(2).arm(lost, lost).outcome == "stable"
    assert Rule(2).arm(lost, fine).shifts[0].outcome == "drifted"
    back = read(ArmDrift, json.loads(json.dumps(record_of(Rule(2).arm(fine, lost)))))
    assert back == Rule(2).arm(fine, lost)


FINITE = st.floats(-3, 3) | st.integers(-2, 2)
NEW = st.lists(FINITE, min_size=30, max_size=30)
OLD = st.lists(FINITE, min_size=100, max_size=100)
LOST = st.sampled_from([nan, inf, -inf])


@given(new=NEW, old=OLD, lost=st.lists(LOST, min_size=1, max_size=30), margin=st.floats(0.1, 3))
def test_runs_that_diverge_never_make_an_arm_stable(
    new: list[float], old: list[float], lost: list[float], margin: float
) -> None:
    rule, broken = Rule(1), [*lost, *new[len(lost) :]]
    if not rule.stable(new, old, margin):
        assert not rule.stable([nan] * len(lost) + new[len(lost) :], old, margin)
    if len(lost) >= 3:
        assert not rule.stable(broken, old, margin)
    if len(lost) >= 10:
        assert Rule(440).drifted(broken, old, margin)
        assert Rule(440).drifted(old, [*broken, *[nan] * 70], margin)


@given(old=OLD | st.lists(st.sampled_from([inf, -inf]), min_size=100, max_size=100))
def test_an_arm_that_is_nan_has_drifted_from_any_that_was_not(old: list[float]) -> None:
    assert Rule(440).drifted([nan] * 30, old, 1.0)
    assert Rule(440).drifted(old, [nan] * 30, 1.0)
    assert not Rule(440).drifted([nan] * 30, [nan] * 100, 1.0)
    assert Rule(440).stable([nan] * 30, [nan] * 100, 1.0)


def diverged_bank(count: int, first: int, share: int = 4) -> Baseline:
    """An arm of which every `share`th run of a hundred or thirty is NaN from the start."""
    runs = noisy_runs(made_arm("0"), range(first, first + count))
    for each in runs.history.metrics.values():
        each[::share] = nan
    rises = rise("loss", runs.arm)
    arm = SavedArm.of(runs, [rises, best_epoch("loss", runs.arm)], ["noise.helps"])
    return Baseline.of("diverging", {}, [arm])


def test_an_arm_that_always_diverged_in_part_has_not_drifted() -> None:
    assert false_alarms.false_alarms(diverged_bank(100, 0), 300) == 0
    (arm,) = SuiteDrift.of(diverged_bank(100, 0), diverged_bank(30, 500)).arms
    assert arm.outcome == "stable"
    assert {each.diverged for each in arm.shifts} == {(25, 8)}


def test_an_arm_that_diverges_more_often_has_drifted_though_its_median_has_not() -> None:
    (arm,) = SuiteDrift.of(diverged_bank(100, 0, 50), diverged_bank(30, 500, 2)).arms
    assert arm.outcome == "drifted"
    assert {each.diverged for each in arm.shifts} == {(2, 15)}


def of_values(values: list[float]) -> Baseline:
    """An arm whose one statistic has these values."""
    arm = saved(noisy_runs(made_arm("0"), range(len(values))))
    one = replace(arm.statistics[0], values=tuple(values))
    return Baseline("made", {}, (replace(arm, statistics=(one,)),))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([0.5] * 30, [-inf, inf] * 15, ("0.5", "diverged in 30 of 30", "unknown [-inf, +inf]")),
        ([nan] * 30, [-inf, 0.5] * 15, ("diverged in 30 of 30", "diverged in 15 of 30", "-inf")),
        ([0.5] * 30, [0.5] * 29 + [nan], ("0.5", "0.5 (diverged in 1 of 30)", "+0 [+0, +0]")),
    ],
)
def test_diverged_runs_are_told_instead_of_a_median(
    old: list[float], new: list[float], told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = of_values(old), of_values(new)
    monkeypatch.setattr(SavedArm, "with_statistics", lambda arm, _: arm)  # not read off curves
    suite = SuiteDrift.of(*both)
    for lines in (terminal_table(suite.arms), markdown_table(suite.arms)):
        row = next(line for line in lines if "loss of the last" in line)
        assert all(text in row for text in told)
        assert "nan" not in row
    (arm,) = suite.arms
    assert f"median {told[0]} before, {told[1]} now, shift " in arm.headline
    assert "nan" not in arm.headline
    page = re.sub(r"<img[^>]*>", "", drift_page.comparison_page(suite))
    assert all(f">{text}</td>" in page for text in told[:2])


def test_a_committed_bank_with_an_arm_that_trains_to_nan_drifts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = baseline_file.read(places.baselines() / "tensorflow-2.21.0-cpu.json")
    page = tmp_path / "page.html"
    few = replace(bank, arms=tuple(arm for arm in bank.arms if arm.name in ("L1", "L2")))
    baseline_file.write(few, tmp_path / "before.json")
    for lost in (60, 100):
        now = trained_to_nan(few, "L2", lost)
        assert Rule.of(bank).arm(few.arms[1], now.arms[1]).outcome == "drifted"
        baseline_file.write(now, tmp_path / "now.json")
        files = [str(tmp_path / name) for name in ("before.json", "now.json")]
        assert compare.main([*files, "--output", str(page)]) == Status.DRIFTED
        lines = capsys.readouterr().out.splitlines()
        assert re.search(rf"^L2 .* 0.05474 +diverged in {lost} of 100 +\+inf .* drifted$", lines[1])
        assert lines[-2].endswith("by chance): L2.")
        assert {line.rpartition(" ")[2] for line in lines[2:-2]} == {"stable"}
        assert f"diverged in {lost} of 100</td>" in page.read_text()


def trained_to_nan(bank: Baseline, name: str, seeds: int) -> Baseline:
    """A bank of which so many runs of the arms of a name are NaN from the first epoch."""

    def broken(arm: SavedArm) -> SavedArm:
        lost = np.isin(np.arange(len(arm.seeds)), range(seeds))[:, None]
        curves = {metric: np.where(lost, nan, each) for metric, each in arm.curves.items()}
        return replace(arm, curves=curves).with_statistics(arm.statistics)

    arms = (broken(arm) if arm.name == name else arm for arm in bank.arms)
    return Baseline("now", bank.provenance, tuple(arms))


def test_too_few_seeds_are_refused() -> None:
    old = saved(noisy_runs(made_arm("0"), range(10)))
    match = (
        r"error of 6.3e-06 a side, one of 80 statistics: 10 or more against as many. Received: 9"
    )
    with pytest.raises(TooFewSeeds, match=match):
        Rule(80).arm(old, saved(noisy_runs(made_arm("0"), range(9))))
    assert Rule(80).arm(old, old).outcome in ("stable", "inconclusive")


def test_a_statistic_that_the_new_runs_cannot_give_is_left_out() -> None:
    old = saved(noisy_runs(made_arm("0"), range(30)))
    new = Baseline("b", {}, (old,)).arms[0]
    less = SavedArm.of(noisy_runs(made_arm("0"), range(30)), [], [])
    only = {"loss": less.curves["loss"]}
    found = Rule(2).arm(old, SavedArm(**{**vars(less), "curves": only}))
    assert [each.statistic for each in found.shifts] == ["loss of the last epoch"]
    suite = SuiteDrift.of(
        Baseline("a", {}, (old,)),
        Baseline("b", {}, (SavedArm(**{**vars(less), "curves": only}),)),
    )
    assert "loss of the last epoch" in drift_page.comparison_page(suite)
    none = Rule(2).arm(SavedArm(**{**vars(old), "statistics": ()}), new)
    assert none.headline.startswith("inconclusive: no statistic of the baseline can be read off")


def test_other_random_numbers_alone_raise_nothing() -> None:
    """Seeds that stand for other numbers in the new version, as its streams may."""
    before = baseline("2.20", "0", "0.1", "0.2")
    after = baseline("2.21", "0", "0.1", "0.2", seeds=30, first=7_000)
    assert {arm.outcome for arm in SuiteDrift.of(before, after).arms} == {"stable"}


def test_a_version_against_itself_raises_no_alarm() -> None:
    bank = baseline("2.21", "0", "0.1")
    assert false_alarms.false_alarms(bank, 300) == 0


def test_alarms_are_counted_and_more_than_promised_fail(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeds of two kinds: a rule that promises less takes some deals of them for a drift."""
    runs = noisy_runs(made_arm("0"), range(12))
    runs.history["loss"][6:] += 100
    bank = Baseline.of("mixed", {}, [saved(runs)])
    baseline_file.write(bank, path := tmp_path / "b.json")
    asked = [str(path), "--suites", "200", "--seeds", "4"]
    assert false_alarms.main(asked) == 0
    assert "0 of 200 suites of 2 statistics raised an alarm" in capsys.readouterr().out
    monkeypatch.setattr(drift, "FALSE_ALARMS", 0.5)
    assert false_alarms.main(asked) == 1
    with pytest.raises(ValueError, match=r"more than 30 seeds an arm. Received fewer of: 0"):
        false_alarms.false_alarms(bank, 1)


# Of these, which have 24 seeds, none would be left to compare 30 new ones with.
FEW = ("tensorflow-2.21.0-cpu-models", "tensorflow-2.21.0-cpu-conformance")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(places.baselines().glob("*.json")) if path.stem not in FEW],
    ids=lambda p: p.stem,
)
def test_a_committed_bank_against_itself_raises_no_alarm(path: Path) -> None:
    """A quick version of `training-claims false-alarms`: 10 suites, of which none may."""
    assert false_alarms.false_alarms(baseline_file.read(path), 10) == 0


def test_two_baselines_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = baseline("<2.20>", "0", "0.3", "0.1")
    after = baseline("2.21", "0", "0.2", "0.1", seeds=30, first=500, moved=0.03)
    for each in (before, after):
        baseline_file.write(each, tmp_path / f"{each.name}.json")
    names = [str(tmp_path / f"{each.name}.json") for each in (before, after)]
    output = tmp_path / "page.html"
    assert compare.main([*names, "--output", str(output)]) == 7
    said = capsys.readouterr().out.splitlines()
    assert said[1].split()[0] == "0.1"
    assert said[1].endswith("drifted")
    assert said[3].endswith("stable")
    assert "Expected arm '0.3' in baseline '2.21'. Received: one of 3 others." in said[-2]
    page = output.read_text()
    assert "1 drifted, 0 inconclusive, 1 stable of 2 arms" in page
    assert "&lt;2.20&gt;" in page
    assert page.count("data:image/svg+xml") == 2
    assert compare.main([names[0], names[0], "--output", str(output)]) == 0
    assert compare.main([names[0], str(tmp_path / "none.json")]) == 4
    assert "Cannot compare: Expected a baseline in none.json" in capsys.readouterr().err


def test_baselines_of_nothing_alike_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("0", "0.1"):
        baseline_file.write(baseline(name, name), tmp_path / f"{name}.json")
    files = [str(tmp_path / f"{name}.json") for name in ("0", "0.1")]
    assert compare.main([*files, "--output", str(tmp_path / "page.html")]) == 4
    assert "no arm can be compared" in capsys.readouterr().err
