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


@contract("plain", "row weights", "step weights", "masked", "masked and weighted")
def reduced(seed, reduction):
    """The mean squared error of rows and steps, reduced in one way; weights and masks."""
    import keras

    rng = np.random.default_rng(seed)
    y, p = formula.examples(seed, "real")
    values = formula.squared(y.astype(float), p.astype(float))
    whole, mask = np.ones_like(values), rng.random(values.shape) < 0.6
    mask[0, 0] = True
    cases = {
        "plain": (None, None),
        "row weights": (rng.uniform(0.1, 3, size=(len(y), 1)), None),
        "step weights": (rng.uniform(0.1, 3, size=values.shape), None),
        "masked": (None, mask),
        "masked and weighted": (rng.uniform(0.1, 3, size=values.shape), mask),
    }

    def loss(weight, kept):
        predicted = keras.ops.convert_to_tensor(p)
        if kept is not None:
            predicted._keras_mask = keras.ops.convert_to_tensor(kept)
        return keras.losses.MeanSquaredError(reduction=reduction)(y, predicted, weight)

    return {
        name: (
            loss(weight, kept),
            reduced_by(
                reduction,
                values,
                whole if weight is None else weight,
                whole if kept is None else kept,
            ),
        )
        for name, (weight, kept) in cases.items()
    }


REDUCTIONS = ["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight"]
WEIGHTED = [(what, each) for what in ("plain", "step weights") for each in REDUCTIONS]
# The sum of row weights is of rows, not of steps: what the last reduction would be is not told.
WEIGHTED += [("row weights", each) for each in REDUCTIONS[:-1]]


@pytest.mark.parametrize(("what", "reduction"), WEIGHTED)
@claim("A loss reduced by {reduction} is as documented: {what}", source=PAGES)
def test_reduction(judge, what, reduction):
    assert judge(agreement(what, reduced(reduction)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("what", ["masked", "masked and weighted"])
@claim("Masked steps count for nothing in a loss reduced by {reduction}: {what}", source=MASKS)
def test_masked_reduction(judge, what, reduction):
    assert judge(agreement(what, reduced(reduction)))


@contract("each", "mean", "weighted", numbers=24)
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
        "mean": (loss("sum_over_batch_size"), values.sum() / kept.sum()),
        "weighted": (loss("sum_over_batch_size", weight), np.sum(values * weight) / kept.sum()),
    }


@pytest.mark.parametrize("ignored", [-1, 1, 255])
@pytest.mark.parametrize("what", ["each", "mean", "weighted"])
@claim("ignore_class={ignored} leaves its steps out of the loss: {what}", source=PAGES)
def test_ignore_class(judge, what, ignored):
    assert judge(agreement(what, ignoring(ignored)))


@contract("mean", "weighted")
def of_ranks(seed, name, oracle, target, output):
    """A loss of n numbers, in targets and outputs of one rank each."""
    import keras

    rng = np.random.default_rng(seed)
    rows = int(rng.integers(4, 12))
    y, p = np.exp(rng.normal(size=(2, rows))).astype("float32")
    weight = rng.uniform(0.1, 3, size=rows)
    values = oracle(y[:, None].astype(float), p[:, None].astype(float))
    y, p = y.reshape((rows, 1)[:target]), p.reshape((rows, 1)[:output])
    loss = getattr(keras.losses, name)()
    return {
        "mean": (loss(y, p), values.mean()),
        "weighted": (loss(y, p, weight), np.mean(values * weight)),
    }


@pytest.mark.parametrize(("target", "output"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("what", ["mean", "weighted"])
@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("MeanSquaredError", formula.squared),
        ("MeanAbsoluteError", formula.absolute),
        ("MeanAbsolutePercentageError", formula.percentage),
        ("MeanSquaredLogarithmicError", formula.squared_logarithmic),
        ("Huber", formula.huber),
        ("LogCosh", formula.log_cosh),
        ("Poisson", formula.poisson),
    ],
)
@claim(
    "{name} pairs targets of rank {target} with outputs of rank {output}, row by row: {what}",
    source=PAGES,
)
def test_ranks(judge, name, oracle, what, target, output):
    assert judge(agreement(what, of_ranks(name, oracle, target, output)))
