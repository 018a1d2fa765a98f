"""A judgement that nothing trained, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fixtures.arm import Arm
from fixtures.datasets import Dataset
from fixtures.evidence import Comparison, Design, Statistic, late, weigh
from fixtures.hooks import Judgement
from fixtures.runs import History, Runs


class MadeModel:
    """Stands for a Keras model."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Remember the shape."""
        self.shape = shape

    def summary(self, print_fn: Any, line_length: int) -> None:
        """Print one line."""
        print_fn(f"made model <{self.shape}> of {line_length} columns")


class MadeOptimizer:
    """Stands for a Keras optimizer."""

    def get_config(self) -> dict[str, object]:
        """The settings, as Keras names them."""
        return {"name": "made", "learning_rate": 0.001, "nesterov": False}


class MadeArm(Arm):
    """An arm that says what decides its numbers without asking Keras."""

    def description(self) -> dict[str, Any]:
        """Its name alone."""
        return {"name": self.name}


def made_arm(name: str, epochs: int = 8) -> Arm:
    """An arm of ten examples of four inputs."""
    dataset = Dataset("made", np.zeros((10, 4), np.float32), np.zeros(10, np.int32), 2)
    return MadeArm(name, dataset, MadeModel, MadeOptimizer, epochs)


def made_runs(arm: Arm, offset: float = 0.0, seeds: int = 12, rise: float = 0.0) -> Runs:
    """Runs whose curves fall smoothly, and whose validation loss climbs again by `rise`."""
    noise = np.random.default_rng(0).normal(scale=0.001, size=(seeds, arm.budget))
    epochs = np.arange(1, arm.budget + 1)
    loss = np.exp(-epochs / 3) + noise
    late_rise = rise * np.maximum(0, epochs - arm.budget // 2)
    curves = {"loss": loss, "val_loss": loss + 0.1 + late_rise, "val_accuracy": 1 - loss + offset}
    return Runs(arm, tuple(range(seeds)), History(curves), {"tensorflow": "2.0", "device": "CPU"})


def noisy_runs(arm: Arm, seeds: Sequence[int], moved: float = 0.0) -> Runs:
    """Runs whose curves differ by seed, about the number that the arm is named by, moved by some.

    A curve's values have an SD of 0.01, about the same number in every epoch.
    """
    noise = [np.random.default_rng(seed).normal(scale=0.01, size=arm.budget) for seed in seeds]
    curves = float(arm.name) + moved + np.array(noise)
    history = History({"loss": curves, "val_accuracy": curves})
    return Runs(arm, tuple(seeds), history, {"tensorflow": "2.0", "device": "CPU"})


def made_judgement(
    offset: float = 0.1, name: str = "noise", *, direction: str = "exceeds", margin: float = 0.01
) -> Judgement:
    """A claim that validation accuracy of an arm lies an offset above another's."""
    left = made_runs(made_arm(name), offset)
    right = made_runs(made_arm("control"))
    ours, theirs = (late("val_accuracy", run.arm) for run in (left, right))
    comparison = _comparison(ours, theirs, direction, margin)
    differences = comparison.differences({run.arm: run for run in (left, right)})
    verdict = weigh(comparison, differences, Design(looks=(12,)))
    source = "Noise channels"
    return Judgement("Noise helps", source, source, comparison, verdict, (left, right), 1.5)


def _comparison(left: Statistic, right: Statistic, direction: str, margin: float) -> Comparison:
    if direction == "equals":
        return left.equals(right, within=margin)
    return (
        left.exceeds(right, by=margin) if direction == "exceeds" else left.below(right, by=margin)
    )
