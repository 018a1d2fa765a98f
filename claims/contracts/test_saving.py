"""Saved and loaded, a model goes on as if never stopped; frozen, cloned, in other precisions."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.update_rules import trained

pytestmark = pytest.mark.contract
SAVING = "https://keras.io/guides/serialization_and_saving/"
RESUMING = "https://www.tensorflow.org/guide/keras/serialization_and_saving"
WEIGHTS = "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/"
CLONE = "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/"
FREEZING = "https://keras.io/guides/transfer_learning/"
MIXED = "https://keras.io/api/mixed_precision/"
FLOATX = "https://keras.io/api/utils/config_utils/"
NOWHERE = "reported nowhere that we found"
EXACT = 1e-12
ADAM = {"learning_rate": 0.1, "beta_1": 0.6, "beta_2": 0.8, "epsilon": 1e-3}


def problem(seed):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(6, 3)), rng.normal(size=(6, 1))


def regression(optimizer, kernel):
    """A linear model from given weights."""
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.set_weights([kernel])
    model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=True)
    return model


@contextlib.contextmanager
def precision(policy, floatx="float32"):
    """A dtype policy for a while."""
    import keras

    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_floatx(before[1])
        keras.config.set_dtype_policy(before[0])


def slope(x, y, kernel):
    return 2 * x.T @ (x @ kernel - y) / len(x)


def descended(name, x, y, kernel, steps, **options):
    """The kernel after each step of an optimizer on all the data."""
    gradients, kernels = [], []
    for _ in range(steps):
        gradients.append([slope(x, y, kernels[-1] if kernels else kernel)])
        kernels = [each[0] for each in trained(name, [kernel], gradients, **options)]
    return kernels, gradients


def through_a_file(model, name):
    import keras

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / name)
        model.save(file)
        return keras.saving.load_model(file)


@contract("weights", "steps", "moments", "rate", "loss", "mae", numbers=9)
def loaded(seed):
    """Two steps of Adam, then two more of the model that was saved and loaded."""
    import keras

    rng, x, y = problem(seed)
    kernel = rng.normal(size=(3, 1))
    model = regression(keras.optimizers.Adam(**ADAM), kernel)
    model.optimizer.learning_rate = 0.07
    for _ in range(2):
        model.train_on_batch(x, y)
    model = through_a_file(model, "model.keras")
    steps, rate = int(model.optimizer.iterations), float(model.optimizer.learning_rate)
    momentum = next(v for v in model.optimizer.variables if "momentum" in v.path)
    loss, mae = model.test_on_batch(x, y)
    moments = momentum.value.numpy()
    for _ in range(2):
        model.train_on_batch(x, y)
    oracle, gradients = descended("Adam", x, y, kernel, 4, **ADAM | {"learning_rate": 0.07})
    error = x @ oracle[1] - y
    return {
        "weights": (model.get_weights()[0], oracle[-1]),
        "steps": (steps, 2),
        "moments": (moments, 0.6 * 0.4 * gradients[0][0] + 0.4 * gradients[1][0]),
        "rate": (rate, 0.07),
        "loss": (loss, np.mean(error**2)),
        "mae": (mae, np.mean(np.abs(error))),
    }


LOADED = {
    "trains on as if never stopped": ("weights",),
    "has the optimizer's steps, moments and rate": ("steps", "moments", "rate"),
    "has the loss and the metrics of before": ("loss", "mae"),
}


@pytest.mark.parametrize("what", LOADED)
@claim("A model that is saved and loaded {what}", source=SAVING)
def test_loaded(judge, what):
    assert judge(agreement(LOADED[what], loaded()))


@contract("losses", "weights", numbers=32)
def random_on(seed):
    """Two steps of a model with dropout that was saved and loaded, and of the one that was not."""
    import keras

    rng, x, y = problem(seed)
    layers = [keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dropout(0.5, seed=seed)]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.set_weights([rng.normal(size=each.shape) for each in model.get_weights()])
    model.compile("adam", "mse", run_eagerly=True)
    model.train_on_batch(x, y)
    other = through_a_file(model, "model.keras")
    losses = [[float(each.train_on_batch(x, y)) for _ in range(2)] for each in (other, model)]
    return {"losses": losses, "weights": (other.get_weights()[0], model.get_weights()[0])}


@pytest.mark.parametrize("quantity", ["losses", "weights"])
@claim(
    "A loaded model draws its dropout on from where it was: {quantity}",
    source=RESUMING,
    known="https://github.com/keras-team/keras/issues/19796",
)
def test_random_on(judge, quantity):
    assert judge(agreement(quantity, random_on(), within=EXACT))


@contract("weights", "predictions", "original", "clone", "fresh", numbers=40)
def copied(seed):
    """Weights through a file into a model like the first; a clone, trained by itself."""
    import keras

    rng, x, y = problem(seed)

    def stack():
        dense = [keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((3,)), *dense])

    model, other = stack(), stack()
    weights = [rng.normal(size=each.shape) for each in model.get_weights()]
    model.set_weights(weights)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.weights.h5")
        model.save_weights(file)
        other.load_weights(file)
    clone = keras.models.clone_model(model)
    fresh = np.max(np.abs(clone.get_weights()[0] - weights[0])) > 1e-3
    clone.set_weights(weights)
    predictions = clone.predict_on_batch(x)
    clone.compile("sgd", "mse", run_eagerly=True)
    clone.train_on_batch(x, y)
    flat = [np.concatenate([w.ravel() for w in each.get_weights()]) for each in (other, model)]
    told = np.concatenate([weight.ravel() for weight in weights])
    oracle = np.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
    return {
        "weights": (flat[0], told),
        "original": (flat[1], told),
        "predictions": (other.predict_on_batch(x), oracle),
        "clone": (predictions, oracle),
        "fresh": (fresh, True),
    }


@claim("load_weights brings what save_weights wrote, and predicts by it", source=WEIGHTS)
def test_weights_file(judge):
    assert judge(agreement(("weights", "predictions"), copied()))


@claim("clone_model makes a model that computes the same of the same weights", source=CLONE)
def test_clone(judge):
    assert judge(agreement("clone", copied()))


@claim("clone_model draws new weights, whose training leaves the original's alone", source=CLONE)
def test_clone_apart(judge):
    assert judge(agreement(("fresh", "original"), copied()))


@contract("original", "clone", numbers=15)
def inner(seed):
    """Weights of a model with another one inside it, whose clone is trained; and the clone's."""
    import keras

    rng, x, y = problem(seed)
    inside = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    model = keras.Sequential([keras.Input((3,)), inside, keras.layers.Dense(1, use_bias=False)])
    clone = keras.models.clone_model(keras.Model(model.inputs, model.outputs), recursive=True)
    first, second = rng.normal(size=(3, 2)), rng.normal(size=(2, 1))
    for each in (model, clone):
        each.set_weights([first, second])
    clone.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    clone.train_on_batch([x], y)
    left = slope(x, y, first @ second) @ second.T, slope(x @ first, y, second)

    def flat(weights):
        return np.concatenate([np.ravel(weight) for weight in weights])

    told = flat([first, second])
    return {
        "original": (flat(model.get_weights()), told),
        "clone": (flat(clone.get_weights()), told - 0.1 * flat(left)),
    }


