"""Several inputs: which is which, by name or by place, and layers that merge them, masked too."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, anew, flat, stepped

pytestmark = pytest.mark.contract
MODELS = "https://keras.io/api/models/model/"
MERGING = "https://keras.io/api/layers/merging_layers/"
SOURCE = "https://github.com/keras-team/keras/blob/master/keras/src/layers/merging/base_merge.py"


@cache
def of_two(form):
    """A linear model of the first input less one of the second; names are not in order."""
    import keras

    first, second = keras.Input((2,), name="z"), keras.Input((2,), name="a")
    dense = [keras.layers.Dense(1, use_bias=False)(each) for each in (first, second)]
    inputs = {"z": first, "a": second} if form == "a dict" else [first, second]
    model = keras.Model(inputs, keras.layers.Subtract()(dense))
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    return model


@contract("called", "weights", numbers=8)
def given(seed, form, told, fit=False):
    """What a model of two inputs gives, and a step on them."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 8, 2)).astype("float32")
    y = rng.normal(size=(8, 1)).astype("float32")
    model = anew(seed, of_two(form))
    weights = flat(model)
    inputs = {
        "in order": {"z": first, "a": second},
        "in another order": {"a": second, "z": first},
        "as a list": [first, second],
    }[told]

    def of(weights):
        return first.astype(float) @ weights[:2, None] - second.astype(float) @ weights[2:, None]

    called = model(inputs)
    if fit:
        model.fit(tf.data.Dataset.from_tensors((inputs, y)), shuffle=False, verbose=0)
    else:
        model.train_on_batch(inputs, y)
    return {
        "called": (called, of(weights)),
        "weights": (flat(model), stepped(lambda w: np.mean((of(w) - y) ** 2), weights)),
    }


GIVEN = {
    f"{told} to {form}{' by fit' * fit}": {"form": form, "told": told, "fit": fit}
    for form, told, fit in (
        ("a dict", "in order", False),
        ("a dict", "in another order", True),
        ("a list", "in order", True),
        ("a list", "in another order", False),
        ("a list", "as a list", False),
    )
}


@claim(
    "Inputs come to where they are named, or by their place in a list, also in fit", source=MODELS
)
def test_named(judge):
    assert judge(agreement(("called", "weights"), given.each(GIVEN)))


MERGED = {
    "Add": sum,
    "Subtract": lambda of: of[0] - of[1],
    "Multiply": lambda of: np.prod(of, axis=0),
    "Average": lambda of: np.mean(of, axis=0),
    "Maximum": lambda of: np.max(of, axis=0),
    "Minimum": lambda of: np.min(of, axis=0),
    "Concatenate": lambda of: np.concatenate(of, axis=-1),
    "Concatenate, by steps": lambda of: np.concatenate(of, axis=1),
}


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


DOTTED = {
    "Dot": ({"axes": -1}, lambda of: np.einsum("bik,bjk->bij", *of)),
    "Dot, by steps": ({"axes": 1}, lambda of: np.einsum("bki,bkj->bij", *of)),
    "Dot, by either": ({"axes": (1, 2)}, lambda of: np.einsum("bki,bjk->bij", *of)),
    "Dot, of cosines": (
        {"axes": 1, "normalize": True},
        lambda of: np.einsum("bki,bkj->bij", *map(unit, of)),
    ),
}


def merging(kind):
    """A merging layer, and what it makes of arrays."""
    import keras

    name, *along = kind.split(",")
    options = {"axis": 1} if along else {}
    options, oracle = DOTTED.get(kind) or (options, MERGED[kind])
    return getattr(keras.layers, name)(**options), oracle


@contract("merged", numbers=4 * 15 * 3)
def merged(seed, kind, count):
    """Some arrays, made one."""
    sides = (4, 4) if "either" in kind else (5, 3)
    of = np.random.default_rng(seed).normal(size=(count, 4, *sides)).astype("float32")
    layer, oracle = merging(kind)
    return {"merged": (layer(list(of)), oracle([*of.astype(float)]))}


@claim("Merging layers are NumPy's sums, products, extremes, means and joins", source=MERGING)
def test_merged(judge):
    variants = {
        f"{kind} of {count}": {"kind": kind, "count": count}
        for kind in (*MERGED, *DOTTED)
        for count in ((2,) if kind.startswith(("Subtract", "Dot")) else (2, 3))
    }
    assert judge(agreement("merged", merged.each(variants)))


def masked(rng, steps, missing):
    """A sequence whose steps are 0 where they are masked, and which are not."""
    seen = rng.random((4, steps)) > missing
    seen[:, 0] = True
    return rng.normal(size=(4, steps, 3)).astype("float32") * seen[..., None], seen


# What a masked step counts as, where the other sequence has it; 0 but for these.
MISSING = {"Multiply": 1.0, "Maximum": -np.inf, "Minimum": np.inf}


@contract("mean", numbers=4 * 6)
def left(seed, kind, second, dtype="float32"):
    """The mean over the steps that are left, of two sequences with masks of their own."""
    import keras

    rng = np.random.default_rng(seed)
    (one, seen), (other, also) = masked(rng, 5, 0.5), masked(rng, 5, 0.7 * (second == "masked"))
    layers = keras.layers
    first = layers.Masking(0.0, dtype=dtype)(one)
    last = layers.Masking(0.0, dtype=dtype)(other) if second == "masked" else other
    layer, oracle = merging(kind)
    found = layers.GlobalAveragePooling1D()(layer([first, last]))
    kept = seen | also if "steps" not in kind else np.concatenate([seen, also], axis=1)
    values = oracle(
        [
            np.where(of[..., None], np.float64(x), MISSING.get(kind, 0))
            for x, of in ((one, seen), (other, also))
        ]
    )
    weights = np.broadcast_to(kept[..., None], values.shape)
    return {"mean": (found, np.average(np.where(weights, values, 0), axis=1, weights=weights))}


LEFT = {
    **{kind: {"kind": kind, "second": "masked"} for kind in MERGED},
    **{
        f"{kind}, the second not masked": {"kind": kind, "second": "not masked"}
        for kind in ("Add", "Multiply", "Maximum", "Concatenate", "Concatenate, by steps")
    },
    "Add, converted": {"kind": "Add", "second": "masked", "dtype": "float64"},
}


@claim(
    "Of merged sequences a step is left that any of them has, also where types are converted",
    source=SOURCE,
)
def test_left(judge):
    assert judge(agreement("mean", left.each(LEFT)))
