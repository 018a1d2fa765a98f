"""Layers that adapt to data, look words up, or pad, crop, repeat, turn and rescale."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
NUMERICAL = "https://keras.io/api/layers/preprocessing_layers/numerical/discretization/"
CATEGORIES = "https://keras.io/api/layers/preprocessing_layers/categorical/"
RESHAPING = "https://keras.io/api/layers/reshaping_layers/"
ROWS, BINS, ERROR = 400, 4, 0.01


@contract("shares", "places", "told", numbers=ROWS)
def discretized(seed, way):
    """The shares of data below the bounds that a layer adapts to, and the bins of some data."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x = np.sort(rng.gumbel(rng.normal(), 2, size=(ROWS, 1)).astype("float32"), axis=0)
    data = x if way == "at once" else tf.data.Dataset.from_tensor_slices(x).batch(100)
    layer = keras.layers.Discretization(num_bins=BINS, epsilon=ERROR)
    layer.adapt(data)
    bounds = np.array(layer.bin_boundaries)
    edges = np.sort(rng.normal(size=3).astype("float32"))
    on = np.concatenate([x[: ROWS - 3, 0], edges])  # a bound is in the bin above it
    told = keras.layers.Discretization(bin_boundaries=edges.tolist())
    shares = np.mean(x < bounds, axis=0) - np.arange(1, BINS) / BINS
    return {
        # Each batch's summary may be off by as much, and the merged ones'.
        "shares": (np.abs(shares) < 3 * ERROR, np.ones(BINS - 1)),
        "places": (layer(x)[:, 0], np.searchsorted(bounds, x[:, 0], side="right")),
        "told": (told(on[:, None])[:, 0], np.searchsorted(edges, on, side="right")),
    }


@claim("Discretization adapts to quantiles, and numbers the bins between bounds", source=NUMERICAL)
def test_discretized(judge):
    ways = {way: {"way": way} for way in ("at once", "by batches")}
    assert judge(agreement(("shares", "places", "told"), discretized.each(ways)))


def counts_of(rows, size):
    """How often each number is in each row."""
    return np.stack([np.bincount(row, minlength=size) for row in rows])


@contract("codes", numbers=6 * 6 * 6)
def encoded(seed, name, mode):
    """Words or numbers as ones, counts or weights; lookups adapt to them, the commonest first."""
    import keras

    rng = np.random.default_rng(seed)
    # So often that none is as common as another; 0 stands for what is not known.
    words = rng.permutation(np.repeat([1, 2, 3, 4], [12, 7, 4, 1])).reshape(6, 4)
    layers, texts = keras.layers, np.array(["?", "one", "two", "three", "four"])
    given, size = words, 5
    if name == "CategoryEncoding":
        layer = layers.CategoryEncoding(num_tokens=6, output_mode=mode.split(",")[0])
        size = 6
    elif name == "TextVectorization":
        layer, given = (
            layers.TextVectorization(output_mode=mode),
            [" ".join(r) for r in texts[words]],
        )
        layer.adapt(given)
    else:
        layer = getattr(layers, name)(output_mode=mode)
        given = texts[words] if name == "StringLookup" else 10 * words
        layer.adapt(given)
    counts = counts_of(words, size)
    if mode == "count, weighed":
        weights = rng.uniform(0.1, 2, size=words.shape).astype("float32")
        found = layer(given, count_weights=weights)
        return {"codes": (found, np.einsum("rwk,rw->rk", np.eye(size)[words], weights))}
    rows = np.sum(counts > 0, axis=0)
    codes = {
        "int": words,
        "one_hot": np.eye(size)[words],
        "multi_hot": counts > 0,
        "count": counts,
        "tf_idf": counts * np.log(1 + len(words) / (1 + rows)),
    }[mode]
    codes = codes + (name == "TextVectorization") * (mode == "int")
    return {"codes": (layer(given), codes)}


ENCODED = {
    f"{name} of {mode}": {"name": name, "mode": mode}
    for name, modes in {
        "CategoryEncoding": ("one_hot", "multi_hot", "count", "count, weighed"),
        "IntegerLookup": ("int", "multi_hot", "tf_idf"),
        "StringLookup": ("one_hot", "count", "tf_idf"),
        "TextVectorization": ("int", "tf_idf"),
    }.items()
    for mode in modes
}


@claim(
    "Categories are numbered by how common they are, and coded as ones, counts, weights or tf-idf",
    source=CATEGORIES,
)
def test_encoded(judge):
    assert judge(agreement("codes", encoded.each(ENCODED)))


def repeated(x, *times):
    for axis, count in enumerate(times, 1):
        x = np.repeat(x, count, axis)
    return x


def around(x, *widths):
    return np.pad(x, [(0, 0), *widths, (0, 0)])


# By the name of a layer: its options, the axes of its input, and what NumPy makes of that.
MOVED = {
    "UpSampling1D": ({"size": 3}, 1, lambda x: repeated(x, 3)),
    "UpSampling2D": ({"size": (2, 3)}, 2, lambda x: repeated(x, 2, 3)),
    "UpSampling3D": ({"size": (1, 2, 2)}, 3, lambda x: repeated(x, 1, 2, 2)),
    "Cropping1D": ({"cropping": (1, 2)}, 1, lambda x: x[:, 1:-2]),
    "Cropping2D": ({"cropping": ((1, 2), (0, 3))}, 2, lambda x: x[:, 1:-2, :-3]),
    "Cropping3D": ({"cropping": ((1, 0), (1, 1), (0, 2))}, 3, lambda x: x[:, 1:, 1:-1, :-2]),
    "ZeroPadding1D": ({"padding": (1, 2)}, 1, lambda x: around(x, (1, 2))),
    "ZeroPadding2D": ({"padding": ((1, 2), (0, 3))}, 2, lambda x: around(x, (1, 2), (0, 3))),
    "ZeroPadding3D": ({"padding": (1, 2, 0)}, 3, lambda x: around(x, (1, 1), (2, 2), (0, 0))),
    "Permute": ({"dims": (3, 1, 2)}, 2, lambda x: x.transpose(0, 3, 1, 2)),
    "Reshape": ({"target_shape": (4, -1)}, 2, lambda x: x.reshape(2, 4, -1)),
    "Flatten": ({}, 2, lambda x: x.reshape(2, -1)),
    "RepeatVector": ({"n": 3}, 0, lambda x: np.stack([x] * 3, axis=1)),
    "Rescaling": ({"scale": 3.0, "offset": -0.5}, 2, lambda x: 3 * np.float64(x) - 0.5),
}


@contract("outputs", numbers=4000)
def moved(seed, name):
    """What a layer without weights makes of random numbers."""
    import keras

    options, axes, oracle = MOVED[name]
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *rng.integers(3, 6, size=axes) + 3 * (axes < 3), 4)).astype("float32")
    return {"outputs": (getattr(keras.layers, name)(**options)(x), oracle(x))}


@claim("Layers that pad, crop, repeat, turn or rescale do so as NumPy does", source=RESHAPING)
def test_moved(judge):
    assert judge(agreement("outputs", moved.each({name: {"name": name} for name in MOVED})))
