"""What Keras computes, beside what it documents as written out by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training_claims import Curve, Experiment, builder, statistics

# What float32 leaves of numbers of about 1, after some hundred operations.
ROUNDING = 1e-5
ORACLE = " by the oracle"

Pairs = Mapping[str, tuple[Any, Any]]


def contract(*names: str, numbers: int = 1) -> Callable[[Callable[..., Pairs]], Any]:
    """Make an experiment of a function of a seed that returns Keras's numbers and an oracle's.

    Args:
        names: The quantities it returns, each as a pair of arrays of one shape.
        numbers: How many numbers the largest of them has; smaller ones are filled up with NaN.

    Returns:
        A decorator. What it makes takes the function's arguments after the seed, and returns an
        `Experiment` with the curves `name` and `name by the oracle` for each quantity.

    Example:
        >>> @contract("mean", "sorted", numbers=3)
        ... def of_three(seed, scale):
        ...     x = np.random.default_rng(seed).normal(scale=scale, size=3)
        ...     return {"mean": (x.mean(), x.sum() / 3), "sorted": (np.sort(x), sorted(x))}
        >>> print(agreement("sorted", of_three(2.0)))
        largest error of sorted (of_three(2.0)) is equivalent to 0 within 1e-05
    """
    curves = [Curve(curve, "less") for name in names for curve in (name, name + ORACLE)]

    def made(function: Callable[..., Pairs]) -> Callable[..., Experiment]:
        def stated(*args: Any, **options: Any) -> Experiment:
            name = repr(builder(function)(*args, **options))
            run = beside(function, numbers, *args, **options)
            return Experiment(name, run, curves, epochs=numbers)

        return stated

    return made


@builder
def beside(
    seed: int, function: Callable[..., Pairs], numbers: int, *args: Any, **options: Any
) -> dict[str, Any]:
    """The pairs that a function returns for a seed, each as two curves of so many numbers."""
    found: dict[str, Any] = {}
    for name, pair in function(seed, *args, **options).items():
        keras, oracle = (np.asarray(side, np.float64) for side in pair)
        if keras.shape != oracle.shape:
            raise ValueError(
                f"Expected {name!r} of {function.__name__} in one shape. Received: {keras.shape} "
                f"of Keras, {oracle.shape} of the oracle. Write the oracle for what Keras returns."
            )
        found |= {name: _filled(keras, numbers), name + ORACLE: _filled(oracle, numbers)}
    return found


def agreement(name: str, experiment: Experiment, *, within: float = ROUNDING) -> Any:
    """The claim that Keras's numbers of a quantity are the oracle's.

    Args:
        name: The quantity.
        experiment: What `contract` makes.
        within: The largest error of any number: absolute below 1, relative above.
    """
    measure = LargestError(name)
    told = statistics.Statistic(f"largest error of {name}", "", None, (experiment,), measure)
    return told.equivalent_to(0, within=within)


@dataclass(frozen=True)
class LargestError:
    """How far the worst of a quantity's numbers is off; infinite where one side alone is NaN."""

    name: str

    def __call__(self, runs: Any) -> Any:
        """See `Statistic`."""
        keras, oracle = (runs[0].history[self.name + side] for side in ("", ORACLE))
        with np.errstate(invalid="ignore"):
            error = np.abs(keras - oracle) / np.maximum(1, np.abs(oracle))
        same = (keras == oracle) | (np.isnan(keras) & np.isnan(oracle))
        return np.where(same, 0, np.nan_to_num(error, nan=np.inf, posinf=np.inf)).max(axis=1)


def _filled(values: Any, numbers: int) -> Any:
    return np.pad(values.ravel(), (0, numbers - values.size), constant_values=np.nan)
