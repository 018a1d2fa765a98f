"""The quick part of `make audit`: a few hundred suites of a made baseline, by the real judge."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest

from training_claims.condition import Condition
from training_claims.evidence.design import SUITE, GroupSequential
from training_claims.evidence.readings import late, rise
from training_claims.evidence.region import Differences, Region, Side
from training_claims.evidence.statistic import Comparison
from training_claims.evidence.verdict import weigh
from training_claims.faults.injection import mark
from training_claims.reports.audit import characteristics
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.detection import (
    FIRST_SEED,
    Detection,
    Watched,
    detected,
    injected_runs,
    least_rate,
)
from training_claims.reports.audit.findings import always_seen, find, of_coverage, of_detections
from training_claims.reports.audit.halves import split, statistics_of
from training_claims.reports.audit.suites import draws, resampled
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.reports.drift.rule import Rule
from training_claims.reports.records import record_of
from training_claims.runs.history import History, Runs
from training_claims.runs.source import RunSource
from training_claims.runs.store import RunStore
from training_claims.testing.judgement import made_arm

EPOCHS = 8
TREATED, CONTROL = made_arm("treated", EPOCHS), made_arm("control", EPOCHS)


def made_runs(arm: Condition, accuracy: float, seeds: range, *, sd: float = 0.01) -> Runs:
    """Runs whose accuracy is normal about a value, and whose loss ends as far above its best."""
    rng = np.random.default_rng([seeds.start, *arm.name.encode()])
    reached = rng.normal(accuracy, sd, (len(seeds), 1))
    epochs = np.arange(EPOCHS)
    curves = {
        "val_accuracy": np.repeat(reached, EPOCHS, axis=1),
        "val_loss": 1 + np.where(epochs < EPOCHS // 2, -epochs, reached * epochs),
    }
    return Runs(arm, tuple(seeds), History(curves), {"tensorflow": "2.0", "device": "CPU"})


def made_claims(baseline: Baseline) -> list[Banked]:
    """Three claims, each with 3 SD or more beyond its margin."""
    better = late("val_accuracy", TREATED).exceeds(late("val_accuracy", CONTROL), by=0.05)
    known = late("val_accuracy", CONTROL).equivalent_to(0.5, within=0.05)
    rises = rise("val_loss", TREATED).exceeds(0.1, by=0)
    named = {"Better": better, "Known": known, "Rises": rises}
    return [
        Banked.of(name.lower(), name, each, runs_of(each, baseline)) for name, each in named.items()
    ]


def runs_of(comparison: Comparison, baseline: Baseline) -> dict[Condition, Runs]:
    """The baseline's runs of a comparison's arms."""
    return {arm: baseline.runs(arm) for arm in comparison.arms}


def made_baseline(seeds: int = 60) -> Baseline:
    """Both arms, with what the claims read."""
    numbers = range(10_000, 10_000 + seeds)
    parts = [
        SavedArm.of(made_runs(arm, accuracy, numbers), [late("val_accuracy", arm)], [arm.name])
        for arm, accuracy in ((TREATED, 0.6), (CONTROL, 0.5))
    ]
    return Baseline.of("made", {"tensorflow": "2.0"}, parts)


BASELINE = made_baseline()
SEEDS = range(FIRST_SEED, FIRST_SEED + 30)
CLAIMS = made_claims(BASELINE)
# Errors are common enough to be counted in a few hundred suites.
LOOSE = GroupSequential((4, 8, 12), alpha=0.2, refute_error=0.2)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def four_se(rate: float, count: int) -> float:
    return 4 * float((rate * (1 - rate) / count) ** 0.5)


def test_true_suites_are_supported_on_few_seeds() -> None:
    suites = resampled(CLAIMS, GroupSequential(), 200, rng())
    assert (suites.refuting, suites.supporting) == (0, 200)
    assert suites.more_open_than(1) == 0
    assert 12 <= suites.mean_seeds < 14


def test_a_suite_on_its_boundary_errs_as_often_as_was_enumerated() -> None:
    (claim,) = [claim for claim in CLAIMS if claim.statement == "Better"]
    border = claim.boundary
    assert np.median(border.differences.values) == pytest.approx(0.05)
    suites = resampled([border], LOOSE, 1000, rng())
    prospect = LOOSE.power(0.5)
    assert suites.supporting / 1000 == pytest.approx(
        prospect.supported, abs=four_se(prospect.supported, 1000)
    )
    assert suites.refuting / 1000 == pytest.approx(
        prospect.refuted, abs=four_se(prospect.refuted, 1000)
    )
    assert suites.mean_seeds == pytest.approx(prospect.mean_seeds, abs=0.4)


def test_arms_take_the_seeds_of_the_claim_that_needs_most() -> None:
    split_claim = [replace(CLAIMS[0], differences=Differences.of([1.0, -1.0] * 30))]
    suites = resampled([*split_claim, *CLAIMS[1:]], GroupSequential(), 20, rng())
    assert suites.mean_seeds > 25
    assert suites.more_open_than(0) > 15


def test_infinite_differences_have_a_boundary_too() -> None:
    diverged = replace(CLAIMS[0], differences=Differences.of([inf] * 40))
    assert {*diverged.boundary.differences.values} == {0.05}


def test_halves_of_an_arm_separate_as_often_as_was_enumerated() -> None:
    read = statistics_of(CLAIMS)
    assert len(read) == 3
    halves = split(read, LOOSE, 300, rng())
    support, refute = (2 * LOOSE.power(0.5).supported, 2 * LOOSE.power(0.5).refuted)
    assert halves.supporting / halves.count == pytest.approx(support, abs=four_se(support, 900))
    assert halves.refuting / halves.count == pytest.approx(refute, abs=four_se(refute, 900))


def test_a_judge_that_favours_support_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Region, "sides", property(lambda self: (Side(1, self.margin - 0.004),)))
    exceeds, _ = characteristics.of_halves(CLAIMS, GroupSequential(), 600, rng())
    assert not exceeds.kept


def test_boundaries_that_are_wrong_are_flagged_and_right_ones_are_not() -> None:
    wrong = characteristics.of_a_wrong_boundary(CLAIMS, rng())
    assert wrong.kept
    assert f"{SUITE.claims} claims" in wrong.measured
    planned = [CLAIMS[0]] * SUITE.claims
    _, support = characteristics.of_the_design(planned, GroupSequential())
    assert support.kept
    halves = characteristics.of_halves(
        CLAIMS, GroupSequential(), characteristics.CONTROL_SPLITS, rng()
    )
    assert all(each.kept for each in halves)


def test_a_control_that_is_not_flagged_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characteristics, "TooEager", GroupSequential)
    assert not characteristics.of_a_wrong_boundary(CLAIMS, rng()).kept


@pytest.mark.parametrize("looks", [(12, 20, 30, 60), (4, 8, 12), (3,), (20, 31)])
def test_errors_counted_from_boundaries_are_those_that_were_spent(looks: tuple[int, ...]) -> None:
    design = GroupSequential(looks)
    spent = (design.false_support, design.false_refutation)
    assert characteristics.errors(design) == pytest.approx(spent, rel=1e-9)


def test_the_suite_has_no_more_claims_than_are_planned_for() -> None:
    suite = Path(__file__).parents[2] / "claims"
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "--collect-only",
        "-q",
        "-m",
        "not contract",
        str(suite),
    ]
    said = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    counted = re.search(r"(\d+)(?:/\d+)? tests collected", said)
    assert counted is not None
    assert 90 < int(counted[1]) <= SUITE.claims


def test_characteristics_that_are_kept() -> None:
    found = find(BASELINE, CLAIMS, {}, source=_store(Path("nowhere")), suites=400)
    kept = {each.name: each.kept for each in found.characteristics}
    # The bound of so few suites is no evidence, and nothing was trained with a fault.
    assert [name for name, ok in kept.items() if ok is False] == ["a true suite shows a refutation"]
    assert [name for name, ok in kept.items() if ok is None] == ["a training fault is caught"]
    assert json.loads(json.dumps(record_of(found), allow_nan=False))["characteristics"]
    assert "| a harness fault is caught | always | 11 of 11 |" in "\n".join(found.lines())


def test_characteristics_that_are_not_kept() -> None:
    wrong = [replace(claim, differences=Differences.of([-1.0] * 60)) for claim in CLAIMS]
    refuted, boundary, left_open, seeds = characteristics.of_resampled_suites(
        wrong, GroupSequential(), 50, rng()
    )
    assert (refuted.kept, refuted.measured[:8]) == (False, "50 of 50")
    assert boundary.kept is False  # so few suites show nothing
    assert (left_open.kept, seeds.kept) == (False, False)
    assert not characteristics.of_every_claim(wrong).kept
    many = CLAIMS * 400
    assert [each.kept for each in characteristics.of_the_design(many, GroupSequential())] == [
        False,
        False,
    ]


def test_signed_ranks_are_reckoned_by_their_own_rates() -> None:
    claim, *_ = CLAIMS
    ranked = replace(claim, comparison=claim.comparison.by_signed_ranks("made symmetric"))
    _, support = characteristics.of_the_design([claim, ranked], GroupSequential())
    rates = GroupSequential().false_support + GroupSequential(test="signed rank").false_support
    assert support.measured == f"<= {rates:.3g}, 2 claims"
    assert "1 by signed ranks, under symmetric distributions alone" in support.how
    verdict = ranked.judged(np.arange(60), GroupSequential())
    assert verdict.design.test == "signed rank"
    assert ranked.power.supported == pytest.approx(1, abs=0.01)


def test_a_claim_that_the_baseline_lacks_is_named() -> None:
    characteristic = of_coverage(2, {"Worse": "no arm"})
    assert (characteristic.measured, characteristic.kept) == (
        "2 of 3 claims; not 'Worse': no arm",
        False,
    )
    many = of_coverage(2, {f"Worse {n}": "no arm" for n in range(4)})
    assert many.measured == "2 of 6 claims; not 'Worse 0' and 3 more"


def _store(folder: Path) -> RunSource:
    def none(*_: object) -> list[dict[str, list[float]]]:
        raise AssertionError("Nothing trains here.")

    return RunSource(RunStore(folder), none, none, {"device": "CPU"})


def _detected(accuracy: float, conformance: tuple[str, ...] | None = ()) -> Detection:
    arms: tuple[Condition, ...] = (TREATED, CONTROL)
    runs = {arm: made_runs(arm, accuracy, SEEDS) for arm in arms}
    return detected(CLAIMS, runs, BASELINE, "made", suites=100, rng=rng(), conformance=conformance)


def test_a_fault_that_changes_what_is_claimed_is_caught_by_claims_and_by_drift() -> None:
    detection = _detected(0.3)
    assert detection.caught == 100
    assert {"Better", "Known", "drift of treated: mean val_accuracy of the last 5 epochs"} <= {
        *detection.by
    }
    assert detection.mean_seeds["Known"] == 20
    assert always_seen(detection)
    characteristic = of_detections([detection], 2)
    assert (characteristic.kept, characteristic.measured) == (
        False,
        "1 of 2 faults; 1 not trained; 1 also for other seeds",
    )
    assert of_detections([detection], 1).kept


def test_what_is_shown_of_other_seeds_grows_with_injected_ones() -> None:
    rule = Rule.of(BASELINE)
    saved = BASELINE.arm(TREATED).statistics[0]

    def least(seeds: int, accuracy: float, statistics: int = 1) -> float:
        watched = Watched("treated", saved, (accuracy,) * seeds)
        return least_rate([], [watched] * statistics, rule, 30)

    assert least(30, 0.9) == pytest.approx(least(30, 0.1))  # beyond, in either direction
    assert 0.5 < least(30, 0.9) < least(60, 0.9) < least(100, 0.9) < 1
    assert least(30, 0.9, statistics=6) < 0.95 < least(60, 0.9, statistics=6)
    assert least(100, 0.6) == 0  # within the baseline


def test_the_rate_that_is_shown_is_a_lower_bound() -> None:
    rule, saved = Rule.of(BASELINE), BASELINE.arm(TREATED).statistics[0]
    values = np.where(np.arange(60) < 55, 0.9, 0.3)
    watched = Watched("treated", saved, tuple(values.tolist()))
    suites = [
        rule.drifted(values[rows].tolist(), saved.values, saved.margin)
        for rows in draws(60, 30, 300, rng())
    ]
    assert 0 < least_rate([], [watched], rule, 30) < np.mean(suites)


@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_injected_runs_that_diverge_are_caught_for_other_seeds_too(worst: float) -> None:
    """A NaN among the baseline's or the injected numbers counts as far, never as near."""
    rule, saved = Rule.of(BASELINE), BASELINE.arm(TREATED).statistics[0]
    assert least_rate([], [Watched("treated", saved, (worst,) * 60)], rule, 30) > 0.5
    one = replace(saved, values=(worst, *saved.values[1:]))
    assert least_rate([], [Watched("treated", one, (0.1,) * 60)], rule, 30) > 0.5
    assert least_rate([], [Watched("treated", saved, saved.values[:60])], rule, 30) == 0


