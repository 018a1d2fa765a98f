from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from fixtures.evidence import final, late
from fixtures.runs import Runs
from reports import baseline_file, compare, drift, drift_page, false_alarms
from reports.baseline import Baseline, SavedArm
from reports.drift import ArmDrift, Rule, SuiteDrift, TooFewSeeds, alerts
from reports.made_judgement import made_arm, noisy_runs


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
    back = ArmDrift.from_json(json.loads(json.dumps(Rule(2).arm(fine, lost).as_json())))
    assert back == Rule(2).arm(fine, lost)


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


@pytest.mark.parametrize("path", sorted(baseline_file.FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_a_committed_bank_against_itself_raises_no_alarm(path: Path) -> None:
    """A quick version of `python -m reports.false_alarms`: 10 suites, of which none may."""
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
    assert "Expected arm '0.3' in baseline '2.21'. Received: one of 0, 0.1, 0.2." in said[-2]
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
