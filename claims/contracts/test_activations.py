"""Activations are their documented functions, by default and by their options."""

import numpy as np
import pytest
from scipy import special

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
ACTIVATIONS = "https://keras.io/api/layers/activations/"
LAYERS = "https://keras.io/api/layers/activation_layers/"
SPARSEMAX = "https://github.com/keras-team/keras/issues/23425"
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


def halves(x, axis=-1):
    """What is let through by the gates in the other half."""
    through, gates = np.split(x, 2, axis)
    return through * special.expit(gates)


def gelu_by_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ORACLES = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x)),
    "celu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "sigmoid": special.expit,
    "log_sigmoid": special.log_expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "sparse_sigmoid": lambda x: np.clip(0.5 * (x + 1), 0, 1),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "softplus": lambda x: np.logaddexp(0, x),
    "sparse_plus": lambda x: np.where(x < 1, np.maximum(x + 1, 0) ** 2 / 4, x),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * special.expit(x),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "gelu": lambda x: x * special.ndtr(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "exponential": np.exp,
    "softmax": lambda x: special.softmax(x, axis=-1),
    "log_softmax": lambda x: special.log_softmax(x, axis=-1),
    "linear": lambda x: x,
}


@contract("activations", numbers=len(ORACLES) * 60)
def activated(seed):
    """Every activation, of numbers up to about 10."""
    import keras

    x = 3 * np.random.default_rng(seed).normal(size=(12, 5)).astype("float32")
    tensor = keras.ops.convert_to_tensor(x)
    found = np.stack([keras.activations.get(name)(tensor) for name in ORACLES])
    return {"activations": (found, np.stack([of(np.float64(x)) for of in ORACLES.values()]))}


@claim(
    "Activations are their documented functions: rectifiers, sigmoids, softmax", source=ACTIVATIONS
)
def test_activations(judge):
    assert judge(agreement("activations", activated()))


def rectified(x, max_value=np.inf, negative_slope=0.0, threshold=0.0):
    """As the layer ReLU documents it."""
    return np.where(x >= threshold, np.minimum(x, max_value), negative_slope * (x - threshold))


RECTIFIED = {
    "max_value": {"max_value": 1.5},
    "negative_slope": {"negative_slope": 0.3},
    "threshold": {"threshold": 0.7},
    "max_value and negative_slope": {"max_value": 1.5, "negative_slope": 0.3},
    "max_value and threshold": {"max_value": 1.5, "threshold": 0.7},
    "max_value of 6 and negative_slope": {"max_value": 6.0, "negative_slope": 0.3},
    "negative_slope and threshold": {"negative_slope": 0.3, "threshold": 0.7},
    "all three": {"max_value": 1.5, "negative_slope": 0.3, "threshold": 0.7},
}


def leaky(slope):
    return lambda x: np.where(x > 0, x, slope * x)


def exponential(alpha, over=1.0):
    return lambda x: np.where(x > 0, x, alpha * np.expm1(x / over))


def shared(x, mask, axis):
    """Shares of what the mask leaves, and 0 else."""
    left = np.where(mask, np.exp(x), 0)
    return left / np.maximum(left.sum(axis, keepdims=True), 1e-30)


# What is written of a function, or of a layer, with options: first its name, then its options.
WRITTEN = {
    "celu": ({"alpha": 0.4}, exponential(0.4, over=0.4)),
    "elu": ({"alpha": 0.4}, exponential(0.4)),
    "leaky_relu": ({"negative_slope": 0.4}, leaky(0.4)),
    "gelu": ({"approximate": True}, gelu_by_tanh),
    "glu": ({}, halves),
    "glu, by rows": ({"axis": 0}, lambda x: halves(x, 0)),
    "hard_shrink": ({"threshold": 1.5}, lambda x: np.where(np.abs(x) > 1.5, x, 0)),
    "soft_shrink": ({"threshold": 1.5}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 1.5, 0)),
    "threshold": ({"threshold": 0.5, "default_value": -2}, lambda x: np.where(x > 0.5, x, -2)),
    "squareplus": ({"b": 1}, lambda x: (x + np.sqrt(x**2 + 1)) / 2),
    "softmax": ({"axis": 0}, lambda x: special.softmax(x, axis=0)),
    "log_softmax": ({"axis": 0}, lambda x: special.log_softmax(x, axis=0)),
    "LeakyReLU": ({}, leaky(0.3)),
    "LeakyReLU, steeper": ({"negative_slope": 0.4}, leaky(0.4)),
    "ELU": ({"alpha": 0.4}, exponential(0.4)),
    "Softmax": ({"axis": 1}, lambda x: special.softmax(x, axis=1)),
    "Softmax, of all": ({"axis": (1, 2)}, lambda x: special.softmax(x, axis=(1, 2))),
    "Softmax, masked": ({}, lambda x, mask: shared(x, mask, -1)),
    "Softmax, of all, masked": ({"axis": (1, 2)}, lambda x, mask: shared(x, mask, (1, 2))),
    "PReLU": ({}, lambda x, alpha: np.where(x > 0, x, alpha * x)),
    "PReLU, shared": ({"shared_axes": [1]}, lambda x, alpha: np.where(x > 0, x, alpha * x)),
    **{
        f"{name}, {which}": (options, lambda x, options=options: rectified(x, **options))
        for which, options in RECTIFIED.items()
        for name in ("ReLU", "relu")
    },
}


@contract("outputs", numbers=96)
def optional(seed, which):
    """An activation, or a layer of random weights, of numbers up to about 10, with options."""
    import keras

    rng, name, (options, oracle) = np.random.default_rng(seed), which.split(",")[0], WRITTEN[which]
    x = 3 * rng.normal(size=(4, 6, 4)).astype("float32")
    if name in dir(keras.activations):
        found = getattr(keras.activations, name)(keras.ops.convert_to_tensor(x), **options)
        return {"outputs": (found, oracle(np.float64(x)))}
    layer = getattr(keras.layers, name)(**options)
    if which.endswith("masked"):
        mask = rng.random(x.shape) < 0.6
        mask[0] = False
        return {"outputs": (layer(x, mask=mask), oracle(np.float64(x), mask))}
    layer.build(x.shape)
    weights = [rng.uniform(0.1, 2, size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    return {"outputs": (layer(x), oracle(np.float64(x), *weights))}


@claim("Activations and their layers are their documented functions by option", source=LAYERS)
def test_options(judge):
    assert judge(agreement("outputs", optional.each({k: {"which": k} for k in WRITTEN})))


@contract("projection", numbers=20)
def projected(seed):
    """The nearest point to each row whose numbers are not negative, and add up to 1."""
    import keras

    x = np.random.default_rng(seed).normal(size=(4, 5)).astype("float32")
    found = keras.activations.sparsemax(keras.ops.convert_to_tensor(x))
    ordered = -np.sort(-np.float64(x), axis=-1)
    steps = (np.cumsum(ordered, axis=-1) - 1) / np.arange(1, 6)
    count = np.sum(ordered > steps, axis=-1, keepdims=True)
    return {"projection": (found, np.maximum(x - np.take_along_axis(steps, count - 1, -1), 0))}


@claim(
    "sparsemax projects onto the simplex of shares, as in its paper",
    source=ACTIVATIONS,
    known=SPARSEMAX,
)
def test_sparsemax(judge):
    assert judge(agreement("projection", projected()))
