"""Initializers draw from their documented laws, and repeat exactly where they should."""

from typing import Any

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation, lawful, p_value, spread

pytestmark = pytest.mark.contract
PAGE = "https://keras.io/api/layers/initializers/"
LAYERS = "https://keras.io/api/layers/"
SEEDING = "https://keras.io/api/utils/python_utils/"
SAME = 1e-12


def normal(deviation, mean=0.0):
    from scipy.stats import norm

    return norm(mean, deviation)


def truncated(deviation, after=False, mean=0.0):
    """A normal law cut at two deviations, each that of before or of after the cut."""
    from scipy.stats import truncnorm

    return truncnorm(-2, 2, mean, deviation / truncnorm(-2, 2).std() if after else deviation)


def uniform(low, high):
    from scipy.stats import uniform as law

    return law(low, high - low)


def fans(shape):
    field = np.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def law_of(name, shape, options):
    if name == "RandomNormal":
        return normal(options.get("stddev", 0.05), options.get("mean", 0.0))
    if name == "TruncatedNormal":
        return truncated(options.get("stddev", 0.05), mean=options.get("mean", 0.0))
    if name == "RandomUniform":
        return uniform(options.get("minval", -0.05), options.get("maxval", 0.05))
    scale, mode = SCALES.get(name, (options.get("scale", 1.0), options.get("mode", "fan_in")))
    fan_in, fan_out = fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    distribution = options.get("distribution", "truncated_normal")
    if name.endswith("Uniform") or distribution == "uniform":
        return uniform(-np.sqrt(3 * scale / fan), np.sqrt(3 * scale / fan))
    if distribution == "untruncated_normal":
        return normal(np.sqrt(scale / fan))
    return truncated(np.sqrt(scale / fan), after=True)


SCALES = {
    f"{name}{law}": scale
    for name, scale in {
        "Glorot": (1, "fan_avg"),
        "Lecun": (1, "fan_in"),
        "He": (2, "fan_in"),
    }.items()
    for law in ("Uniform", "Normal")
}


@contract("law", "variance", "range")
def drawn(seed, name, kernel=False, **options):
    """One draw, of a matrix or of a convolution's kernel."""
    import keras

    rng = np.random.default_rng(seed)
    shape = (3, 5, *rng.integers(20, 60, size=2)) if kernel else rng.integers(90, 250, size=2)
    shape = tuple(int(size) for size in shape)
    draw = np.asarray(getattr(keras.initializers, name)(seed=seed, **options)(shape))
    law = law_of(name, shape, options)
    lowest, highest = law.support()
    outside = max(draw.max() - highest, lowest - draw.min(), 0)
    return {"law": p_value(draw, law), "variance": spread(draw, law), "range": (outside, 0)}


LAWS: dict[str, dict[str, Any]] = {
    "Normal initializers": {
        "RandomNormal": {"name": "RandomNormal"},
        "RandomNormal elsewhere": {"name": "RandomNormal", "mean": 0.5, "stddev": 2.0},
        "TruncatedNormal": {"name": "TruncatedNormal"},
        "TruncatedNormal elsewhere": {"name": "TruncatedNormal", "mean": 0.5, "stddev": 2.0},
    },
    "RandomUniform": {
        "RandomUniform": {"name": "RandomUniform"},
        "RandomUniform elsewhere": {"name": "RandomUniform", "minval": 0.3, "maxval": 0.9},
    },
    "Glorot initializers": {name: {"name": name} for name in ("GlorotUniform", "GlorotNormal")},
    "LeCun initializers": {name: {"name": name} for name in ("LecunUniform", "LecunNormal")},
    "He initializers": {name: {"name": name} for name in ("HeUniform", "HeNormal")},
    "VarianceScaling": {
        "VarianceScaling": {"name": "VarianceScaling"},
        "VarianceScaling, uniform": {
            "name": "VarianceScaling",
            "scale": 3.0,
            "mode": "fan_out",
            "distribution": "uniform",
        },
        "VarianceScaling, by fan_out": {"name": "VarianceScaling", "mode": "fan_out"},
        "VarianceScaling, wide": {
            "name": "VarianceScaling",
            "scale": 0.5,
            "distribution": "untruncated_normal",
        },
        "VarianceScaling, untruncated": {
            "name": "VarianceScaling",
            "mode": "fan_avg",
            "distribution": "untruncated_normal",
        },
    },
}
DRAWN = drawn.each({draw: given for family in LAWS.values() for draw, given in family.items()})
SCALED = LAWS["Glorot initializers"] | LAWS["LeCun initializers"] | LAWS["He initializers"]
SCALED |= LAWS["VarianceScaling"]


