"""Gradients of layers are the slopes of what they compute, which other files hold against NumPy."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
LAYERS = "https://keras.io/api/layers/"
# Central differences in float64 are then exact to about 1e-9, and kinks seldom within reach.
WIDTH = 1e-6
WORDS = np.array([[0, 2, 2], [1, 0, 3]])
SEEN = np.array([[True, True, False], [True, False, True]])
STEPS_SEEN = SEEN[:, :2]
ACTIVATIONS = [
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "glu", "gelu", "silu", "hard_silu"),
    *("sigmoid", "log_sigmoid", "hard_sigmoid", "sparse_sigmoid", "tanh", "hard_tanh"),
    *("tanh_shrink", "soft_shrink", "hard_shrink", "softplus", "sparse_plus", "squareplus"),
    *("softsign", "mish", "exponential", "softmax", "log_softmax"),
]


def row(name, *shapes, joined=False, called=None, **options):
    """A layer by its name and options, the shapes of its inputs, and how it is called."""
    return name, shapes, joined, called or {}, options


def wide(name, options):
    """A layer in float64, and in it any that its options tell as a pair of name and options."""
    import keras

    told = {key: wide(*each) if key == "layer" else each for key, each in options.items()}
    return getattr(keras.layers, name)(**told, dtype="float64")


SEQUENCE, STEPS, IMAGE, VOLUME = (2, 3, 4), (2, 2, 2), (2, 5, 4, 2), (2, 3, 4, 3, 2)
KINKED = (3, 2, 4)
UNITS, FILTERS = {"units": 2}, {"filters": 2, "kernel_size": 3}
TRAINING = {"training": True}
FAMILIES = {
    "normalizations": {
        "batch": row("BatchNormalization", (5, 3), called=TRAINING),
        "batch of images": row("BatchNormalization", IMAGE, called=TRAINING, axis=1),
        "batch, masked": row("BatchNormalization", SEQUENCE, called=TRAINING | {"mask": SEEN}),
        "batch, in inference": row("BatchNormalization", (5, 3)),
        "layer": row("LayerNormalization", SEQUENCE),
        "layer, of two axes": row("LayerNormalization", SEQUENCE, axis=(1, 2)),
        "groups": row("GroupNormalization", IMAGE, groups=2),
        "unit": row("UnitNormalization", SEQUENCE),
        "root mean square": row("RMSNormalization", SEQUENCE),
        "spectral": row("SpectralNormalization", (5, 3), layer=("Dense", UNITS)),
    },
    "convolutions and pools": {
        "1D": row("Conv1D", (2, 6, 2), padding="causal", dilation_rate=2, **FILTERS),
        "2D": row("Conv2D", IMAGE, strides=2, padding="same", **FILTERS),
        "3D": row("Conv3D", VOLUME, **FILTERS),
        "1D transpose": row("Conv1DTranspose", SEQUENCE, strides=2, **FILTERS),
        "2D transpose": row("Conv2DTranspose", IMAGE, strides=2, padding="same", **FILTERS),
        "depthwise": row("DepthwiseConv2D", IMAGE, kernel_size=3, depth_multiplier=2),
        "depthwise, 1D": row("DepthwiseConv1D", SEQUENCE, kernel_size=3),
        "separable": row("SeparableConv2D", IMAGE, **FILTERS),
        "separable, 1D": row("SeparableConv1D", SEQUENCE, **FILTERS),
        "highest": row("MaxPooling2D", IMAGE, pool_size=2),
        "highest, 1D": row("MaxPooling1D", (2, 7, 2), pool_size=3, strides=2, padding="same"),
        "mean": row("AveragePooling2D", IMAGE, pool_size=3, strides=1, padding="same"),
        "global highest": row("GlobalMaxPooling2D", IMAGE),
        "global mean": row("GlobalAveragePooling1D", SEQUENCE, called={"mask": SEEN}),
        "repeated": row("UpSampling2D", IMAGE),
        "padded": row("ZeroPadding2D", IMAGE),
        "cropped": row("Cropping2D", IMAGE),
        "permuted": row("Permute", SEQUENCE, dims=(2, 1)),
    },
    "recurrent layers and attention": {
        "simple": row("SimpleRNN", STEPS, return_sequences=True, **UNITS),
        "LSTM, masked": row("LSTM", STEPS, called={"mask": STEPS_SEEN}, **UNITS),
        "GRU": row("GRU", STEPS, **UNITS),
        "GRU, reset before": row("GRU", STEPS, reset_after=False, **UNITS),
        "many heads": row("MultiHeadAttention", *[SEQUENCE] * 3, num_heads=2, key_dim=2),
        "grouped": row("GroupQueryAttention", *[SEQUENCE] * 3, head_dim=2, num_query_heads=4,
                       num_key_value_heads=2),
        "one head": row("Attention", *[SEQUENCE] * 3, joined=True, use_scale=True),
        "concatenating": row("Attention", *[SEQUENCE] * 3, joined=True, score_mode="concat"),
        "additive": row("AdditiveAttention", *[SEQUENCE] * 3, joined=True),
    },
    "dense, embedded, merged and activation layers": {
        "dense": row("Dense", SEQUENCE, activation="tanh", **UNITS),
        "einsum": row("EinsumDense", SEQUENCE, equation="abc,cd->abd", output_shape=(None, 2),
                      bias_axes="d"),
        "embedded": row("Embedding", called={"inputs": WORDS}, input_dim=4, output_dim=2),
        "each step": row("TimeDistributed", SEQUENCE, layer=("Dense", UNITS)),
        **{
            name: row(name, SEQUENCE, SEQUENCE, joined=True)
            for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
                         "Concatenate")
        },
        "Dot": row("Dot", SEQUENCE, SEQUENCE, joined=True, axes=2, normalize=True),
        "rescaled": row("Rescaling", SEQUENCE, scale=3.0, offset=1.0),
        **{name: row("Activation", KINKED, activation=name) for name in ACTIVATIONS},
        "ReLU": row("ReLU", KINKED, max_value=3.0, negative_slope=0.3, threshold=1.0),
        "LeakyReLU": row("LeakyReLU", KINKED),
        "ELU": row("ELU", KINKED, alpha=0.5),
        "PReLU": row("PReLU", KINKED, shared_axes=[1]),
        "Softmax": row("Softmax", SEQUENCE, axis=(1, 2)),
        "Softmax, masked": row("Softmax", (2, 3), called={"mask": SEEN}),
    },
}  # fmt: skip


@cache
def built(family, variant):
    """A layer, and one call of it, to build it; it serves all seeds."""
    name, shapes, joined, called, options = FAMILIES[family][variant]
    layer = wide(name, options)

    def outputs(*inputs):
        return layer(*([list(inputs)] if joined else inputs), **called)

    return layer, outputs, shapes, outputs(*(np.ones(shape) for shape in shapes)).shape


@contract("slope")
def sloped(seed, family, variant):
    """The slope along a direction of inputs and weights: by the gradients, and by differences."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    layer, outputs, shapes, shape = built(family, variant)
    weights = [weight.value for weight in layer.trainable_weights]
    values = [rng.normal(size=each) for each in (*shapes, *(w.shape for w in weights))]
    if shapes == (KINKED,):  # at least 0.05 off any multiple of 0.5, where their kinks are
        steps = rng.integers(-7, 13, shapes[0]) / 2
        values[0] = steps + rng.uniform(0.05, 0.45, shapes[0])
    ways = [rng.normal(size=value.shape) for value in values]
    across = rng.normal(size=shape)

    def at(step):
        """The sum of the outputs, so far along the way, and what it is of."""
        now = [value + step * way for value, way in zip(values, ways, strict=True)]
        inputs = [tf.constant(value) for value in now[: len(shapes)]]
        for weight, value in zip(weights, now[len(shapes) :], strict=True):
            weight.assign(value)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            out = tf.reduce_sum(outputs(*inputs) * across)
        return out, tape, [*inputs, *weights]

    out, tape, of = at(0)
    gradients = tape.gradient(out, of, unconnected_gradients="zero")
    found = sum(
        np.sum(tf.convert_to_tensor(gradient) * way)
        for gradient, way in zip(gradients, ways, strict=True)
    )
    high, low = (np.float64(at(step)[0]) for step in (WIDTH, -WIDTH))
    return {"slope": (found, (high - low) / (2 * WIDTH))}


@pytest.mark.parametrize("family", FAMILIES)
@claim("The gradients of {family} are the slopes of what they compute", source=LAYERS)
def test_gradients(judge, family):
    variants = {variant: {"variant": variant} for variant in FAMILIES[family]}
    assert judge(agreement("slope", sloped.each(variants, family=family)))