@claim("clone_model with recursive=True shares no inner model, and trains it apart", source=CLONE)
def test_clone_inner(judge):
    assert judge(agreement(("original", "clone"), inner()))


@contract("frozen", "trained", "numbers", "thawed", "statistics", numbers=12)
def frozen(seed, nested):
    """A linear layer on a frozen one, compiled, trained, and compiled again with nothing frozen."""
    import keras

    rng, x, y = problem(seed)
    linear = keras.layers.Dense(2, use_bias=False)
    below, above, scaling = (
        keras.Sequential([keras.Input((3,)), linear]) if nested else linear,
        keras.layers.Dense(1, use_bias=False),
        keras.layers.BatchNormalization(trainable=False, scale=False, center=False),
    )
    model = keras.Sequential([keras.Input((3,)), below, scaling, above])
    first, second = rng.normal(size=(3, 2)), rng.normal(size=(2, 1))
    mean, variance = rng.normal(size=2), rng.uniform(0.5, 2, size=2)
    model.set_weights([first, mean, variance, second])
    below.trainable = False
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    numbers = [sum(w.shape[0] * w.shape[1] for w in model.trainable_weights)]
    numbers.append(len(model.non_trainable_weights))
    for _ in range(2):
        model.train_on_batch(x, y)
    held, moved = below.get_weights()[0], above.get_weights()[0]
    below.trainable = True
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    model.train_on_batch(x, y)
    thaw, kept = below.get_weights()[0], scaling.get_weights()
    hidden, now = (x @ first - mean) / np.sqrt(variance + 1e-3), second
    for _ in range(2):
        now = now - 0.1 * slope(hidden, y, now)
    back = 2 * (hidden @ now - y) @ now.T / len(x) / np.sqrt(variance + 1e-3)
    return {
        "frozen": (held, first),
        "trained": (moved, now),
        "numbers": (numbers, [2, 3]),
        "thawed": (thaw, first - 0.1 * x.T @ back),
        "statistics": (np.concatenate(kept), np.concatenate([mean, variance])),
    }