@pytest.mark.parametrize("family", LAWS)
@claim("{family}: matrices are drawn from the documented law", source=PAGE)
def test_law(judge, family):
    assert judge(lawful(tuple(f"law of {draw}" for draw in LAWS[family]), DRAWN))


@claim("Initializers of truncated and of uniform laws draw nothing outside of them", source=PAGE)
def test_range(judge):
    assert judge(agreement("range", DRAWN))


@claim("Glorot, LeCun and He initializers draw with the variance of their fans", source=PAGE)
def test_variance(judge):
    assert judge(agreement(tuple(f"variance of {name}" for name in SCALED), DRAWN, within=ERRORS))


@claim("Glorot, LeCun and He initializers count a kernel's field in its fans", source=PAGE)
def test_kernel(judge):
    assert judge(agreement("variance", drawn.each(SCALED, kernel=True), within=ERRORS))


@contract("product", "wide", "constants", numbers=40 * 40)
def constructed(seed):
    """An orthogonal kernel, a wide one, and what is not random."""
    import keras

    rng = np.random.default_rng(seed)
    shape, gain = tuple(int(s) for s in rng.integers(3, 7, size=3)), float(rng.uniform(0.5, 2))
    kernel = np.float64(keras.initializers.Orthogonal(gain, seed=seed)(shape)).reshape(
        -1, shape[-1]
    )
    wide = np.float64(keras.initializers.Orthogonal(gain, seed=seed)((shape[0], 9)))
    given = keras.initializers.Constant(gain)((3, 2)), keras.initializers.Identity(gain)((3, 4))
    plain = keras.initializers.Zeros()((2, 2)), keras.initializers.Ones()((2, 2))
    oracle = np.full((3, 2), gain), gain * np.eye(3, 4), np.zeros((2, 2)), np.ones((2, 2))
    return {
        "product": (kernel.T @ kernel, gain**2 * np.eye(shape[-1])),
        "wide": (wide @ wide.T, gain**2 * np.eye(shape[0])),
        "constants": (
            np.concatenate([np.ravel(each) for each in (*given, *plain)]),
            np.concatenate([np.ravel(each) for each in oracle]),
        ),
    }


@claim("Orthogonal draws a kernel of orthogonal columns, its gain their length", source=PAGE)
def test_orthogonal(judge):
    assert judge(agreement(("product", "wide"), constructed()))


@claim("Constant, Identity, Zeros and Ones give what they are named for", source=PAGE)
def test_constants(judge):
    assert judge(agreement("constants", constructed()))


@contract("laws", "constants", "products", numbers=1200)
def started(seed):
    """The weights that layers have as they are built."""
    import keras

    def built(name, *given, shape=(None, 5, 40)):
        layer = getattr(keras.layers, name)(*given)
        layer.build(shape)
        return [np.float64(each) for each in layer.get_weights()]

    keras.utils.set_random_seed(seed)
    layers = {name: built(name, 20) for name in ("Dense", "LSTM", "GRU", "SimpleRNN")}
    layers["Conv1D"] = built("Conv1D", 20, 3)
    laws = [p_value(w[0], law_of("GlorotUniform", w[0].shape, {})) for w in layers.values()]
    laws.append(p_value(built("Embedding", 30, 40)[0], uniform(-0.05, 0.05)))
    recurrent = [layers[name][1] for name in ("LSTM", "GRU", "SimpleRNN")]
    forget, plain = np.zeros((4, 20)), ("Dense", "GRU", "SimpleRNN", "Conv1D")
    forget[1] = 1
    zeros = [layers[name][-1].ravel() for name in plain]
    found = [*zeros, layers["LSTM"][2], *built("BatchNormalization"), *built("LayerNormalization")]
    told = [0 * each for each in zeros] + [forget.ravel()]
    told += [np.full(40, value) for value in (1, 0, 0, 1, 1, 0)]
    return {
        "laws": np.transpose(laws),
        "constants": (np.concatenate(found), np.concatenate(told)),
        "products": ([each @ each.T for each in recurrent], [np.eye(20)] * 3),
    }


