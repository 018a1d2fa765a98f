"""How losses and metrics of examples become one number: weights, masks, what is ignored."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts import metric_formulas as oracle
from training_claims.claims.contracts import metric_parts as parts
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/losses/"
METRICS = "https://keras.io/api/metrics/"
STOPPING = "https://keras.io/api/callbacks/early_stopping/"
MASKS = "https://keras.io/guides/understanding_masking_and_padding/"


def reduced_by(reduction, values, weight, mask):
    """Losses (rows, steps) as `reduction` documents, of the steps that the mask leaves."""
    total = np.sum(values * weight * mask)
    if not mask.any():
        return total
    divisors = {
        "sum": 1,
        "sum_over_batch_size": np.sum(mask),
        "mean": np.sum(mask),
        "mean_with_sample_weight": np.sum(weight * mask),
    }
    return total / divisors[reduction]


@contract("weighted", "masked", "none left", numbers=4)
def reduced(seed, reduction):
    """The mean squared error of rows and steps, reduced in one way; weights and masks."""
    import keras

    rng = np.random.default_rng(seed)
    y, p = formula.examples(seed, "real")
    values = formula.squared(y.astype(float), p.astype(float))
    whole, mask = np.ones_like(values), rng.random(values.shape) < 0.6
    mask[0, 0] = True
    weight, rows = rng.uniform(0.1, 3, size=values.shape), rng.uniform(0.1, 3, size=(len(y), 1))
    # The sum of row weights is of rows, not of steps: a mean by it is not documented.
    rows = weight if reduction == "mean_with_sample_weight" else rows

    def pair(given, kept, dtype=None):
        predicted = keras.ops.convert_to_tensor(p)
        if kept is not None:
            predicted._keras_mask = keras.ops.convert_to_tensor(kept)
        loss = keras.losses.MeanSquaredError(reduction=reduction, dtype=dtype)
        found = np.asarray(loss(y, predicted, given), float)
        ones = [whole if each is None else each for each in (given, kept)]
        return found, reduced_by(reduction, values, *ones)

    weighted = [pair(given, None) for given in (None, weight, rows)]
    masked = [pair(given, mask) for given in (None, weight)]
    # A part of a small number is infinite in float16, and 0 times that no number.
    kinds = [(given, dtype) for given in (None, weight) for dtype in ("float32", "float16")]
    none = [pair(given, np.zeros_like(mask), dtype) for given, dtype in kinds]
    return {
        name: [np.stack(side) for side in zip(*pairs, strict=True)]
        for name, pairs in {"weighted": weighted, "masked": masked, "none left": none}.items()
    }


REDUCTIONS = {
    reduction: {"reduction": reduction}
    for reduction in ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight")
}


@claim("Every reduction of a loss is as documented: by weights of rows, of steps", source=PAGES)
def test_reduction(judge):
    assert judge(agreement("weighted", reduced.each(REDUCTIONS)))


@claim("Masked steps count for nothing in a loss, whatever its reduction", source=MASKS)
def test_masked_reduction(judge):
    assert judge(agreement("masked", reduced.each(REDUCTIONS)))


@claim("A batch that is masked whole has a loss of 0, whatever its reduction", source=MASKS)
def test_all_masked(judge):
    assert judge(agreement("none left", reduced.each(REDUCTIONS)))


@contract("each", "mean", numbers=36)
def ignoring(seed, ignored, from_logits=False):
    """Sparse crossentropy that ignores a class, which some steps have, and not all."""
    import keras

    rng = np.random.default_rng(seed)
    y, p = formula.examples(seed, "logits of classes" if from_logits else "classes")
    kept = rng.random(y.shape) < 0.6
    kept[0, :2] = True, False
    others = np.where(y == ignored, (y + 1) % 3, y)
    values = np.where(kept, formula.sparse(others, p.astype(float), from_logits), 0)
    weight = rng.uniform(0.1, 3, size=y.shape)
    labels = np.where(kept, others, ignored).astype("int32")

    def loss(reduction, *more, labels=labels):
        options = {"ignore_class": ignored, "reduction": reduction, "from_logits": from_logits}
        return keras.losses.SparseCategoricalCrossentropy(**options)(labels, p, *more)

    mean = "sum_over_batch_size"
    none = loss(mean, labels=np.full_like(labels, ignored))

    return {
        "each": (loss("none"), values),
        "mean": (
            np.stack([loss(mean), loss(mean, weight), none]),
            [values.sum() / kept.sum(), np.sum(values * weight) / kept.sum(), 0],
        ),
    }


IGNORED: dict[str, Any] = {str(ignored): {"ignored": ignored} for ignored in (-1, 1, 255)}
IGNORED["-1 of logits"] = {"ignored": -1, "from_logits": True}


@claim("ignore_class gives the steps of its class a loss of 0", source=PAGES)
def test_ignored_steps(judge):
    assert judge(agreement("each", ignoring.each(IGNORED)))


@claim("ignore_class leaves the steps of its class out of the mean", source=PAGES)
def test_ignored_in_mean(judge):
    assert judge(agreement("mean", ignoring.each(IGNORED)))


@contract("pairs", numbers=28)
def of_ranks(seed):
    """Losses of n numbers whose targets have rank 1 and outputs 2, and the other way round."""
    import keras

    rng, found, expected = np.random.default_rng(seed), [], []
    y, p = np.exp(rng.normal(size=(2, int(rng.integers(4, 12))))).astype("float32")
    weight = rng.uniform(0.1, 3, size=len(y))
    for name, function in PAIRED.items():
        loss, each = (
            getattr(keras.losses, name)(),
            function(*(np.float64(s)[:, None] for s in (y, p))),
        )
        found += [loss(y, p[:, None]), loss(y[:, None], p)]
        found += [loss(y, p[:, None], weight), loss(y[:, None], p, weight)]
        expected += [each.mean()] * 2 + [np.mean(each * weight)] * 2
    return {"pairs": (np.stack(found), expected)}


PAIRED = {
    "MeanSquaredError": formula.squared,
    "MeanAbsoluteError": formula.absolute,
    "MeanAbsolutePercentageError": formula.percentage,
    "MeanSquaredLogarithmicError": formula.squared_logarithmic,
    "Huber": formula.huber,
    "LogCosh": formula.log_cosh,
    "Poisson": formula.poisson,
}


@claim("Every loss of numbers pairs (n,) with (n, 1) row by row, and weighs them so", source=PAGES)
def test_ranks(judge):
    assert judge(agreement("pairs", of_ranks()))


@contract("values", numbers=30)
def of_steps(seed, *cases, weighted=True):
    """Metrics of rows of four steps, each step with its own weight or with none.

    Each case is of a name, a kind of data, a function of steps and weights, and options.
    """
    found, expected = [], []
    for name, kind, function, options in cases:
        y, p, weight, _ = parts.drawn(seed, kind)
        weight = weight * (weight > 1) if weighted else np.ones_like(weight)
        rows = len(y) // 4
        steps = [each[: 4 * rows] for each in (y, p, weight)]
        data = [each.reshape(rows, 4, *each.shape[1:]) for each in steps[: 2 + weighted]]
        found.append(parts.value(parts.made(name, options), [slice(None)], *data))
        expected.append([function(*(each.astype(float) for each in steps))])
    return {"values": (np.concatenate(found), np.concatenate(expected))}


FOUR = {"num_classes": 4, "dtype": "float32"}
STEPS = [
    ("MeanSquaredError", "numbers", oracle.squared, {}),
    ("BinaryAccuracy", "yes or no", oracle.binary_accuracy, {}),
    ("SparseCategoricalAccuracy", "classes", oracle.sparse_accuracy, {}),
    ("CategoricalCrossentropy", "one-hot", oracle.entropy_of_one_hot, {}),
    ("Precision", "yes or no", oracle.Decided(sklearn.precision_score, 0.5), {}),
    ("Recall", "yes or no", oracle.Decided(sklearn.recall_score, 0.5), {}),
    ("FalsePositives", "yes or no", oracle.Counted(False, True), {}),
    ("AUC", "yes or no", oracle.area, {}),
    ("AUC", "yes or no", parts.Binned(oracle.area, (0.2, 0.7)), {"thresholds": [0.2, 0.7]}),
    ("MeanIoU", "guesses", oracle.Overlap((0, 1, 2, 3)), FOUR),
    ("BinaryIoU", "yes or no", oracle.BinaryOverlap(), {"dtype": "float32"}),
]
IGNORING = (
    "SparseCategoricalCrossentropy",
    "classes or none of chances",
    parts.Known(oracle.entropy),
    {"ignore_class": -1},
)


@claim("A metric counts each step of an example as the step's own weight says", source=METRICS)
def test_weighted_steps(judge):
    assert judge(agreement("values", of_steps(*STEPS)))


@claim("A weighted crossentropy metric leaves out the class that it ignores", source=METRICS)
def test_ignored_in_metric(judge):
    assert judge(agreement("values", of_steps(IGNORING)))


@claim(
    "A crossentropy metric without weights leaves out the class that it ignores",
    source=METRICS,
    known="https://github.com/keras-team/keras/pull/21569",
)
def test_ignored_in_unweighted_metric(judge):
    assert judge(agreement("values", of_steps(IGNORING, weighted=False)))


def to_the(values, _, power):
    return abs(values) ** power


@contract("Mean", "Sum", "MeanMetricWrapper", numbers=4)
def of_values(seed):
    """Values in two batches: of examples or their steps, with weights of each, or with none."""
    import keras

    rng = np.random.default_rng(seed)
    rows = int(rng.integers(6, 12))
    values = rng.normal(size=(rows, 3)).astype("float32")
    weight = rng.uniform(0.1, 3, size=values.shape).astype("float32")
    names = ("Mean", "Sum", "MeanMetricWrapper")
    found, expected = ({name: [] for name in names} for _ in range(2))
    for data, given in (
        (values[:, 0], None),
        (values[:, 0], weight[:, 0]),
        (values, weight[:, 0]),
        (values, weight),
    ):
        whole = np.ones(rows) if given is None else np.float64(given)
        weights = whole[:, None] if data.ndim > whole.ndim else whole
        weights = np.broadcast_to(weights, data.shape)
        made = {
            "Mean": (keras.metrics.Mean(), np.average(data, weights=weights)),
            "Sum": (keras.metrics.Sum(), np.sum(data * weights)),
            "MeanMetricWrapper": (
                keras.metrics.MeanMetricWrapper(to_the, power=3.0),
                np.average(np.abs(data) ** 3, weights=weights),
            ),
        }
        for name, (metric, oracles) in made.items():
            for part in (slice(0, 2), slice(2, None)):
                first = [data[part]] * (2 if name == "MeanMetricWrapper" else 1)
                metric.update_state(*first, None if given is None else given[part])
            found[name].append(metric.result())
            expected[name].append(oracles)
    return {name: (np.stack(found[name]), expected[name]) for name in names}


@claim("Mean and Sum are of all values of all batches, by weights of any rank", source=METRICS)
def test_values(judge):
    assert judge(agreement(("Mean", "Sum", "MeanMetricWrapper"), of_values()))


RISING: dict[str, dict[str, Any]] = {
    "AUC": {},
    "Accuracy": {},
    "BinaryAccuracy": {},
    "BinaryIoU": {},
    "CategoricalAccuracy": {},
    "ConcordanceCorrelation": {},
    "CosineSimilarity": {},
    "F1Score": {},
    "FBetaScore": {},
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PearsonCorrelation": {},
    "Precision": {},
    "PrecisionAtRecall": {"recall": 0.5},
    "R2Score": {},
    "Recall": {},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SparseCategoricalAccuracy": {},
    "SparseTopKCategoricalAccuracy": {},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "TopKCategoricalAccuracy": {},
}
FALLING = (
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
)


@cache
def watched():
    """A model of all metrics, none of which looks at data: no data suits them all."""
    import keras

    blind = {"update_state": lambda *_, **__: None, "result": lambda _: 0.0}
    options = RISING | {name: {} for name in FALLING}
    made = [
        type(name, (getattr(keras.metrics, name),), blind)(name=name, **more)
        for name, more in options.items()
    ]
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=made, run_eagerly=True)
    model.test_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    return model


@contract("epochs", numbers=2 * len(RISING) + 2 * len(FALLING) + 2)
def patient(seed):
    """After how many of six epochs training stops where a metric rises, and where it falls."""
    import keras

    rng, model, found, expected = np.random.default_rng(seed), watched(), [], []
    values, patience = np.cumsum(rng.uniform(0.1, 1, size=6)), int(rng.integers(1, 5))
    for name in (*RISING, *FALLING, "loss"):
        for monitor, series in ((name, values), (f"val_{name}", values[::-1])):
            callback = keras.callbacks.EarlyStopping(monitor, patience=patience)
            callback.set_model(model)
            callback.on_train_begin()
            found.append(epochs_of(callback, model, [{monitor: value} for value in series]))
            expected.append(6 if (name in RISING) == (series is values) else patience + 1)
    return {"epochs": (found, expected)}


def epochs_of(callback, model, logs):
    model.stop_training = False
    for epoch, log in enumerate(logs):
        callback.on_epoch_end(epoch, log)
        if model.stop_training:
            return epoch + 1
    return len(logs)


@claim("EarlyStopping knows of each metric whether more or less of it is better", source=STOPPING)
def test_directions(judge):
    assert judge(agreement("epochs", patient()))
