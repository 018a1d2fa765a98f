"""What Keras computes, beside what it documents as written out by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training_claims import Curve, Experiment, builder, statistics
from training_claims.evidence.measures import apart

# What float32 leaves of numbers of about 1, after some hundred operations.
ROUNDING = 1e-5
ORACLE = " by the oracle"

Pairs = Mapping[str, tuple[Any, Any]]
Options = Mapping[str, Any]


def contract(*names: str, numbers: int = 1) -> Callable[[Callable[..., Pairs]], Any]:
    """Make an experiment of a function of a seed that returns Keras's numbers and an oracle's.

    Args:
        names: The quantities it returns, each as a pair of arrays of one shape.
        numbers: How many numbers the largest of them has; smaller ones are filled up with NaN.

    Returns:
        A decorator. What it makes takes the function's arguments after the seed, and returns an
        `Experiment` with the curves `name` and `name by the oracle` for each quantity. Its method
        `each` takes {variant: named arguments} and what all variants share, and returns one
        `Experiment` of them all, whose quantities are `name of variant`.

    Example:
        >>> @contract("mean", "sorted", numbers=3)
        ... def of_three(seed, scale):
        ...     x = np.random.default_rng(seed).normal(scale=scale, size=3)
        ...     return {"mean": (x.mean(), x.sum() / 3), "sorted": (np.sort(x), sorted(x))}
        >>> print(agreement("sorted", of_three(2.0)))
        largest error of sorted (of_three(2.0)) is equivalent to 0 within 1e-05
        >>> print(agreement("mean", of_three.each({"narrow": {"scale": 1}, "wide": {"scale": 9}})))
        largest error of mean of narrow, mean of wide (of_three of narrow, wide) is equivalent to 0 within 1e-05
    """  # noqa: E501 -- what is printed is one line

    def made(function: Callable[..., Pairs]) -> Any:
        def stated(*args: Any, **options: Any) -> Experiment:
            run = beside(function, numbers, *args, **options)
            return Experiment(called(args, options), run, curves_of(names), epochs=numbers)

        def each(variants: Mapping[str, Options], *args: Any, **options: Any) -> Experiment:
            run = beside_each(function, numbers, dict(variants), *args, **options)
            found = [f"{name} of {variant}" for variant in variants for name in names]
            name = f"{called(args, options).removesuffix('()')} of {', '.join(variants)}"
            return Experiment(name, run, curves_of(found), epochs=numbers)

        def called(args: Any, options: Any) -> str:
            return repr(builder(function)(*args, **options))

        stated.each = each  # type: ignore[attr-defined]
        return stated

    return made


def curves_of(names: Iterable[str]) -> list[Curve]:
    """Keras's and the oracle's numbers of each quantity."""
    return [Curve(curve, "less") for name in names for curve in (name, name + ORACLE)]


@builder
def beside(
    seed: int, function: Callable[..., Pairs], numbers: int, *args: Any, **options: Any
) -> dict[str, Any]:
    """The pairs that a function returns for a seed, each as two curves of so many numbers."""
    return curved(function(seed, *args, **options), numbers, function.__name__)


@builder
def beside_each(
    seed: int,
    function: Callable[..., Pairs],
    numbers: int,
    variants: Mapping[str, Options],
    *args: Any,
    **options: Any,
) -> dict[str, Any]:
    """The pairs that a function returns for a seed in each of its variants."""
    found: dict[str, Any] = {}
    for variant, own in variants.items():
        pairs = function(seed, *args, **{**options, **own})
        named = {f"{name} of {variant}": pair for name, pair in pairs.items()}
        found |= curved(named, numbers, function.__name__)
    return found


def curved(pairs: Pairs, numbers: int, where: str) -> dict[str, Any]:
    """Pairs as two curves each.

    Raises:
        ValueError: If the sides of a pair differ in shape, or the oracle has no number at all,
            which anything would agree with.
    """
    found: dict[str, Any] = {}
    for name, pair in pairs.items():
        keras, oracle = (np.asarray(side, np.float64) for side in pair)
        if keras.shape != oracle.shape:
            raise ValueError(
                f"Expected {name!r} of {where} in one shape. Received: {keras.shape} "
                f"of Keras, {oracle.shape} of the oracle. Write the oracle for what Keras returns."
            )
        if not (~np.isnan(oracle)).any():
            raise ValueError(
                f"Expected a number of the oracle's {name!r} of {where}. Received: {oracle}. Write "
                "the oracle so that it can disagree."
            )
        found |= {name: _filled(keras, numbers), name + ORACLE: _filled(oracle, numbers)}
    return found


def agreement(
    names: str | tuple[str, ...], experiment: Experiment, *, within: float = ROUNDING
) -> Any:
    """The claim that Keras's numbers of a quantity, or of each of several, are the oracle's.

    Args:
        names: The quantities. One that has variants stands for all of them.
        experiment: What `contract` makes.
        within: The largest error of any number: absolute below 1, relative above.
    """
    found = quantities(names, experiment)
    text = f"largest error of {told(found)}"
    statistic = statistics.Statistic(text, "", None, (experiment,), LargestError(found))
    return statistic.equivalent_to(0, within=within)


def quantities(names: str | tuple[str, ...], experiment: Experiment) -> tuple[str, ...]:
    """The quantities of an experiment that names stand for, each name for one at least.

    Raises:
        ValueError: If a name stands for none.
    """
    held = [curve.name for curve in experiment.curves if not curve.name.endswith(ORACLE)]
    found: list[str] = []
    for name in (names,) if isinstance(names, str) else names:
        own = [each for each in held if each == name or each.startswith(f"{name} of ")]
        if not own:
            raise ValueError(
                f"Expected a quantity of experiment {experiment.name!r}. Received: {name!r}. "
                f"Name some of {held}."
            )
        found += own
    return tuple(found)


def told(names: tuple[str, ...]) -> str:
    """Three names at most, and how many more there are.

    Example:
        >>> told(("a", "b", "c", "d", "e"))
        'a, b, c and 2 more'
    """
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


@dataclass(frozen=True)
class LargestError:
    """How far the worst number of all quantities is off; infinite where one side alone is NaN."""

    names: tuple[str, ...]

    def __call__(self, runs: Any) -> Any:
        """See `Statistic`."""
        return np.max([self._of(name, runs[0].history) for name in self.names], axis=0)

    @staticmethod
    def _of(name: str, history: Any) -> Any:
        keras, oracle = (history[name + side] for side in ("", ORACLE))
        scale = np.abs(np.nan_to_num(oracle))
        return (apart(keras, oracle) / np.maximum(1, scale)).max(axis=1)


def _filled(values: Any, numbers: int) -> Any:
    return np.pad(values.ravel(), (0, numbers - values.size), constant_values=np.nan)
