"""Dense layers, convolutions, pools and activations against NumPy's and SciPy's."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
CORE = "https://keras.io/api/layers/core_layers/dense/"
CONVOLUTIONS = "https://keras.io/api/layers/convolution_layers/"
POOLS = "https://keras.io/api/layers/pooling_layers/"
ACTIVATIONS = "https://keras.io/api/layers/activations/"
PRODUCTS = "https://keras.io/api/ops/numpy/"
# Sums of some hundred products, of which each is rounded.
SUMS = 1e-4


@contract("product", "batched", "gradient", numbers=70 * 70)
def multiplied(seed, low, high):
    """A product of odd shapes of some size, a batch of products, and the first's gradient."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng([seed, low])
    rows, inner, columns = (int(2 * each + 1) for each in rng.integers(low, high, size=3))
    a, b = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
    many, other = rng.normal(size=(3, 5, inner)), rng.normal(size=(3, inner, 7))
    left, right = tf.constant(a, "float32"), tf.constant(b, "float32")
    with tf.GradientTape() as tape:
        tape.watch(left)
        product = keras.ops.matmul(left, right)
    weights = rng.normal(size=product.shape)
    gradient = tape.gradient(product, left, tf.constant(weights, "float32"))
    batched = keras.ops.matmul(*(each.astype("float32") for each in (many, other)))
    return {
        "product": (product, a @ b),
        "batched": (batched, np.einsum("bij,bjk->bik", many, other)),
        "gradient": (gradient, weights @ b.T),
    }


# Each size in each seed: what is wrong of some sizes is then wrong in every seed.
SIZES = {f"{2 * low + 1} and more": {"low": low, "high": 2 * low + 2} for low in (0, 2, 4, 8, 16)}


@claim("Matrix products of odd shapes, their batches and gradients are NumPy's", source=PRODUCTS)
def test_products(judge):
    names = ("product", "batched", "gradient")
    assert judge(agreement(names, multiplied.each(SIZES), within=SUMS))


@contract("outputs", "plain", "einsum", numbers=4 * 5 * 9)
def dense(seed):
    """Dense on sequences: with a bias and ReLU, without either, and EinsumDense."""
    import keras

    rng = np.random.default_rng(seed)
    x, units = rng.normal(size=(4, 5, 3)).astype("float32"), int(rng.integers(1, 10))
    layer = keras.layers.Dense(units, "relu")
    plain = keras.layers.Dense(units, use_bias=False)
    einsum = keras.layers.EinsumDense("bti,ij->btj", (None, units), bias_axes="j")
    kernel, bias = rng.normal(size=(3, units)), rng.normal(size=units)
    for each, weights in ((layer, [kernel, bias]), (plain, [kernel]), (einsum, [kernel, bias])):
        each.build(x.shape)
        each.set_weights(weights)
    return {
        "outputs": (layer(x), np.maximum(x @ kernel + bias, 0)),
        "plain": (plain(x), x @ kernel),
        "einsum": (einsum(x), x @ kernel + bias),
    }


@claim("Dense and EinsumDense give their activation of the inputs times the kernel", source=CORE)
def test_dense(judge):
    assert judge(agreement(("outputs", "plain", "einsum"), dense()))