FROZEN = {
    "A layer that is not trainable, BatchNormalization too, stays as it is in training": (
        "frozen",
        "statistics",
    ),
    "A layer on frozen ones trains as if they were constants": ("trained",),
    "trainable_weights leaves out what is frozen, non_trainable_weights has it": ("numbers",),
    "A layer made trainable trains once the model is compiled again": ("thawed",),
}


@pytest.mark.parametrize("sentence", FROZEN)
@claim("{sentence}", source=FREEZING)
def test_frozen(judge, sentence):
    kinds = {"a layer": {"nested": False}, "a nested model": {"nested": True}}
    assert judge(agreement(FROZEN[sentence], frozen.each(kinds)))


@contract("weights", "most steps", "bytes", "scaled", numbers=3)
def mixed(seed, policy):
    """Twenty steps of descent in a policy of mixed precision."""
    import keras

    rng, x, y = problem(seed)
    kernel = rng.normal(size=(3, 1))
    with precision(policy):
        model = regression(keras.optimizers.SGD(0.1), kernel)
    layer = model.layers[-1]
    kernels = [kernel]
    for _ in range(20):
        model.train_on_batch(x, y)
        kernels.append(kernels[-1] - 0.1 * slope(x, y, kernels[-1]))
    done = int(model.optimizer.iterations)  # a scaled step that overflows is left out
    half = layer.kernel.numpy().dtype.itemsize
    computed = layer(x.astype("float32")).dtype.size
    return {
        "weights": (model.get_weights()[0], kernels[done]),
        "most steps": (done >= 14, True),
        "bytes": ([half, computed], [4, 2]),
        "scaled": ("LossScale" in type(model.optimizer).__name__, policy == "mixed_float16"),
    }


# A share of 2**-8 and 2**-11 of each number is lost to rounding, and weights are of about 1.
PRECISIONS = {"mixed_bfloat16": 0.05, "mixed_float16": 0.005}


@pytest.mark.parametrize(("policy", "within"), PRECISIONS.items())
@claim("Training in {policy} ends within {within} of float64's weights", source=MIXED)
def test_mixed(judge, policy, within):
    assert judge(agreement(f"weights of {policy}", mixed.each(POLICIES), within=within))


POLICIES = {policy: {"policy": policy} for policy in PRECISIONS}


@claim("Training in 16 bits leaves out no more than its first few steps", source=MIXED)
def test_mixed_steps(judge):
    assert judge(agreement("most steps", mixed.each(POLICIES)))


@claim("Mixed precision keeps float32 variables, and scales a float16 loss alone", source=MIXED)
def test_mixed_bytes(judge):
    assert judge(agreement(("bytes", "scaled"), mixed.each(POLICIES)))


@contract("weights", "losses", numbers=15)
def doubled(seed, name, **options):
    """Five steps of an optimizer where floatx is float64."""
    import keras

    rng, x, y = problem(seed)
    kernel, found = rng.normal(size=(3, 1)), []
    with precision("float64", "float64"):
        model = regression(getattr(keras.optimizers, name)(0.1, **options), kernel)
        for _ in range(5):
            loss, _ = model.train_on_batch(x, y)
            found.append((model.get_weights()[0], float(loss)))
    oracle, _ = descended(name, x, y, kernel, 5, learning_rate=0.1, **options)
    return {
        "weights": ([weights for weights, _ in found], oracle),
        "losses": (found[0][1], np.mean((x @ kernel - y) ** 2)),
    }


@claim("Training by SGD or RMSprop in float64 is NumPy's to twelve digits", source=FLOATX)
def test_float64(judge):
    variants = {name: {"name": name} for name in ("SGD", "RMSprop")}
    assert judge(agreement(("weights", "losses"), doubled.each(variants), within=EXACT))


@pytest.mark.parametrize(
    ("name", "options"), [("Adam", {}), ("Adagrad", {}), ("SGD", {"momentum": 0.9})], ids=str
)
@claim(
    "Training by {name} with {options} in float64 is NumPy's to twelve digits",
    source=FLOATX,
    known=NOWHERE,
)
def test_float64_of_options(judge, name, options):
    assert judge(agreement("weights", doubled(name, **options), within=EXACT))
