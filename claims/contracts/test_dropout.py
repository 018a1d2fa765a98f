"""Dropout and noise: layers that change what they are given in training alone."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation, lawful, p_value, share

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/regularization_layers/"
# AlphaDropout's value of what is dropped, that of SELU far below zero: -alpha * scale.
SATURATED = -1.6732632423543772 * 1.0507009873554805


@contract("share", "kept", "inference", "again", "seeded", "units", numbers=3000)
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
        "kept": (out, np.where(drops, bottom, scaled)),
        "units": (np.broadcast_to(units, x.shape), drops),
        "inference": (layer(x, training=False), x),
        "again": correlation(units, np.all(again == again.min(), axis=whole) if whole else again),
        "seeded": (one(x, training=True), other(x, training=True)),
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
    "SpatialDropout3D": {
        "name": "SpatialDropout3D",
        "shape": (10, 2, 2, 2, 30),
        "whole": (1, 2, 3),
    },
}
EXACT = ("kept", "inference", "seeded")


@claim("Dropout and AlphaDropout scale what they keep, and are off in inference", source=PAGES)
def test_kept(judge):
    assert judge(agreement(EXACT, dropped.each(PLAIN)))


@claim("Dropout and AlphaDropout in training drop units at their rate", source=PAGES)
def test_share(judge):
    assert judge(agreement("share", dropped.each(PLAIN), within=ERRORS))


@claim("Dropout draws anew at each call", source=PAGES)
def test_again(judge):
    assert judge(agreement("again of Dropout", dropped.each(PLAIN), within=ERRORS))


@claim("Spatial dropout, and one with a noise_shape, drops whole along its axes", source=PAGES)
def test_units(judge):
    assert judge(agreement(("units", *EXACT), dropped.each(WHOLE)))


@claim("Spatial dropout, and one with a noise_shape, drops at its rate", source=PAGES)
def test_units_share(judge):
    assert judge(agreement("share", dropped.each(WHOLE), within=ERRORS))


@contract("law", "inference", numbers=3000)
def noisy(seed, name):
    """What a layer of Gaussian noise adds to, or multiplies, its inputs."""
    import keras
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    x, amount = rng.uniform(1, 2, size=FLAT).astype("float32"), float(rng.uniform(0.2, 0.7))
    layer = getattr(keras.layers, name)(amount)
    out = np.asarray(layer(x, training=True))
    law = norm(1, np.sqrt(amount / (1 - amount))) if name == "GaussianDropout" else norm(0, amount)
    noise = out / x if name == "GaussianDropout" else out - x
    return {"law": p_value(noise, law), "inference": (layer(x, training=False), x)}


NOISES = {name: {"name": name} for name in ("GaussianDropout", "GaussianNoise")}


@claim("GaussianDropout and GaussianNoise in training have their documented laws", source=PAGES)
def test_noise(judge):
    assert judge(lawful("law", noisy.each(NOISES)))


@claim("GaussianDropout and GaussianNoise give their inputs back in inference", source=PAGES)
def test_no_noise(judge):
    assert judge(agreement("inference", noisy.each(NOISES)))