def padded(x, size, stride, dilation, padding, fill=0.0):
    """The inputs padded over their one or two axes as TensorFlow pads them."""
    widths = [(0, 0)] * x.ndim
    for axis in range(1, x.ndim - 1):
        reach = (size - 1) * dilation + 1
        if padding == "same":
            steps = -(-x.shape[axis] // stride)
            need = max(0, (steps - 1) * stride + reach - x.shape[axis])
            widths[axis] = (need // 2, need - need // 2)
        elif padding == "causal":
            widths[axis] = (reach - 1, 0)
    return np.pad(x, widths, constant_values=fill)


def windows(x, size, stride=1, dilation=1, padding="valid", fill=0.0):
    """Each place's window, flat: (batch, *places, window, channels)."""
    x = padded(np.float64(x), size, stride, dilation, padding, fill)
    axes = tuple(range(1, x.ndim - 1))
    reach = (size - 1) * dilation + 1
    views = np.lib.stride_tricks.sliding_window_view(x, (reach,) * len(axes), axis=axes)
    step = (slice(None),) + (slice(None, None, stride),) * len(axes) + (slice(None),)
    views = views[step][(..., *(slice(None, None, dilation),) * len(axes))]
    places = views.shape[: len(axes) + 1]
    return np.moveaxis(views.reshape(*places, x.shape[-1], -1), -1, -2)


def images(rng, dimensions):
    sides = rng.integers(6, 9, size=dimensions)
    return rng.normal(size=(2, *sides, 4)).astype("float32")


@contract("outputs", numbers=2 * 9 * 9 * 16)
def convolved(seed, name, dimensions, **options):
    """A convolution of random weights."""
    import keras

    rng = np.random.default_rng(seed)
    x, groups = images(rng, dimensions), options.get("groups", 1)
    filters = {} if name.startswith("Depthwise") else {"filters": 6}
    layer = getattr(keras.layers, name)(kernel_size=3, **filters, **options)
    layer.build(x.shape)
    weights = [rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    given = options.get("strides", 1), options.get("dilation_rate", 1)
    seen = windows(x, 3, *given, options.get("padding", "valid"))
    kernel = weights[0].reshape(3**dimensions, *weights[0].shape[-2:])
    if name.startswith(("Depthwise", "Separable")):
        out = np.einsum("...wc,wcm->...cm", seen, kernel)
        out = out.reshape(*out.shape[:-2], -1)
        out = out @ weights[1].reshape(weights[1].shape[-2:]) if name[0] == "S" else out
    else:
        parts = zip(np.split(seen, groups, -1), np.split(kernel, groups, -1), strict=True)
        out = np.concatenate([np.einsum("...wc,wcf->...f", *each) for each in parts], -1)
    return {"outputs": (layer(x), out + weights[-1])}


CONVOLVED = {
    "Conv1D": {
        "valid": {},
        "same by 2": {"padding": "same", "strides": 2},
        "causal": {"padding": "causal", "dilation_rate": 2},
    },
    "Conv2D": {
        "same": {"padding": "same"},
        "same by 2": {"padding": "same", "strides": 2},
        "dilated": {"dilation_rate": 2},
        "groups": {"groups": 2},
    },
}
FACTORS = {
    "depthwise": {"name": "DepthwiseConv2D", "depth_multiplier": 2, "padding": "same"},
    "separable": {"name": "SeparableConv2D", "padding": "same"},
    "separable, 1D": {"name": "SeparableConv1D", "dimensions": 1},
}


@pytest.mark.parametrize("name", CONVOLVED)
@claim("{name} is the sum over its windows, by its padding and steps", source=CONVOLUTIONS)
def test_convolved(judge, name):
    experiment = convolved.each(CONVOLVED[name], name, int(name[-2]))
    assert judge(agreement("outputs", experiment, within=SUMS))


@claim(
    "Depthwise and separable convolutions are sums over their channels' windows",
    source=CONVOLUTIONS,
)
def test_convolved_by_channels(judge):
    experiment = convolved.each(FACTORS, dimensions=2)
    assert judge(agreement("outputs", experiment, within=SUMS))


@contract("outputs", numbers=2 * 20 * 6)
def spread_out(seed, padding):
    """A transposed convolution, which adds each input's kernel at its place."""
    import keras

    rng = np.random.default_rng(seed)
    x = images(rng, 1)
    layer = keras.layers.Conv1DTranspose(6, 3, strides=2, padding=padding)
    layer.build(x.shape)
    kernel, bias = rng.normal(size=(3, 6, 4)), rng.normal(size=6)
    layer.set_weights([kernel, bias])
    steps = x.shape[1]
    out = np.zeros((2, 2 * steps + 1, 6))
    for step in range(steps):
        out[:, 2 * step : 2 * step + 3] += np.einsum("bc,wfc->bwf", x[:, step], kernel)
    out = out[:, : 2 * steps] if padding == "same" else out
    return {"outputs": (layer(x), out + bias)}


PADDINGS = {padding: {"padding": padding} for padding in ("valid", "same")}


@claim("Conv1DTranspose adds kernels stride by stride, under either padding", source=CONVOLUTIONS)
def test_transposed(judge):
    assert judge(agreement("outputs", spread_out.each(PADDINGS), within=SUMS))


@contract("highest", "mean", "global highest", "global mean", numbers=2 * 9 * 9 * 4)
def pooled(seed, dimensions, padding):
    """Pools of 3 by steps of 2, and global ones."""
    import keras

    rng = np.random.default_rng(seed)
    x, layers = images(rng, dimensions), keras.layers
    given = {"pool_size": 3, "strides": 2, "padding": padding}
    seen = windows(x, 3, 2, 1, padding, np.nan)
    axes = tuple(range(1, dimensions + 1))
    kinds = {
        "highest": (f"MaxPooling{dimensions}D", np.nanmax(seen, -2)),
        "mean": (f"AveragePooling{dimensions}D", np.nanmean(seen, -2)),
        "global highest": (f"GlobalMaxPooling{dimensions}D", x.max(axes)),
        "global mean": (f"GlobalAveragePooling{dimensions}D", np.float64(x).mean(axes)),
    }
    found = {}
    for quantity, (name, oracle) in kinds.items():
        layer = getattr(layers, name)(**({} if "global" in quantity else given))
        found[quantity] = (layer(x), oracle)
    return found


POOLED = {
    f"{dimensions}D, {padding}": {"dimensions": dimensions, "padding": padding}
    for dimensions in (1, 2)
    for padding in ("valid", "same")
}


@claim("Pooling takes the highest, or the mean, of the numbers that padding leaves", source=POOLS)
def test_pooled(judge):
    assert judge(agreement(("highest", "mean"), pooled.each(POOLED)))


@claim("Global pooling takes the highest, or the mean, over all places", source=POOLS)
def test_pooled_globally(judge):
    assert judge(agreement(("global highest", "global mean"), pooled.each(POOLED)))


def activation_oracles():
    from scipy import special

    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return {
        "relu": lambda x: np.maximum(x, 0),
        "relu6": lambda x: np.clip(x, 0, 6),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
        "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
        "selu": lambda x: scale * np.where(x > 0, x, alpha * np.expm1(x)),
        "sigmoid": special.expit,
        "tanh": np.tanh,
        "softplus": lambda x: np.logaddexp(0, x),
        "softsign": lambda x: x / (1 + np.abs(x)),
        "silu": lambda x: x * special.expit(x),
        "gelu": lambda x: x * special.ndtr(x),
        "exponential": np.exp,
        "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
        "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
        "softmax": lambda x: special.softmax(x, axis=-1),
        "log_softmax": lambda x: special.log_softmax(x, axis=-1),
        "linear": lambda x: x,
    }


@contract("activations", numbers=17 * 60)
def activated(seed):
    """Every activation, of numbers up to about 10."""
    import keras

    x = 3 * np.random.default_rng(seed).normal(size=(12, 5)).astype("float32")
    tensor, oracles = keras.ops.convert_to_tensor(x), activation_oracles()
    found = np.stack([keras.activations.get(name)(tensor) for name in oracles])
    return {"activations": (found, np.stack([of(np.float64(x)) for of in oracles.values()]))}


@claim(
    "Activations are their documented functions: rectifiers, sigmoids, softmax", source=ACTIVATIONS
)
def test_activations(judge):
    assert judge(agreement("activations", activated()))
