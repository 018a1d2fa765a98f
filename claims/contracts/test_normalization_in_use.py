"""Normalizing layers that change with each use: in a compiled model, and around another layer."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/normalization_layers/"
BATCH = PAGES + "batch_normalization/"
SPECTRUM = PAGES + "spectral_normalization/"


@cache
def applied_twice():
    import keras

    layer, inputs = keras.layers.BatchNormalization(momentum=0.6), keras.Input((4,))
    model = keras.Model(inputs, layer(keras.layers.ReLU()(layer(inputs))))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model, layer


@contract("loss", "moving", numbers=8)
def shared(seed):
    """A step of a compiled model that applies one layer twice."""
    rng = np.random.default_rng(seed)
    model, layer = applied_twice()
    x, y = rng.normal(rng.normal(size=4), 2, size=(2, 9, 4)).astype("float32")
    gamma, beta, *moving = start = [rng.uniform(0.5, 2, size=4) for _ in range(4)]
    layer.set_weights(start)
    model.reset_metrics()
    loss, out = model.train_on_batch(x, y), np.float64(x)
    for _ in range(2):
        now = out.mean(0), out.var(0)
        moving = [0.6 * old + 0.4 * new for old, new in zip(moving, now, strict=True)]
        last = gamma * (out - now[0]) / np.sqrt(now[1] + 1e-3) + beta
        out = np.maximum(last, 0)
    return {
        "loss": (np.ravel(loss)[0], np.mean((last - y) ** 2)),
        "moving": (layer.get_weights()[2:], moving),
    }


@claim(
    "BatchNormalization of a compiled model is moved by each use that it has in a step",
    source=BATCH,
)
def test_shared(judge):
    assert judge(agreement(("loss", "moving"), shared()))


@contract("kernel", "outputs", "inference", numbers=30)
def spectral(seed, name, **given):
    """A call in inference, and one in training after iterations enough to find the norm."""
    import keras

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 5, 4)).astype("float32")
    layer = getattr(keras.layers, name)(3, **given, use_bias=False)
    layer = keras.layers.SpectralNormalization(layer, power_iterations=15)
    layer.build(x.shape)
    kernel = np.zeros(layer.layer.kernel.shape)
    # Singular values apart, so that the iterations can tell them.
    flat, values = kernel.reshape(-1, 3), rng.permuted([3.0, 2.0, 1.0])
    flat[:] = orthogonal(rng, len(flat)) @ (values[:, None] * orthogonal(rng, 3))
    layer.layer.kernel.assign(kernel)

    def out(by):
        return x @ by if by.ndim == 2 else x[:, :-1] @ by[0] + x[:, 1:] @ by[1]

    inferred, trained = layer(x), layer(x, training=True)
    return {
        "inference": (inferred, out(kernel)),
        "kernel": (layer.layer.kernel, kernel / 3),
        "outputs": (trained, out(kernel / 3)),
    }


def orthogonal(rng, rows):
    return np.linalg.qr(rng.normal(size=(rows, 3)))[0]


SPECTRAL = {"Dense": {"name": "Dense"}, "Conv1D": {"name": "Conv1D", "kernel_size": 2}}


@claim(
    "SpectralNormalization in training divides a kernel by its largest singular value",
    source=SPECTRUM,
)
def test_spectral(judge):
    assert judge(agreement(("kernel", "outputs", "inference"), spectral.each(SPECTRAL)))
