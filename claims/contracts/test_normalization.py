"""Normalizing layers standardize by the documented statistics, and keep the documented ones."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/normalization_layers/"
BATCH = PAGES + "batch_normalization/"
ADAPTED = "https://keras.io/api/layers/preprocessing_layers/numerical/normalization/"
# A variance of three values near each other loses a digit to cancellation.
VARIANCE = 3e-5


def standardized(x, mean, variance, epsilon, gamma=1.0, beta=0.0):
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def moments(x, axes, mask=None):
    """The mean and the biased variance over all axes but some, of what is not masked."""
    weights = np.ones(x.shape) if mask is None else np.broadcast_to(mask[..., None], x.shape)
    mean = np.average(x, axis=axes, weights=weights, keepdims=True)
    return mean, np.average((x - mean) ** 2, axis=axes, weights=weights, keepdims=True)


@contract("training", "moving", "inference", "frozen", "kept", numbers=200)
def batch_normalized(seed, axis=-1, masked=False, momentum=0.99, epsilon=1e-3, **options):
    """Two training calls, an inference call, and a training call of the layer frozen."""
    import keras

    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(4, 7)), 3, 4)
    batches = rng.normal(rng.normal(size=4), 2, size=(3, *shape)).astype("float32")
    mask = rng.random(shape[:2]) < 0.6 if masked else None
    given = {"training": True, "mask": mask} if masked else {"training": True}
    layer = keras.layers.BatchNormalization(
        axis=axis, momentum=momentum, epsilon=epsilon, **options
    )
    layer.build(shape)
    size = shape[axis]
    gamma = rng.uniform(0.5, 2, size) if layer.scale else np.ones(size)
    beta = rng.normal(size=size) if layer.center else np.zeros(size)
    mean, variance = rng.normal(size=size), rng.uniform(0.5, 2, size)
    own = [gamma] * layer.scale + [beta] * layer.center
    layer.set_weights([*own, mean, variance])
    spread = [1, 1, 1]
    spread[axis] = size
    gamma, beta, mean, variance = (each.reshape(spread) for each in (gamma, beta, mean, variance))
    axes, trained = tuple(place for place in range(3) if place != axis % 3), []
    found = [np.asarray(layer(x, **given)) for x in batches[:2]]
    for x in np.float64(batches[:2]):
        now = moments(x, axes, mask)
        trained.append(standardized(x, *now, epsilon, gamma, beta))
        mean = momentum * mean + (1 - momentum) * now[0]
        variance = momentum * variance + (1 - momentum) * now[1]
    moving = np.concatenate(layer.get_weights()[-2:])
    inference = np.asarray(layer(batches[2], training=False))
    layer.trainable = False
    frozen = layer(batches[2], **given)
    oracle = standardized(batches[2], mean, variance, epsilon, gamma, beta)
    return {
        "training": (found, trained),
        "moving": (moving, np.concatenate([mean.ravel(), variance.ravel()])),
        "inference": (inference, oracle),
        "frozen": (frozen, oracle),
        "kept": (np.concatenate(layer.get_weights()[-2:]), moving),
    }


BATCHES = batch_normalized.each(
    {
        "the defaults": {},
        "momentum": {"momentum": 0.7, "epsilon": 0.2},
        "an axis": {"axis": 1, "momentum": 0.6},
        "no scale": {"scale": False, "momentum": 0.6},
        "no center": {"center": False, "momentum": 0.6},
        "a mask": {"masked": True, "momentum": 0.6},
    }
)


@claim("BatchNormalization trains by its batch's mean and variance", source=BATCH)
def test_batch_training(judge):
    assert judge(agreement("training", BATCHES, within=VARIANCE))


@claim("BatchNormalization moves its statistics by momentum, and infers by them", source=BATCH)
def test_batch_moving(judge):
    assert judge(agreement(("moving", "inference"), BATCHES))


@claim("BatchNormalization that is not trainable runs in inference mode", source=BATCH)
def test_batch_frozen(judge):
    assert judge(agreement("frozen", BATCHES))


@claim("BatchNormalization that is not trainable keeps its moving statistics", source=BATCH)
def test_batch_kept(judge):
    assert judge(agreement("kept", BATCHES, within=1e-12))


@contract("training", "moving", "inference", numbers=96)
def renormalized(seed, clipping):
    """Two training calls and an inference call of a layer with batch renormalization."""
    import keras

    x = np.random.default_rng(seed).normal(1, 2, size=(3, 8, 4)).astype("float32")
    layer = keras.layers.BatchNormalization(
        renorm=True, renorm_clipping=clipping, renorm_momentum=0.6, momentum=0.7
    )
    found = [layer(each, training=True) for each in x[:2]]
    mean, deviation, moving, moved = (np.full(4, start) for start in (0.0, 1.0, 0.0, 1.0))
    told, oracle = {"rmin": 0, "rmax": np.inf, "dmax": np.inf} | clipping, []
    for each in np.float64(x[:2]):
        now, own = each.mean(0), np.sqrt(each.var(0) + 1e-3)
        r = np.clip(own / deviation, told["rmin"], told["rmax"])
        d = np.clip((now - mean) / deviation, -told["dmax"], told["dmax"])
        oracle.append((each - now) / own * r + d)
        mean, deviation = 0.6 * mean + 0.4 * now, 0.6 * deviation + 0.4 * own
        moving, moved = 0.7 * moving + 0.3 * now, 0.7 * moved + 0.3 * own
    statistics = np.stack([layer.moving_mean, layer.moving_variance])
    return {
        "training": (found, oracle),
        "moving": (statistics, np.stack([moving, moved**2 - 1e-3])),
        "inference": (layer(x[2], training=False), (np.float64(x[2]) - moving) / moved),
    }


CLIPPINGS = {"no clipping": {}, "clipping": {"rmin": 0.9, "rmax": 1.5, "dmax": 0.3}}


@claim("BatchNormalization with renorm corrects its batch by its statistics, clipped", source=BATCH)
def test_renorm(judge):
    experiment = renormalized.each({name: {"clipping": c} for name, c in CLIPPINGS.items()})
    assert judge(agreement(("training", "moving", "inference"), experiment, within=VARIANCE))


@contract("outputs", numbers=220)
def normalized(seed, name, options, oracle, half=False):
    """A layer without memory on a random array, one row of it zero; or of large float16."""
    import keras

    rng = np.random.default_rng(seed)
    x = rng.normal(1, 2, size=(3, 2 * int(rng.integers(2, 4)), 2, 6)).astype("float32")
    x[0, 0, 0] = 0
    x = (1000 * x).astype("float16") if half else x
    layer = getattr(keras.layers, name)(**options, dtype=x.dtype.name)
    layer.build(x.shape)
    weights = [rng.uniform(0.5, 2, size=each.shape).astype(x.dtype) for each in layer.get_weights()]
    layer.set_weights(weights)
    weights = [np.float64(each) for each in weights]
    outputs = layer(x, training=True)
    return {"outputs": (outputs, ORACLES[oracle](np.float64(x), *weights))}


def layer_norm(x, gamma=1.0, beta=0.0, axes=(-1,), epsilon=1e-3):
    return standardized(x, *moments(x, axes), epsilon, gamma, beta)


def group_norm(x, gamma=1.0, beta=0.0, groups=3, epsilon=1e-3):
    parts = x.reshape(*x.shape[:-1], groups, -1)
    return standardized(parts, *moments(parts, (1, 2, 4)), epsilon).reshape(x.shape) * gamma + beta


def of_rows(function):
    """The same along the axis after the first."""
    return lambda x, *weights: np.moveaxis(function(np.moveaxis(x, 1, -1), *weights), -1, 1)


def unit(x, axes=(-1,)):
    return x / np.maximum(np.sqrt(np.sum(x**2, axis=axes, keepdims=True)), 1e-12)


def root_mean_square(x, gamma, axes=(-1,)):
    return gamma * x / np.sqrt(np.mean(x**2, axis=axes, keepdims=True) + 0.1)


ORACLES = {
    "layer": layer_norm,
    "layer, wide": lambda x, gamma, beta: layer_norm(x, gamma, beta, (-2, -1), 0.1),
    "layer, plain": layer_norm,
    "layer, its scale alone": layer_norm,
    "layer, its center alone": lambda x, beta: layer_norm(x, 1.0, beta),
    "layer of rows": of_rows(layer_norm),
    "groups": group_norm,
    "one group": lambda x, gamma, beta: group_norm(x, gamma, beta, 1, 0.1),
    "instances": lambda x, gamma, beta: group_norm(x, gamma, beta, 6),
    "groups, their center alone": lambda x, beta: group_norm(x, 1.0, beta),
    "groups of rows": of_rows(lambda x, gamma: group_norm(x, gamma, groups=2)),
    "unit": unit,
    "unit, wide": lambda x: unit(x, (-2, -1)),
    "unit of rows": of_rows(unit),
    "root mean square": root_mean_square,
    "root mean square, wide": lambda x, gamma: root_mean_square(x, gamma, (-2, -1)),
    "batch": lambda x, gamma, beta, *_: layer_norm(x, gamma, beta, (0, 1, 2)),
}
OTHERS = {
    "LayerNormalization": {
        "layer": {},
        "layer, wide": {"axis": [-2, -1], "epsilon": 0.1},
        "layer, plain": {"center": False, "scale": False},
        "layer, its scale alone": {"center": False},
        "layer, its center alone": {"scale": False},
        "layer of rows": {"axis": 1},
    },
    "GroupNormalization": {
        "groups": {"groups": 3},
        "one group": {"groups": 1, "epsilon": 0.1},
        "instances": {"groups": -1},
        "groups, their center alone": {"groups": 3, "scale": False},
        "groups of rows": {"groups": 2, "axis": 1, "center": False},
    },
    "UnitNormalization": {
        "unit": {},
        "unit, wide": {"axis": [-2, -1]},
        "unit of rows": {"axis": 1},
    },
    "RMSNormalization": {"root mean square": {"epsilon": 0.1}},
}


@pytest.mark.parametrize("name", OTHERS)
@claim("{name} gives its documented formula, by default and by its options", source=PAGES)
def test_normalized(judge, name):
    variants = {o: {"options": options, "oracle": o} for o, options in OTHERS[name].items()}
    experiment = normalized.each(variants, name)
    assert judge(agreement("outputs", experiment, within=VARIANCE))


HALVES = {
    "LayerNormalization": ("layer", {}),
    "GroupNormalization": ("groups", {"groups": 3}),
    "RMSNormalization": ("root mean square", {"epsilon": 0.1}),
    "BatchNormalization": ("batch", {}),
}


@claim(
    "Normalizing layers in float16 take statistics of numbers whose squares overflow", source=PAGES
)
def test_half(judge):
    variants = {
        name: {"name": name, "options": options, "oracle": oracle}
        for name, (oracle, options) in HALVES.items()
    }
    # float16 has three digits.
    assert judge(agreement("outputs", normalized.each(variants, half=True), within=5e-3))


@contract("outputs", "back", numbers=66)
def adapted(seed, way):
    """A Normalization layer that has learnt from data, or was told, its mean and variance."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    shape = (11, 3, 2) if way == "over two axes" else (11, 3)
    x = rng.normal(rng.normal(size=shape[1:]), 2, size=shape).astype("float32")
    axes, axis = {"over all": ((0, 1), None), "over two axes": (0, (1, 2))}.get(way, (0, -1))
    if way == "a constant column":
        x[:, 1] = 3
    exact = np.float64(x).mean(axes), np.float64(x).var(axes)
    told = dict(zip(("mean", "variance"), exact, strict=True)) if way == "told" else {}
    layer = keras.layers.Normalization(axis=axis, **told)
    inverse = keras.layers.Normalization(axis=axis, invert=True, **told)
    if way != "told":
        data = tf.data.Dataset.from_tensor_slices(x).batch(4) if way == "by batches" else x
        layer.adapt(data)
        inverse.adapt(data)
    scaled = (np.float64(x) - exact[0]) / np.maximum(np.sqrt(exact[1]), 1e-7)
    return {"outputs": (layer(x), scaled), "back": (inverse(scaled.astype("float32")), x)}