def test_claims_that_injected_seeds_lose_show_it_for_other_seeds_too() -> None:
    def least(losing: int, seeds: int) -> float:
        better = replace(
            CLAIMS[0], differences=Differences.of([-1.0] * losing + [1.0] * (seeds - losing))
        )
        return least_rate([better], [], Rule.of(BASELINE), 30)

    assert 0.99 < least(60, 60) < 1
    assert 0.5 < least(55, 60) < least(60, 60)
    assert least(30, 60) < 1e-4


def test_a_fault_that_changes_nothing_is_caught_by_none() -> None:
    runs: dict[Condition, Runs] = {CONTROL: made_runs(CONTROL, 0.5, SEEDS)}
    quiet = detected(CLAIMS, runs, BASELINE, "made", suites=100, rng=rng(), conformance=())
    assert (quiet.caught, dict(quiet.by)) == (0, {})
    assert not always_seen(quiet)
    assert not always_seen(replace(quiet, conformance=None))
    assert always_seen(replace(quiet, conformance=("test_order",)))
    assert "all but made" in of_detections([quiet], 1).measured


def test_injected_runs_are_those_of_the_fault_and_complete(tmp_path: Path) -> None:
    clean = _store(tmp_path)
    broken = replace(clean, environment={"device": "CPU", **mark("no-shuffling")})
    for seed in SEEDS:
        broken.store.write(broken.key(TREATED), seed, {"loss": [seed / 1e5]}, {})
        if seed < SEEDS[-1]:
            broken.store.write(broken.key(CONTROL), seed, {"loss": [seed / 1e5]}, {})
    found = injected_runs(clean, [TREATED, CONTROL], "no-shuffling")
    assert list(found) == [TREATED]
    assert found[TREATED].history["loss"][:, 0].tolist() == [seed / 1e5 for seed in SEEDS]
    assert injected_runs(clean, [TREATED], "l2-doubled") == {}


def test_drawn_seeds_are_judged_as_a_session_judges_them() -> None:
    rows = np.arange(30)
    for claim in CLAIMS:
        session = weigh(claim.comparison, claim.differences, GroupSequential())
        drawn = claim.judged(rows, GroupSequential())
        assert (drawn.outcome, drawn.tally) == (session.outcome, session.tally)


def test_a_claim_that_is_banked_keeps_its_runs() -> None:
    claim = Banked.of(
        "late", "Late", late("val_accuracy", TREATED).exceeds(0.5, by=0), CLAIMS[0].runs
    )
    assert not any(isnan(value) for value in claim.differences.values)
    assert claim.power.seeds == 60
