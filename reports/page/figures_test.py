from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.readings import final, first
from training_claims.evidence.statistic import Statistic
from training_claims.evidence.verdict import weigh
from training_claims.experiment import Experiment
from training_claims.hooks import Judgement
from training_claims.reports.page.figures import Figures, draw, overfits_from
from training_claims.runs.history import History, Runs
from training_claims.testing.judgement import made_arm, made_judgement, made_runs
from training_claims.values.curve import Curve


@pytest.fixture(scope="module")
def figures() -> Figures:
    return draw(made_judgement())


def curves(judgement: Judgement) -> str:
    """The picture of a claim's curves."""
    found = draw(judgement).curves
    assert found
    return found.svg.replace(" <", "<")


def exploding(worst: float) -> Judgement:
    """Losses thousands of times another's, some of them not finite."""
    calm, wild = made_runs(made_arm("calm")), made_runs(made_arm("wild"))
    curves = {name: np.array(values) for name, values in wild.history.metrics.items()}
    curves["loss"] = 1e4 * curves["loss"]
    curves["loss"][::3, :] = worst
    wild = Runs(wild.arm, wild.seeds, History(curves))
    comparison = first("loss", wild.arm).exceeds(first("loss", calm.arm), by=1)
    differences = comparison.differences({calm.arm: calm, wild.arm: wild})
    verdict = weigh(comparison, differences, GroupSequential(looks=(12,)))
    return dataclasses.replace(
        made_judgement(), comparison=comparison, verdict=verdict, runs=(wild, calm)
    )


def test_svg_is_small_and_keeps_its_numbers(figures: Figures) -> None:
    assert len(curves(made_judgement())) < 50_000
    assert len(figures.strip.svg) < 30_000
    assert "val_accuracy</text>" in curves(made_judgement())
    ticks = re.findall(r">\s*([\d.]+)\s*</text>", figures.strip.svg)
    assert "0.100" in ticks


def test_same_judgement_gives_the_same_svg(figures: Figures) -> None:
    assert draw(made_judgement()).curves == figures.curves


def of_numbers_read(statistic: Statistic, rows: Sequence[list[float]]) -> Judgement:
    """A claim that an experiment's numbers are below 9, by some statistic of them."""
    runs = Runs(statistic.arms[0], tuple(range(len(rows))), History({"off": np.array(rows)}))
    comparison = statistic.below(9, by=0)
    return dataclasses.replace(made_judgement(), comparison=comparison, runs=(runs,))


def of_numbers(*rows: list[float]) -> str:
    """The picture of an experiment whose seeds gave these numbers, each in a row of one length."""
    experiment = Experiment("numbers", lambda _: {}, Curve("off", "less"), epochs=len(rows[0]))
    return curves(of_numbers_read(final("off", experiment), rows))


def test_an_experiment_has_numbers_not_epochs_and_filling_is_no_loss() -> None:
    picture = of_numbers([1.0, 2.0, np.nan], [1.0, np.nan, np.nan])
    assert "number</text>" in picture
    assert "epoch" not in picture
    assert "not finite" not in picture
    assert "1 of 2 not finite" in of_numbers([1.0, np.inf, np.nan], [1.0, 2.0, 3.0])


def test_a_claim_that_reads_no_curve_shows_none() -> None:
    @dataclasses.dataclass(frozen=True)
    class Largest:
        def __call__(self, runs: Sequence[Runs]) -> Any:
            return runs[0].history["off"].max(axis=1)

    experiment = Experiment("numbers", lambda _: {}, Curve("off", "less"))
    largest = Statistic("largest", "", None, (experiment,), Largest())
    figures = draw(of_numbers_read(largest, [[1.0], [2.0]]))
    assert not figures.curves
    assert "difference" in figures.strip.svg


def test_signed_numbers_are_on_a_linear_axis() -> None:
    powers, below = [1e-6, 1e-3, 1.0, 1e3], "\N{MINUS SIGN}1000"
    assert below not in of_numbers(powers)
    assert below in of_numbers([-1e3, *powers])


def test_long_arms_stay_small() -> None:
    judgement = made_judgement()
    runs = tuple(made_runs(made_arm(f"arm {n}", 120), 0.01 * n, seeds=30) for n in range(4))
    assert len(curves(dataclasses.replace(judgement, runs=runs))) < 60_000


@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf])
def test_losses_that_explode_are_drawn(worst: float) -> None:
    picture = curves(exploding(worst))
    assert "10" in picture
    assert "nan" not in picture.lower()
    assert "wild, 4 of 12 not finite at the end<" in picture
    assert "calm<" in picture


def test_nothing_finite_is_said_so() -> None:
    judgement = exploding(np.nan)
    runs = tuple(
        Runs(run.arm, run.seeds, History({"loss": np.full((12, 8), np.nan)}))
        for run in judgement.runs
    )
    assert "no finite value" in curves(dataclasses.replace(judgement, runs=runs))


def test_seeds_that_all_tie_are_drawn() -> None:
    assert "difference" in draw(made_judgement(0.0, margin=0.0)).strip.svg


def test_overfitting_starts_where_validation_loss_turns() -> None:
    assert overfits_from(made_runs(made_arm("a"), rise=0.5)) == 4


def test_arms_that_do_not_turn_do_not_overfit() -> None:
    assert overfits_from(made_runs(made_arm("a"))) is None


def test_a_curve_that_one_arm_lacks_is_drawn_for_the_others() -> None:
    judgement = made_judgement()
    left, right = judgement.runs
    more = {"data_loss": np.ones_like(left.history["val_loss"]), **left.history.metrics}
    other = Runs(left.arm, left.seeds, History(more))
    comparison = final("data_loss", left.arm).below(final("val_loss", right.arm), by=0)
    changed = dataclasses.replace(judgement, comparison=comparison, runs=(other, right))
    assert "data_loss</text>" in curves(changed)


def test_of_dozens_of_arms_some_are_drawn() -> None:
    judgement = made_judgement()
    runs = tuple(made_runs(made_arm(f"arm {n}"), 0.01 * n) for n in range(40))
    picture = curves(dataclasses.replace(judgement, runs=runs))
    assert "6 of 40 arms" in picture
    assert "arm 5<" in picture
    assert "arm 6<" not in picture
    assert len(picture) < 80_000