DATA = ("at once", "by batches", "over all", "over two axes", "told", "a constant column")
WAYS = {way: {"way": way} for way in DATA}


@claim(
    "Normalization standardizes by the mean and variance it is told or adapts to", source=ADAPTED
)
def test_adapted(judge):
    assert judge(agreement("outputs", adapted.each(WAYS), within=VARIANCE))


@claim("Normalization with invert=True takes the standardization back", source=ADAPTED)
def test_inverted(judge):
    assert judge(agreement("back", adapted.each(WAYS), within=VARIANCE))


@contract("trained", "evaluated", "predicted", "dropped", "not dropped", numbers=24)
def in_a_model(seed):
    """What train_on_batch, evaluate and predict have a model's layers do."""
    import keras

    rng = np.random.default_rng(seed)
    x, y = rng.normal(1, 2, size=(6, 4)).astype("float32"), rng.normal(size=(6, 4))
    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(momentum=0.5)])
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    exact = moments(np.float64(x), (0,))
    moved = 0.5 * exact[0], 0.5 + 0.5 * exact[1]
    inferred, rate = standardized(np.float64(x), *moved, 1e-3), float(rng.uniform(0.3, 0.7))
    drop = keras.Sequential([keras.Input((3000,)), keras.layers.Dropout(rate)])
    drop.add(keras.layers.Dense(1, kernel_initializer="ones", trainable=True))
    drop.compile(keras.optimizers.SGD(0.0), lambda _, out: out[:, 0], run_eagerly=True)
    ones = np.ones((1, 3000), "float32")
    kept = float(drop.train_on_batch(ones, ones[:, :1])) * (1 - rate) / 3000
    trained = model.train_on_batch(x, y)
    for each in (model, drop):  # until Keras 3.15 test_on_batch goes on from there
        each.reset_metrics()
    return {
        "trained": (trained, np.mean((standardized(np.float64(x), *exact, 1e-3) - y) ** 2)),
        "evaluated": (model.test_on_batch(x, y), np.mean((inferred - y) ** 2)),
        "predicted": (model.predict_on_batch(x), inferred),
        "dropped": ((1 - kept - rate) / np.sqrt(rate * (1 - rate) / 3000), 0),
        "not dropped": (drop.test_on_batch(ones, ones[:, :1]), 3000),
    }


@claim("A step normalizes by its batch, evaluation and prediction by what moved", source=BATCH)
def test_in_a_model(judge):
    assert judge(agreement(("trained", "evaluated", "predicted"), in_a_model()))


@claim("A training step drops units at Dropout's rate", source=PAGES)
def test_step_drops(judge):
    assert judge(agreement("dropped", in_a_model(), within=ERRORS))


@claim("Evaluation drops no units", source=PAGES)
def test_step_drops_not(judge):
    assert judge(agreement("not dropped", in_a_model()))
