"""Files and configurations bring back the model that they were made of."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, stepped

pytestmark = pytest.mark.contract
WEIGHTS = "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/"
CONFIG = "https://keras.io/api/models/model_saving_apis/serialization_utils/"
LEGACY = "https://github.com/keras-team/keras/issues/6607"
SEED = "https://github.com/keras-team/keras/issues/23657"


@cache
def mixture(_):
    """Adapted, nested and shared layers, one after another, one for each name."""
    import keras

    def linear():
        return keras.layers.Dense(2, use_bias=False)

    normal, first, last, shared = keras.layers.Normalization(), linear(), linear(), linear()
    scaling = keras.layers.BatchNormalization()
    inputs = keras.Input((2,))
    nested = keras.Sequential([keras.Input((2,)), first, last])
    outputs = shared(shared(scaling(nested(normal(inputs)))))
    return keras.Model(inputs, outputs), normal, [first, last, scaling, shared]


def computed(x, mean, variance, first, last, scaling, shared):
    """What the mixture gives in inference."""
    gamma, beta, moved, spread = scaling
    x = (x - mean) / np.sqrt(variance) @ first @ last
    return (gamma * (x - moved) / np.sqrt(spread + 1e-3) + beta) @ shared @ shared


@contract("outputs", "trained", "legacy", numbers=12)
def restored(seed):
    """A model in part frozen, by way of files, and the shared kernel after a step of it."""
    import keras

    rng = np.random.default_rng(seed)
    x, y, kernel, *kernels = rng.normal(size=(5, 2, 2))
    data, scaling = rng.normal(1, 2, size=(9, 2)), rng.uniform(0.5, 2, size=(4, 2))
    model, normal, layers = mixture("frozen in part")
    layers[0].trainable = layers[2].trainable = False
    normal.adapt(data.astype("float32"))
    for layer, weights in zip(layers, [*([k] for k in kernels), scaling, [kernel]], strict=True):
        layer.set_weights([*weights])
    told = [data.mean(0), data.var(0), *kernels, scaling]
    other, found = mixture("not frozen")[0], []
    with tempfile.TemporaryDirectory() as folder:
        whole, legacy, weights = (
            str(Path(folder) / name) for name in ("x.keras", "x.h5", "x.weights.h5")
        )
        model.save(whole)
        model.save(legacy)
        model.save_weights(weights)
        loaded = keras.saving.load_model(whole)
        found += [loaded(x), keras.saving.load_model(legacy)(x)]
        for file in (weights, legacy):
            other.load_weights(file)
            found.append(other(x))
    loaded.compile(keras.optimizers.SGD(RATE), "mse", run_eagerly=True)
    loaded.train_on_batch(x, y)
    expected = computed(x, *told, kernel)

    def loss(shared):
        return np.mean((computed(x, *told, shared.reshape(2, 2)) - y) ** 2)

    return {
        "outputs": (found[:3], [expected] * 3),
        "trained": (loaded.get_weights()[-1].ravel(), stepped(loss, kernel.ravel())),
        "legacy": (found[3], expected),
    }


@claim(
    "A file brings back each weight where it was: adapted, frozen, nested, shared", source=WEIGHTS
)
def test_restored(judge):
    assert judge(agreement(("outputs", "trained"), restored()))


@claim(
    "Weights of a whole model's .h5 file come to where they were, frozen in part or not",
    source=WEIGHTS,
    known=LEGACY,
)
def test_legacy(judge):
    assert judge(agreement("legacy", restored()))


# The numbers that layers take: shares by these names, the others counts.
SHARES = "rate dropout recurrent_dropout stddev momentum epsilon negative_slope threshold alpha"
SHARES += " scale offset l1 l2 mask_value factor"
RECURRENT = "units dropout recurrent_dropout seed"
NUMBERS = {
    "rate seed": "Dropout SpatialDropout1D AlphaDropout GaussianDropout",
    "stddev seed": "GaussianNoise",
    "dropout seed": "Attention AdditiveAttention",
    "num_heads key_dim value_dim dropout seed": "MultiHeadAttention",
    RECURRENT: "LSTM GRU",
    "axis": "UnitNormalization Concatenate Softmax",
    "axis epsilon": "LayerNormalization RMSNormalization",
    "axis epsilon groups": "GroupNormalization",
    "axis epsilon momentum": "BatchNormalization",
    "units lora_rank lora_alpha": "Dense",
    "input_dim output_dim": "Embedding",
    "filters kernel_size strides": "Conv1D Conv2D",
    "filters kernel_size dilation_rate": "Conv3D Conv2DTranspose",
    "kernel_size strides depth_multiplier": "DepthwiseConv1D DepthwiseConv2D",
    "filters kernel_size dilation_rate depth_multiplier": "SeparableConv1D SeparableConv2D",
    "pool_size strides": "MaxPooling2D AveragePooling1D",
    "size": "UpSampling2D",
    "padding": "ZeroPadding1D",
    "cropping": "Cropping2D",
    "n": "RepeatVector",
    "axes": "Dot",
    "max_value negative_slope threshold": "ReLU",
    "negative_slope": "LeakyReLU",
    "alpha": "ELU",
    "l1 l2": "ActivityRegularization",
    "mask_value": "Masking",
    "scale offset": "Rescaling",
    "num_tokens": "CategoryEncoding",
    "num_bins salt": "Hashing",
    "factor seed": "RandomRotation RandomContrast",
}


@contract("numbers", numbers=120)
def revived(seed, numbers):
    """The numbers of layers made again by their configuration, and what they were told at first."""
    import keras

    rng, found, told = np.random.default_rng(seed), [], []
    for names, layers in numbers.items():
        for layer in layers.split():
            given = {
                name: float(rng.uniform(0.1, 0.4))
                if name in SHARES.split()
                else int(rng.integers(2, 6))
                for name in names.split()
            }
            kind = getattr(keras.layers, layer)
            again = kind.from_config(kind(**given).get_config()).get_config()
            found += [np.max(again.get(name, np.nan)) for name in given]
            told += given.values()
    return {"numbers": (found, told)}


@claim("A layer made again by its configuration has the numbers that it was told", source=CONFIG)
def test_revived(judge):
    assert judge(agreement("numbers", revived(NUMBERS)))


@claim(
    "SimpleRNN and RandomGrayscale made again by their configuration have their seed",
    source=CONFIG,
    known=SEED,
)
def test_revived_seed(judge):
    layers = {RECURRENT: "SimpleRNN", "factor seed": "RandomGrayscale"}
    assert judge(agreement("numbers", revived(layers)))
