from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.readings import final, first
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
    assert len(figures.curves.svg) < 50_000
    assert len(figures.strip.svg) < 30_000
    assert "val_accuracy</text>" in figures.curves.svg.replace(" <", "<")
    ticks = re.findall(r">\s*([\d.]+)\s*</text>", figures.strip.svg)
    assert "0.100" in ticks


def test_same_judgement_gives_the_same_svg(figures: Figures) -> None:
    assert draw(made_judgement()).curves == figures.curves


def of_numbers(*rows: list[float]) -> str:
    """The picture of an experiment whose seeds gave these numbers, each in a row of one length."""
    experiment = Experiment("numbers", lambda _: {}, Curve("off", "less"), epochs=len(rows[0]))
    runs = Runs(experiment, tuple(range(len(rows))), History({"off": np.array(rows)}))
    judgement = dataclasses.replace(made_judgement(), runs=(runs,))
    return draw(judgement).curves.svg.replace(" <", "<")


def test_an_experiment_has_numbers_not_epochs_and_filling_is_no_loss() -> None:
    picture = of_numbers([1.0, 2.0, np.nan], [1.0, np.nan, np.nan])
    assert "number</text>" in picture
    assert "epoch" not in picture
    assert "not finite" not in picture
    assert "1 of 2 not finite" in of_numbers([1.0, np.inf, np.nan], [1.0, 2.0, 3.0])


def test_signed_numbers_are_on_a_linear_axis() -> None:
    powers, below = [1e-6, 1e-3, 1.0, 1e3], "\N{MINUS SIGN}1000"
    assert below not in of_numbers(powers)
    assert below in of_numbers([-1e3, *powers])


def test_long_arms_stay_small() -> None:
    judgement = made_judgement()
    runs = tuple(made_runs(made_arm(f"arm {n}", 120), 0.01 * n, seeds=30) for n in range(4))
    assert len(draw(dataclasses.replace(judgement, runs=runs)).curves.svg) < 60_000


@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf])
def test_losses_that_explode_are_drawn(worst: float) -> None:
    figures = draw(exploding(worst))
    assert "10" in figures.curves.svg
    assert "nan" not in figures.curves.svg.lower()
    assert "wild, 4 of 12 not finite at the end<" in figures.curves.svg.replace(" <", "<")
    assert "calm<" in figures.curves.svg.replace(" <", "<")


def test_nothing_finite_is_said_so() -> None:
    judgement = exploding(np.nan)
    runs = tuple(
        Runs(run.arm, run.seeds, History({"loss": np.full((12, 8), np.nan)}))
        for run in judgement.runs
    )
    assert "no finite value" in draw(dataclasses.replace(judgement, runs=runs)).curves.svg


def test_seeds_that_all_tie_are_drawn() -> None:
    assert "difference" in draw(made_judgement(0.0, margin=0.0)).strip.svg


def test_overfitting_starts_where_validation_loss_turns() -> None:
    assert overfits_from(made_runs(made_arm("a"), rise=0.5)) == 4


def test_arms_that_do_not_turn_do_not_overfit() -> None:
    assert overfits_from(made_runs(made_arm("a"))) is None


def test_a_curve_that_one_arm_lacks_is_drawn_for_the_others() -> None:
    judgement = made_judgement()
    left, right = judgement.runs
    curves = {"data_loss": np.ones_like(left.history["val_loss"]), **left.history.metrics}
    other = Runs(left.arm, left.seeds, History(curves))
    comparison = final("data_loss", left.arm).below(final("val_loss", right.arm), by=0)
    changed = dataclasses.replace(judgement, comparison=comparison, runs=(other, right))
    assert "data_loss</text>" in draw(changed).curves.svg.replace(" <", "<")


def test_of_dozens_of_arms_some_are_drawn() -> None:
    judgement = made_judgement()
    runs = tuple(made_runs(made_arm(f"arm {n}"), 0.01 * n) for n in range(40))
    figures = draw(dataclasses.replace(judgement, runs=runs))
    assert "6 of 40 arms" in figures.curves.svg
    assert "arm 5<" in figures.curves.svg.replace(" <", "<")
    assert "arm 6<" not in figures.curves.svg.replace(" <", "<")
    assert len(figures.curves.svg) < 80_000
