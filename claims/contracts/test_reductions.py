"""How a loss of examples becomes one number: reductions, weights, masks, what is ignored."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/losses/"
MASKS = "https://keras.io/guides/understanding_masking_and_padding/"


def reduced_by(reduction, values, weight, mask):
    """Losses (rows, steps) as `reduction` documents, of the steps that the mask leaves."""
    total = np.sum(values * weight * mask)
    parts = {
        "sum": 1,
        "sum_over_batch_size": np.sum(mask),
        "mean": np.sum(mask),
        "mean_with_sample_weight": np.sum(weight * mask),
    }
    return total / parts[reduction]


@contract("weighted", "masked", numbers=3)
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

    def pair(given, kept):
        predicted = keras.ops.convert_to_tensor(p)
        if kept is not None:
            predicted._keras_mask = keras.ops.convert_to_tensor(kept)
        found = keras.losses.MeanSquaredError(reduction=reduction)(y, predicted, given)
        ones = [whole if each is None else each for each in (given, kept)]
        return found, reduced_by(reduction, values, *ones)

    weighted = [pair(given, None) for given in (None, weight, rows)]
    masked = [pair(given, mask) for given in (None, weight)]
    return {
        name: [np.stack(side) for side in zip(*pairs, strict=True)]
        for name, pairs in {"weighted": weighted, "masked": masked}.items()
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


@contract("each", "mean", numbers=36)
def ignoring(seed, ignored):
    """Sparse crossentropy that ignores a class, which some steps have, and not all."""
    import keras

    rng = np.random.default_rng(seed)
    y, p = formula.examples(seed, "classes")
    kept = rng.random(y.shape) < 0.6
    kept[0, :2] = True, False
    others = np.where(y == ignored, (y + 1) % 3, y)
    values = np.where(kept, formula.sparse(others, p.astype(float)), 0)
    weight = rng.uniform(0.1, 3, size=y.shape)
    labels = np.where(kept, others, ignored).astype("int32")

    def loss(reduction, *more):
        options = {"ignore_class": ignored, "reduction": reduction}
        return keras.losses.SparseCategoricalCrossentropy(**options)(labels, p, *more)

    return {
        "each": (loss("none"), values),
        "mean": (
            np.stack([loss("sum_over_batch_size"), loss("sum_over_batch_size", weight)]),
            [values.sum() / kept.sum(), np.sum(values * weight) / kept.sum()],
        ),
    }


IGNORED = {str(ignored): {"ignored": ignored} for ignored in (-1, 1, 255)}


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
    for name, oracle in PAIRED.items():
        loss, each = (
            getattr(keras.losses, name)(),
            oracle(*(np.float64(s)[:, None] for s in (y, p))),
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
