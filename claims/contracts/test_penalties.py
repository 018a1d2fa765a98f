"""Penalties: of kernels, biases and outputs, of `add_loss`, in nested and in shared layers."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, anew, flat, parts, stepped

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/regularizers/"
EAGER, GRAPH = {"run_eagerly": True}, {"jit_compile": False}
SHAPES = (3, 2), (2,), (2, 1), (1,)


def of_rows(matrix):
    """The sum over pairs of rows of the absolute cosine between them."""
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.abs(np.triu(unit @ unit.T, 1)).sum()


@contract("penalty")
def penalty(seed, name, **options):
    """A penalty of a matrix, as the regularizer gives it."""
    import keras

    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=rng.integers(2, 6, size=2)).astype("float32")
    wide, rows = matrix.astype(float), len(matrix)
    columns = matrix.shape[1]
    expected = {
        "L1": options.get("l1", 0.01) * np.abs(wide).sum(),
        "L2": options.get("l2", 0.01) * np.square(wide).sum(),
        "L1L2": options.get("l1", 0) * np.abs(wide).sum()
        + options.get("l2", 0) * np.square(wide).sum(),
        "OrthogonalRegularizer": options.get("factor", 0.01)
        * (
            of_rows(wide) / (rows * (rows - 1) / 2)
            if options.get("mode", "rows") == "rows"
            else of_rows(wide.T) / (columns * (columns - 1) / 2)
        ),
    }[name]
    found = getattr(keras.regularizers, name)(**options)(keras.ops.convert_to_tensor(matrix))
    return {"penalty": (found, expected)}


REGULARIZERS = {
    "L1": {"name": "L1"},
    "L1 of 0.3": {"name": "L1", "l1": 0.3},
    "L2": {"name": "L2"},
    "L2 of 0.3": {"name": "L2", "l2": 0.3},
    "L1L2": {"name": "L1L2", "l1": 0.2, "l2": 0.4},
}
ORTHOGONAL = {mode: {"factor": 0.5, "mode": mode} for mode in ("rows", "columns")}


@claim("The penalties of L1, L2 and L1L2 are their documented sums", source=PAGES)
def test_regularizer(judge):
    assert judge(agreement("penalty", penalty.each(REGULARIZERS)))


@claim("OrthogonalRegularizer's penalty is of the cosines of rows, or of columns", source=PAGES)
def test_orthogonal(judge):
    assert judge(agreement("penalty", penalty.each(ORTHOGONAL, "OrthogonalRegularizer")))


ONE = {"filters": 2, "kernel_size": 2}
TWO = ("kernel", "bias")
EACH = {
    "Dense": ((3, 4), {"units": 2}, TWO),
    "Embedding": ((3,), {"input_dim": 4, "output_dim": 2}, ("embeddings",)),
    "Conv2D": ((3, 4, 4, 2), ONE, TWO),
    "Conv2DTranspose": ((3, 4, 4, 2), ONE, TWO),
    "DepthwiseConv1D": ((3, 4, 2), {"kernel_size": 2}, ("depthwise", "bias")),
    "DepthwiseConv2D": ((3, 4, 4, 2), {"kernel_size": 2}, ("depthwise", "bias")),
    "SeparableConv1D": ((3, 4, 2), ONE, ("depthwise", "pointwise", "bias")),
    "SeparableConv2D": ((3, 4, 4, 2), ONE, ("depthwise", "pointwise", "bias")),
    "BatchNormalization": ((3, 4), {}, ("gamma", "beta")),
    "GroupNormalization": ((3, 4), {"groups": 2}, ("gamma", "beta")),
    "PReLU": ((3, 4), {}, ("alpha",)),
    "LSTM": ((3, 2, 2), {"units": 2}, ("kernel", "recurrent", "bias")),
    "Bidirectional": ((3, 2, 2), {"units": 2}, ("kernel", "recurrent", "bias") * 2),
    "MultiHeadAttention": ((3, 2, 4), {"num_heads": 2, "key_dim": 2}, TWO * 4),
    "ActivityRegularization": ((3, 4), {"l1": 0.3, "l2": 0.2}, ()),
}


@contract("penalties")
def each_penalty(seed, name):
    """The sum of a layer's losses, of which each argument has a factor of its own."""
    import keras

    rng = np.random.default_rng(seed)
    shape, options, told = EACH[name]
    factors = {argument: float(rng.uniform(0.1, 1)) for argument in dict.fromkeys(told)}
    penal = {f"{argument}_regularizer": keras.regularizers.L2(f) for argument, f in factors.items()}
    penal |= {f"{argument}_initializer": "ones" for argument in factors}
    kind = "GRU" if name == "Bidirectional" else name
    layer = getattr(keras.layers, kind)(**options, **penal)
    layer = keras.layers.Bidirectional(layer) if name == "Bidirectional" else layer
    layer.build(*[shape] * (1 + (name == "MultiHeadAttention")))
    weights = [rng.normal(size=weight.shape) for weight in layer.trainable_weights]
    for weight, value in zip(layer.trainable_weights, weights, strict=True):
        weight.assign(value)
    expected = sum(factors[a] * np.sum(w**2) for a, w in zip(told, weights, strict=True))
    if name == "ActivityRegularization":
        x = rng.normal(size=shape)
        layer(x.astype("float32"))
        expected = (0.3 * np.sum(np.abs(x)) + 0.2 * np.sum(x**2)) / len(x)
    return {"penalties": (sum(np.float64(loss) for loss in layer.losses), expected)}


