"""Dense layers, LoRA, convolutions and pools against NumPy's sums and products."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
CORE = "https://keras.io/api/layers/core_layers/dense/"
CONVOLUTIONS = "https://keras.io/api/layers/convolution_layers/"
POOLS = "https://keras.io/api/layers/pooling_layers/"
NOWHERE = "reported nowhere that we found"
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


LORA = {
    "Dense": {"units": 4},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"},
    "Conv1D": {"filters": 4, "kernel_size": 1},
    "Embedding": {"input_dim": 3, "output_dim": 4},
}
EARLY = ("EinsumDense", "Conv1D")


@contract("outputs", "merged", numbers=24)
def lora(seed, name, early=False):
    """A layer with a LoRA of rank 2 and alpha 3, as it is and as its kernel is told merged."""
    import keras

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(6, 3)).astype("float32")
    told = {"lora_rank": 2, "lora_alpha": 3} if early else {}
    layer = getattr(keras.layers, name)(**LORA[name], **told)
    given = {"Conv1D": x[None], "Embedding": np.arange(6) % 3}.get(name, x)
    layer.build(given.shape)
    if not early:
        layer.enable_lora(2, lora_alpha=3)
    told = {weight.name: rng.normal(size=weight.shape) for weight in layer.weights}
    for weight in layer.weights:
        weight.assign(told[weight.name])
    kind = "embeddings" if name == "Embedding" else "kernel"
    merged = told[kind] + 3 / 2 * told[f"lora_{kind}_a"] @ told[f"lora_{kind}_b"]
    matrix = merged[0] if name == "Conv1D" else merged
    outputs = matrix[given] if name == "Embedding" else given @ matrix + told["bias"]
    return {"outputs": (layer(given), outputs), "merged": (getattr(layer, kind), merged)}


@claim("A LoRA adds alpha / rank times the product of its matrices to a kernel", source=CORE)
def test_lora(judge):
    variants = {name: {"name": name} for name in LORA}
    variants |= {f"{name}, told": {"name": name, "early": True} for name in EARLY}
    assert judge(agreement(("outputs", "merged"), lora.each(variants)))


@claim(
    "Dense and Embedding made with a rank and an alpha of LoRA take both",
    source=CORE,
    known=NOWHERE,
)
def test_lora_early(judge):
    variants = {name: {"name": name} for name in ("Dense", "Embedding")}
    assert judge(agreement("outputs", lora.each(variants, early=True)))


def each_axis(x, *given):
    """Numbers told once, or for each axis between the first and the last, as one row for each."""
    axes = x.ndim - 2
    return [[each] * axes if isinstance(each, int) else list(each) for each in given]


def padded(x, size, stride, dilation, padding, fill=0.0):
    """The inputs padded over the axes between the first and the last as TensorFlow pads them."""
    widths = [(0, 0)]
    for length, *told in zip(x.shape[1:-1], *each_axis(x, size, stride, dilation), strict=True):
        reach, stride = (told[0] - 1) * told[2] + 1, told[1]
        need = max(0, (-(-length // stride) - 1) * stride + reach - length)
        sides = {"same": (need // 2, need - need // 2), "causal": (reach - 1, 0)}
        widths.append(sides.get(padding, (0, 0)))
    return np.pad(x, [*widths, (0, 0)], constant_values=fill)


def windows(x, size, stride=1, dilation=1, padding="valid", fill=0.0):
    """Each place's window, flat: (batch, *places, window, channels)."""
    x = padded(np.float64(x), size, stride, dilation, padding, fill)
    sizes, strides, dilations = each_axis(x, size, stride, dilation)
    axes = tuple(range(1, x.ndim - 1))
    reach = [(each - 1) * apart + 1 for each, apart in zip(sizes, dilations, strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)
    step = (slice(None), *(slice(None, None, each) for each in strides), slice(None))
    views = views[step][(..., *(slice(None, None, each) for each in dilations))]
    places = views.shape[: len(axes) + 1]
    return np.moveaxis(views.reshape(*places, x.shape[-1], -1), -1, -2)


def images(rng, dimensions):
    sides = rng.integers(3, 6, size=dimensions) + 3 * (dimensions < 3)
    return rng.normal(size=(2, *sides, 4)).astype("float32")


@contract("outputs", numbers=2 * 9 * 9 * 16)
def convolved(seed, name, dimensions, kernel_size=3, activation=None, **options):
    """A convolution of random weights."""
    import keras

    rng = np.random.default_rng(seed)
    x, groups = images(rng, dimensions), options.get("groups", 1)
    filters = {} if name.startswith("Depthwise") else {"filters": 6}
    given = {"kernel_size": kernel_size, "activation": activation, **filters, **options}
    layer = getattr(keras.layers, name)(**given)
    turned = np.moveaxis(x, -1, 1) if options.get("data_format") == "channels_first" else x
    layer.build(turned.shape)
    weights = [rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    steps = options.get("strides", 1), options.get("dilation_rate", 1)
    seen = windows(x, kernel_size, *steps, options.get("padding", "valid"))
    kernel = weights[0].reshape(-1, *weights[0].shape[-2:])
    if name.startswith(("Depthwise", "Separable")):
        out = np.einsum("...wc,wcm->...cm", seen, kernel)
        out = out.reshape(*out.shape[:-2], -1)
        out = out @ weights[1].reshape(weights[1].shape[-2:]) if name[0] == "S" else out
    else:
        parts = zip(np.split(seen, groups, -1), np.split(kernel, groups, -1), strict=True)
        out = np.concatenate([np.einsum("...wc,wcf->...f", *each) for each in parts], -1)
    out = out + weights[-1] if options.get("use_bias", True) else out
    out = np.maximum(out, 0) if activation == "relu" else out
    return {"outputs": (layer(turned), out if turned is x else np.moveaxis(out, -1, 1))}


FIRST = {"data_format": "channels_first"}
OBLONG = {"kernel_size": (3, 2), "strides": (1, 2)}
CONVOLVED = {
    "Conv1D": {
        "valid": {},
        "same by 2": {"padding": "same", "strides": 2},
        "causal": {"padding": "causal", "dilation_rate": 2},
        "no bias": {"use_bias": False},
    },
    "Conv2D": {
        "same": {"padding": "same"},
        "same by 2": {"padding": "same", "strides": 2, "activation": "relu"},
        "dilated": {"dilation_rate": 2},
        "groups": {"groups": 2},
        "oblong": {**OBLONG, "padding": "same", "use_bias": False},
        "dilated one way": {"kernel_size": (2, 3), "dilation_rate": (1, 2)},
        "one by one": {"kernel_size": 1, "strides": 2},
        "channels first": {**FIRST, "use_bias": False},
    },
    "Conv3D": {
        "oblong": {"kernel_size": (1, 2, 3), "strides": (1, 2, 1)},
        "same": {"kernel_size": 2, "padding": "same", "activation": "relu"},
    },
}
DEPTHWISE, SEPARABLE = {"name": "DepthwiseConv2D"}, {"name": "SeparableConv2D"}
FACTORS = {
    "depthwise": {**DEPTHWISE, "depth_multiplier": 2, "padding": "same"},
    "depthwise by 2": {**DEPTHWISE, "strides": 2, "activation": "relu"},
    "depthwise, dilated": {**DEPTHWISE, "dilation_rate": 2, "use_bias": False},
    "depthwise, 1D": {"name": "DepthwiseConv1D", "dimensions": 1, "depth_multiplier": 3},
    "separable": {**SEPARABLE, "padding": "same"},
    "separable by 2": {**SEPARABLE, "strides": 2, "depth_multiplier": 2, "activation": "relu"},
    "separable, dilated": {**SEPARABLE, "dilation_rate": 2, "use_bias": False},
    "depthwise, channels first": {**DEPTHWISE, **FIRST, "use_bias": False},
    "separable, channels first": {**SEPARABLE, **FIRST, "use_bias": False},
    "separable, 1D": {"name": "SeparableConv1D", "dimensions": 1, "strides": 2},
}


@contract("sums", numbers=2 * 6 * 6)
def added(seed):
    """Channels that come first, of which there are as many as places, and their bias."""
    import keras

    rng = np.random.default_rng(seed)
    x, bias = rng.normal(size=(2, 3, 6)).astype("float32"), rng.normal(size=6)
    layer = keras.layers.Conv1D(6, 1, data_format="channels_first")
    layer.build(x.shape)
    kernel = layer.get_weights()[0]
    layer.set_weights([kernel, bias])
    return {"sums": (layer(x), np.einsum("bcs,cf->bfs", x, kernel[0]) + bias[:, None])}


@claim(
    "A bias is added by channels where they come first, as many as places",
    source=CONVOLUTIONS,
    known=NOWHERE,
)
def test_bias(judge):
    assert judge(agreement("sums", added()))


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
    experiment = convolved.each({k: {"dimensions": 2, **v} for k, v in FACTORS.items()})
    assert judge(agreement("outputs", experiment, within=SUMS))


@contract("outputs", numbers=4 * 11**3)
def spread_out(seed, dimensions, kernel_size=3, strides=1, dilation_rate=1, **options):
    """A transposed convolution, which adds each input's kernel at its place."""
    import keras

    rng = np.random.default_rng(seed)
    x = images(rng, dimensions)
    told = {"strides": strides, "dilation_rate": dilation_rate, **options}
    layer = getattr(keras.layers, f"Conv{dimensions}DTranspose")(2, kernel_size, **told)
    layer.build(x.shape)
    kernel, bias = (rng.normal(size=each.shape) for each in layer.get_weights())
    layer.set_weights([kernel, bias])
    sizes, strides, dilations = each_axis(x, kernel_size, strides, dilation_rate)
    steps = list(zip(x.shape[1:-1], sizes, strides, dilations, strict=True))
    full = [(n - 1) * by + (size - 1) * apart + 1 for n, size, by, apart in steps]
    out = np.zeros((2, *full, 2))
    for place in np.ndindex(*sizes):
        at = [
            slice(k * apart, k * apart + (n - 1) * by + 1, by)
            for k, (n, _, by, apart) in zip(place, steps, strict=True)
        ]
        out[(slice(None), *at)] += np.float64(x) @ kernel[place].T
    cuts, ends = [], []
    for whole, (n, size, by, apart) in zip(full, steps, strict=True):
        reach, same = (size - 1) * apart + 1, options.get("padding") == "same"
        if (more := options.get("output_padding")) is not None:
            length = (n - 1) * by + reach - 2 * (reach // 2 if same else 0) + more
        else:
            length = n * by if same else n * by + max(reach - by, 0)
        cut = max(whole - length, 0) // 2 if same else 0
        cuts.append(slice(cut, cut + length))
        ends.append((0, max(0, cut + length - whole)))
    out = np.pad(out, [(0, 0), *ends, (0, 0)])[(slice(None), *cuts)]
    return {"outputs": (layer(x), out + bias)}


SPREAD = {
    "valid": {"dimensions": 1, "strides": 2},
    "same": {"dimensions": 1, "strides": 2, "padding": "same"},
    "more": {"dimensions": 1, "strides": 2, "output_padding": 1},
    "steps beyond the kernel": {"dimensions": 2, "kernel_size": 2, "strides": 3},
    "dilated": {"dimensions": 2, "dilation_rate": 2},
    "more, same": {"dimensions": 2, "strides": 2, "output_padding": 0, "padding": "same"},
    "oblong, 3D": {"dimensions": 3, "kernel_size": (1, 2, 3), "strides": 2, "padding": "same"},
    "dilated, 3D": {"dimensions": 3, "dilation_rate": 2},
}


@claim("Transposed convolutions add kernels stride by stride, dilated too", source=CONVOLUTIONS)
def test_transposed(judge):
    assert judge(agreement("outputs", spread_out.each(SPREAD), within=SUMS))


@contract("highest", "mean", "global highest", "global mean", numbers=2 * 9 * 9 * 4)
def pooled(seed, dimensions, pool_size=3, strides=2, padding="valid", **options):
    """Pools of a size by steps of some, and global ones."""
    import keras

    rng = np.random.default_rng(seed)
    x, layers = images(rng, dimensions), keras.layers
    given = {"pool_size": pool_size, "strides": strides, "padding": padding}
    seen = windows(x, pool_size, strides or pool_size, 1, padding, np.nan)
    axes, kept = tuple(range(1, dimensions + 1)), options.get("keepdims", False)
    kinds = {
        "highest": (f"MaxPooling{dimensions}D", np.nanmax(seen, -2)),
        "mean": (f"AveragePooling{dimensions}D", np.nanmean(seen, -2)),
        "global highest": (f"GlobalMaxPooling{dimensions}D", x.max(axes, keepdims=kept)),
        "global mean": (
            f"GlobalAveragePooling{dimensions}D",
            np.float64(x).mean(axes, keepdims=kept),
        ),
    }
    found = {}
    for quantity, (name, oracle) in kinds.items():
        layer = getattr(layers, name)(**(options if "global" in quantity else given))
        found[quantity] = (layer(x), oracle)
    return found


POOLED = {
    **{
        f"{dimensions}D, {padding}": {"dimensions": dimensions, "padding": padding}
        for dimensions in (1, 2)
        for padding in ("valid", "same")
    },
    "3D": {"dimensions": 3, "pool_size": 2, "keepdims": True},
    "steps of the size": {"dimensions": 1, "strides": None, "padding": "same", "keepdims": True},
    "oblong": {"dimensions": 2, "pool_size": (3, 2), "strides": (2, 1), "keepdims": True},
    "oblong, same": {"dimensions": 2, "pool_size": (2, 3), "strides": None, "padding": "same"},
}


@claim("Pooling takes the highest, or the mean, of the numbers that padding leaves", source=POOLS)
def test_pooled(judge):
    assert judge(agreement(("highest", "mean"), pooled.each(POOLED)))


@claim("Global pooling takes the highest, or the mean, over all places", source=POOLS)
def test_pooled_globally(judge):
    assert judge(agreement(("global highest", "global mean"), pooled.each(POOLED)))
