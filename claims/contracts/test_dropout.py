"""Dropout and noise: layers that change what they are given in training alone."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation, lawful, p_value, share

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/regularization_layers/"
# AlphaDropout's value of what is dropped, that of SELU far below zero: -alpha * scale.
SATURATED = -1.6732632423543772 * 1.0507009873554805


def worst(keras, oracle):
    """A quantity: the largest difference, beside none."""
    return np.max(np.abs(np.float64(keras) - oracle)), 0.0


@contract("share", "kept", "inference", "again", "seeded", "units")
def dropped(seed, name, shape, whole=(), **options):
    """A layer of the Dropout family on random inputs; units are whole along some axes."""
    import keras

    rng = np.random.default_rng(seed)
    x, rate = rng.uniform(1, 2, size=shape).astype("float32"), float(rng.uniform(0.2, 0.7))
    kind = getattr(keras.layers, name)
    layer, (one, other) = kind(rate, **options), (kind(rate, seed=seed) for _ in range(2))
    out, again = (np.asarray(layer(x, training=True)) for _ in range(2))
    drops, scaled, bottom = out == 0, x / (1 - rate), 0.0
    if name == "AlphaDropout":
        slope = ((1 - rate) * (1 + rate * SATURATED**2)) ** -0.5
        bottom = slope * SATURATED * (1 - rate)
        drops, scaled = np.abs(out - bottom) < 1e-6, slope * (x - SATURATED * rate)
    units = np.all(drops, axis=whole, keepdims=True) if whole else drops
    return {
        "share": share(units, rate),
        "kept": worst(out, np.where(drops, bottom, scaled)),
        "units": worst(np.broadcast_to(units, x.shape), drops),
        "inference": worst(layer(x, training=False), x),
        "again": correlation(units, np.all(again == again.min(), axis=whole) if whole else again),
        "seeded": worst(one(x, training=True), other(x, training=True)),
    }


FLAT, TALL = (50, 60), (10, 6, 50)
PLAIN = {name: {"name": name, "shape": FLAT} for name in ("Dropout", "AlphaDropout")}
WHOLE = {
    "a noise_shape": {
        "name": "Dropout",
        "shape": TALL,
        "whole": (1,),
        "noise_shape": (10, 1, 50),
    },
    "SpatialDropout1D": {"name": "SpatialDropout1D", "shape": TALL, "whole": (1,)},
    "SpatialDropout2D": {"name": "SpatialDropout2D", "shape": (10, 3, 2, 50), "whole": (1, 2)},
    "SpatialDropout2D, channels first": {
        "name": "SpatialDropout2D",
        "shape": (10, 50, 3, 2),
        "whole": (2, 3),
        "data_format": "channels_first",
    },
    "AlphaDropout, a noise_shape": {
        "name": "AlphaDropout",
        "shape": TALL,
        "whole": (1,),
        "noise_shape": (10, 1, 50),
    },
    "SpatialDropout3D": {
        "name": "SpatialDropout3D",
        "shape": (10, 2, 2, 2, 30),
        "whole": (1, 2, 3),
    },
}
DROPPED = dropped.each(PLAIN | WHOLE)


def of(variants, *names):
    return tuple(f"{name} of {variant}" for name in names for variant in variants)


@claim("Dropout and AlphaDropout scale what they keep, and are off in inference", source=PAGES)
def test_kept(judge):
    assert judge(agreement(of(PLAIN, "kept", "inference", "seeded"), DROPPED))


@claim("Dropout and AlphaDropout in training drop units at their rate", source=PAGES)
def test_share(judge):
    assert judge(agreement(of(PLAIN, "share"), DROPPED, within=ERRORS))


@claim("Dropout draws anew at each call", source=PAGES)
def test_again(judge):
    assert judge(agreement("again", DROPPED, within=ERRORS))


@claim("Spatial dropout, and one with a noise_shape, drops whole along its axes", source=PAGES)
def test_units(judge):
    assert judge(agreement(of(WHOLE, "units", "kept", "inference", "seeded"), DROPPED))


@claim("Spatial dropout, and one with a noise_shape, drops at its rate", source=PAGES)
def test_units_share(judge):
    assert judge(agreement(of(WHOLE, "share"), DROPPED, within=ERRORS))


@contract("law", "again", "seeded", "inference")
def noisy(seed, name):
    """What a layer of Gaussian noise adds to, or multiplies, its inputs."""
    import keras
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    x, amount = rng.uniform(1, 2, size=FLAT).astype("float32"), float(rng.uniform(0.2, 0.7))
    kind = getattr(keras.layers, name)
    layer, (one, other) = kind(amount), (kind(amount, seed=seed) for _ in range(2))
    out, again = (np.asarray(layer(x, training=True)) for _ in range(2))
    law = norm(1, np.sqrt(amount / (1 - amount))) if name == "GaussianDropout" else norm(0, amount)
    noise, anew = (y / x if name == "GaussianDropout" else y - x for y in (out, again))
    return {
        "law": p_value(noise, law),
        "again": correlation(noise, anew),
        "seeded": worst(one(x, training=True), other(x, training=True)),
        "inference": worst(layer(x, training=False), x),
    }


NOISES = {name: {"name": name} for name in ("GaussianDropout", "GaussianNoise")}


@claim("GaussianDropout and GaussianNoise in training have their documented laws", source=PAGES)
def test_noise(judge):
    assert judge(lawful("law", noisy.each(NOISES)))


@claim("GaussianDropout and GaussianNoise give their inputs back in inference", source=PAGES)
def test_no_noise(judge):
    assert judge(agreement(("inference", "seeded"), noisy.each(NOISES)))


@cache
def in_a_graph():
    """Layers of noise and of dropout, and a function of a graph that calls them all."""
    import keras
    import tensorflow as tf

    names = ("Dropout", "AlphaDropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise")
    layers = [getattr(keras.layers, name)(0.4) for name in names]
    return layers, tf.function(lambda x: [layer(x, training=True)[:, 0] for layer in layers])


@contract("again", numbers=5)
def graphed(seed):
    """Two calls of a graph."""
    layers, called = in_a_graph()
    for place, layer in enumerate(layers):
        layer.seed_generator.state.assign([seed, 1000 * place])
    found = (called(np.ones((50, 2, 20), "float32")) for _ in range(2))
    return {"again": np.transpose([correlation(*each) for each in zip(*found, strict=True)])}


@claim("In a graph too layers of dropout and of noise draw anew at each call", source=PAGES)
def test_graphed(judge):
    assert judge(agreement("again", graphed(), within=ERRORS))