@claim("Each regularizer of a layer adds its penalty, of every one of its weights", source=PAGES)
def test_each(judge):
    assert judge(agreement("penalties", each_penalty.each({name: {"name": name} for name in EACH})))


def network(kind):
    """A network of a hidden and an output layer with penalties of a kind."""
    import keras

    class Adding(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(0.3 * keras.ops.mean(keras.ops.square(inputs)))
            return inputs

    l1, l2 = keras.regularizers.L1, keras.regularizers.L2
    options = {
        "kernel": {"kernel_regularizer": l2(0.2)},
        "bias": {"bias_regularizer": l1(0.3), "bias_initializer": "ones"},
        "activity": {"activity_regularizer": l2(0.4)},
        "nested": {
            "kernel_regularizer": l2(0.2),
            "bias_regularizer": l1(0.3),
            "bias_initializer": "ones",
            "activity_regularizer": l2(0.4),
        },
        "shared": {"kernel_regularizer": l2(0.2), "activity_regularizer": l2(0.4)},
        "add_loss": {},
    }[kind]
    inputs, hidden = keras.Input((3,)), keras.layers.Dense(2, activation="tanh", **options)
    last = keras.layers.Dense(1)
    if kind == "nested":
        inside = keras.Sequential([keras.Input((3,)), hidden])
        return keras.Model(inputs, last(keras.Sequential([keras.Input((3,)), inside])(inputs)))
    if kind == "shared":
        return keras.Model(inputs, last(hidden(inputs) - hidden(-2 * inputs)))
    middle = hidden(inputs)
    return keras.Model(inputs, last(Adding()(middle) if kind == "add_loss" else middle))


@cache
def compiled(kind, mode):
    import keras

    model = network(kind)
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mse"], **dict(mode))
    return model


def hand(kind, weights, x, y):
    """The data's squared error and all penalties, of a batch, written out."""
    kernel, bias, last, shift = parts(weights, *SHAPES)
    middle = [np.tanh(x @ kernel + bias)]
    if kind == "shared":
        middle.append(np.tanh(-2 * x @ kernel + bias))
    output = (middle[0] - middle[1] if kind == "shared" else middle[0]) @ last + shift
    of_kernel, of_bias = 0.2 * np.sum(kernel**2), 0.3 * np.sum(np.abs(bias))
    of_activity = 0.4 * sum(np.sum(each**2) for each in middle) / len(x)
    added = {
        "kernel": of_kernel,
        "bias": of_bias,
        "activity": of_activity,
        "nested": of_kernel + of_bias + of_activity,
        "shared": of_kernel + of_activity,
        "add_loss": 0.3 * np.mean(middle[0] ** 2),
    }[kind]
    return np.mean((output - y) ** 2), added


@contract("loss", "metric", "weights", numbers=11)
def penalized(seed, kind, **mode):
    """The evaluation of a network with penalties, in batches, and one step of it."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    batch = int(rng.integers(5, 9))
    rows = batch + int(rng.integers(1, batch - 1))
    x = rng.normal(size=(rows, 3)).astype("float32")
    y = rng.normal(size=(rows, 1)).astype("float32")
    model = anew(seed, compiled(kind, tuple(mode.items())))
    weights, wide = flat(model), x.astype(float)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch)
    loss, metric = model.evaluate(batches, verbose=0)
    cut = np.split(np.arange(rows), [batch])
    told = [hand(kind, weights, wide[places], y[places]) for places in cut]
    errors, added = np.average(told, axis=0, weights=[len(places) for places in cut])
    trained = model.train_on_batch(x, y)
    trained = trained[0] if isinstance(trained, list) else trained
    return {
        "loss": (
            [loss, trained],
            [errors + added, sum(hand(kind, weights, wide, y))],
        ),
        "metric": (metric, errors),
        "weights": (flat(model), stepped(lambda w: sum(hand(kind, w, wide, y)), weights)),
    }


OF = {
    "weights and outputs": ("kernel", "bias", "activity"),
    "nested and shared layers": ("nested", "shared"),
    "add_loss": ("add_loss",),
}
PENALIZED = penalized.each({k: {"kind": k} for each in OF.values() for k in each}, **GRAPH)


@pytest.mark.parametrize("of", OF)
@claim("Penalties of {of} are in the loss, each once, and move the weights", source=PAGES)
def test_in_loss(judge, of):
    names = tuple(f"{name} of {kind}" for kind in OF[of] for name in ("loss", "weights"))
    assert judge(agreement(names, PENALIZED))


@claim("Penalties are in no metric", source=PAGES)
def test_not_in_metrics(judge):
    assert judge(agreement("metric", PENALIZED))


@claim("Penalties in nested layers are as by hand eagerly too", source=PAGES)
def test_eagerly(judge):
    assert judge(agreement(("loss", "weights"), penalized("nested", **EAGER)))