@claim(
    "Layers draw their kernels by Glorot's uniform law, and embeddings within 0.05", source=LAYERS
)
def test_started(judge):
    assert judge(lawful("laws", started()))


@claim(
    "Layers start at no bias, LSTM's forget gate at one, and an orthogonal recurrence",
    source=LAYERS,
)
def test_started_otherwise(judge):
    assert judge(agreement(("constants", "products"), started()))


@contract("seeded", "unseeded", "generator", "layers", "models", "seeds", "python", numbers=900)
def repeated(seed):
    """Draws again: by an initializer, in a model, after set_random_seed."""
    import random

    import keras

    def model():
        given = {"use_bias": False}
        layers = [keras.layers.Dense(30, **given), keras.layers.Dense(30, **given)]
        stack = keras.Sequential([keras.Input((30,)), *layers])
        return stack.get_weights()

    one, again = (np.asarray(keras.initializers.HeNormal(seed)((30, 30))) for _ in range(2))
    keras.utils.set_random_seed(seed)
    apart = [np.asarray(keras.initializers.HeNormal()((30, 30))) for _ in range(2)]
    moving = keras.initializers.HeNormal(keras.random.SeedGenerator(seed))
    keras.utils.set_random_seed(seed)
    drawn = [random.random(), *np.random.random(3)]  # noqa: S311 -- what is seeded
    models = []
    for of in (seed, seed, seed + 1):
        keras.utils.set_random_seed(of)
        models.append(model())
    first, second, other = models
    told = [random.Random(seed).random(), *np.random.RandomState(seed).random(3)]  # noqa: S311
    return {
        "seeded": (one, again),
        "unseeded": correlation(*apart),
        "generator": correlation(moving((30, 30)), moving((30, 30))),
        "layers": correlation(*first),
        "models": (first[0], second[0]),
        "seeds": correlation(first[0], other[0]),
        "python": (drawn, told),
    }


@claim("An initializer with a seed repeats its draw", source=PAGE)
def test_seeded(judge):
    assert judge(agreement("seeded", repeated(), within=SAME))


@claim("Initializers without a seed, and of a SeedGenerator, draw anew each time", source=PAGE)
def test_unseeded(judge):
    assert judge(agreement(("unseeded", "generator", "layers"), repeated(), within=ERRORS))


@claim("set_random_seed repeats initial weights, Python's draws and NumPy's", source=SEEDING)
def test_models(judge):
    assert judge(agreement(("models", "python"), repeated(), within=SAME))


@claim("Initial weights of two seeds of set_random_seed are apart", source=SEEDING)
def test_seeds(judge):
    assert judge(agreement("seeds", repeated(), within=ERRORS))


@contract("losses", "weights", "draws", "other draws", numbers=64)
def trained_twice(seed):
    """A training with dropout and shuffling, twice; draws of this seed and of another."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(10, 8)), rng.normal(size=(10, 1))

    def draws(of):
        keras.utils.set_random_seed(of)
        normal, uniform = keras.random.normal((3,)), keras.random.uniform((3,))
        return np.concatenate([tf.random.uniform((3,)), normal, uniform])

    def training():
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Dense(8), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile("sgd", "mse", run_eagerly=True)
        logs = model.fit(x, y, batch_size=4, epochs=2, verbose=0).history
        return logs["loss"], model.get_weights()[0]

    one, again = training(), training()
    drawn, redrawn, other = draws(seed), draws(seed), draws(seed + 1)
    return {
        "losses": (one[0], again[0]),
        "weights": (one[1], again[1]),
        "draws": (drawn, redrawn),
        "other draws": (np.min(np.abs(drawn - other)) > 0, True),
    }


@claim("set_random_seed repeats a training to the bit: losses, weights, draws", source=SEEDING)
def test_repeats(judge):
    assert judge(agreement(("losses", "weights", "draws"), trained_twice(), within=SAME))


@claim("Another seed draws other numbers, of Keras and of the backend", source=SEEDING)
def test_other_draws(judge):
    assert judge(agreement("other draws", trained_twice()))
