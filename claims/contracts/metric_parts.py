"""Examples that metrics are measured of in batches, and measures of parts of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np


def drawn(seed, kind):
    """Targets, predictions and weights of 30 to 60 examples, and where the three batches end."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 60))
    logits, (chances, others) = rng.normal(size=(rows, 4)), rng.dirichlet(np.ones(4), (2, rows))
    classes, guessed = rng.integers(4, size=(2, rows))
    # Between the thresholds k / 199 that AUC and others have by default, and never 0.5.
    steps = (rng.integers(199, size=(rows, 4)) + 0.4) / 199
    kinds = {
        "numbers": (rng.normal(size=(rows, 2)), rng.normal(size=(rows, 2))),
        "positive numbers": np.exp(rng.normal(size=(2, rows, 2))),
        "signs": (rng.choice([-1.0, 1.0], size=(rows, 2)), rng.normal(size=(rows, 2))),
        "yes or no": (rng.integers(2, size=rows), steps[:, 0]),
        "log-odds": (rng.integers(2, size=rows), np.log(steps[:, 0] / (1 - steps[:, 0]))),
        "a column": (rng.integers(2, size=(rows, 1)), steps[:, :1]),
        "a column of logits": (rng.integers(2, size=(rows, 1)), logits[:, :1]),
        "two of chances": (0.05 + 0.8 * others, 0.05 + 0.8 * chances),
        "classes or none": (np.where(rng.random(rows) < 0.2, -1, classes), guessed),
        "one number": (rng.normal(size=(rows, 1)), rng.normal(size=(rows, 1))),
        "labels": (rng.integers(2, size=(rows, 4)), steps),
        "one-hot": (np.eye(4)[classes], chances),
        "classes": (classes, chances),
        "logits of classes": (classes, logits),
        "logits of one-hot": (np.eye(4)[classes], logits),
        "guesses": (classes, guessed),
        "rows of numbers": (rng.normal(size=(rows, 5)), rng.normal(size=(rows, 5))),
        "columns of numbers": rng.normal(size=(2, rows, 5, 2)),
        "columns of one-hot": (
            np.moveaxis(np.eye(4)[rng.integers(4, size=(rows, 2))], -1, 1),
            np.moveaxis(rng.dirichlet(np.ones(4), (rows, 2)), -1, 1),
        ),
        "one-hot and guesses": (np.eye(4)[classes], guessed),
        "classes or none of chances": (np.where(rng.random(rows) < 0.2, -1, classes), chances),
        "first classes": (classes, np.argsort(-chances, axis=1)),
        "ties of classes": (classes, np.floor(3 * chances)),
        # 0.5 and the other eighths are thresholds.
        "eighths": (rng.integers(2, size=rows), rng.integers(9, size=rows) / 8),
    }
    y, p = kinds[kind]
    ends = np.sort(rng.choice(np.arange(5, rows - 5), size=2, replace=False))
    return y.astype("float32"), p.astype("float32"), rng.uniform(0.1, 3, size=rows), ends


def made(name, options):
    import keras

    return getattr(keras.metrics, name)(**options)


def value(metric, batches, *data):
    for batch in batches:
        metric.update_state(*(each[batch] for each in data))
    return np.ravel(metric.result())


def over_batches(name, options, batches, y, p, weight):
    """A metric of all batches; reset, of the last one; and a new one of all, with weights."""
    metric = made(name, options)
    unweighted = value(metric, batches, y, p)
    metric.reset_state()
    last = value(metric, batches[-1:], y, p)
    return [unweighted, last, value(made(name, options), batches, y, p, weight)]


@dataclass(frozen=True)
class Mean:
    """The weighted mean over examples of a function of each, with its options."""

    of: Any
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        return np.average(self.of(y, p, **dict(self.options)), weights=weight)


@dataclass(frozen=True)
class Along:
    """The mean of a function of rows over examples' columns: its rows are along axis 1."""

    of: Any

    def __call__(self, y, p, **options):
        """The value of each example."""
        rows = (np.moveaxis(each, 1, -1).reshape(-1, each.shape[1]) for each in (y, p))
        return self.of(*rows, **options).reshape(len(y), -1).mean(axis=1)


@dataclass(frozen=True)
class Flat:
    """A measure of every label of every example as one of its own, which weighs as its column."""

    measure: Any
    columns: tuple[float, ...] = ()

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        columns = np.array(self.columns or np.ones(y.shape[1]))
        return self.measure(y.ravel(), p.ravel(), np.outer(weight, columns).ravel())


@dataclass(frozen=True)
class EachLabel:
    """The mean of a measure of each label, which weighs as its column."""

    measure: Any
    columns: tuple[float, ...] = ()

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        found = [self.measure(*pair, weight) for pair in zip(y.T, p.T, strict=True)]
        return np.average(found, weights=self.columns or None)


@dataclass(frozen=True)
class Of:
    """A measure of one column of labels and predictions."""

    measure: Any
    column: int

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        return self.measure(y[:, self.column], p[:, self.column], weight)


@dataclass(frozen=True)
class OfTwo:
    """A measure of predictions of which all but each example's two largest are below 0."""

    measure: Any

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        chosen = np.argsort(np.argsort(-p, axis=1), axis=1) < 2
        return self.measure(y, np.where(chosen, p, -1), weight)


@dataclass(frozen=True)
class Known:
    """A measure of the examples that have a class: -1 is none."""

    measure: Any

    def __call__(self, y, p, weight):
        """The value, of all examples that have one."""
        return self.measure(y[y >= 0], p[y >= 0], weight[y >= 0])


@dataclass(frozen=True)
class Binned:
    """A measure of predictions of which is known between which thresholds they are."""

    measure: Any
    thresholds: tuple[float, ...]

    def __call__(self, y, p, weight):
        """The value, of all examples. A prediction at a threshold is not above it."""
        edges = np.array([0, *self.thresholds, 1])
        middles = (edges[:-1] + edges[1:]) / 2
        return self.measure(y, middles[np.searchsorted(self.thresholds, p)], weight)


@dataclass(frozen=True)
class Several:
    """The values of several measures."""

    measures: tuple[Any, ...]

    def __call__(self, y, p, weight):
        """The values, of all examples."""
        return np.array([measure(y, p, weight) for measure in self.measures])
