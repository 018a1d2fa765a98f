"""What optimizers are given: gradients of some rows, no gradient, weights of several of them."""

import warnings

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.stepping import (
    QUICK,
    STEPS,
    applied,
    clipped_by,
    flat,
    problem,
    variables_of,
)
from training_claims.claims.contracts.update_rules import trained

pytestmark = pytest.mark.contract
PAGE = "https://keras.io/api/optimizers/"
NOWHERE = "reported nowhere that we found"


@contract("table", numbers=4 * 15)
def sparse(seed, name, repeated=False, bound=None, **options):
    """A table of vectors of which each step looks up a few, by rows' gradients alone."""
    import keras
    import tensorflow as tf

    rng, options = np.random.default_rng(seed), {"learning_rate": 0.3} | options
    table = rng.normal(size=(5, 3))
    optimizer = getattr(keras.optimizers, name)(clipnorm=bound, **options)
    variable = keras.Variable(table, dtype="float32")
    gradients, found = [], []
    for _ in range(4):
        rows, values = rng.permutation(5)[:3], rng.normal(size=(3, 3))
        rows = np.r_[rows[:2], rows[0]] if repeated else rows
        dense = np.zeros_like(table)
        np.add.at(dense, rows, values)
        gradients.append(clipped_by("clipnorm", bound or np.inf, [dense]))
        slices = tf.IndexedSlices(tf.constant(values, "float32"), tf.constant(rows), (5, 3))
        optimizer.apply([slices], [variable])
        found.append(variable.value.numpy())
    oracle = trained(name, [table], gradients, **options)
    return {"table": (found, [step[0] for step in oracle])}


MOMENTUM, BETAS = {"momentum": 0.5}, {"beta_1": 0.6, "beta_2": 0.8}
SPARSE = {
    "SGD": MOMENTUM,
    "Adam": QUICK["Adam"],
    "Adagrad": {},
    "RMSprop": {},
    "Ftrl": {},
    "Nadam": QUICK["Adam"],
    "Adamax": QUICK["Adam"],
    "AdamW": QUICK["Adam"] | {"amsgrad": True},
    "Adadelta": {},
    "Lion": BETAS,
    "Lamb": QUICK["Adam"],
    "Adafactor": {},
}
SPARSE_OPTIONS = {name: {"name": name} | options for name, options in SPARSE.items()} | {
    "SGD, Nesterov's": {"name": "SGD", "nesterov": True} | MOMENTUM,
    "SGD, clipped": {"name": "SGD", "bound": 1.5} | MOMENTUM,
    "RMSprop, centered": {"name": "RMSprop", "centered": True, "epsilon": 1e-3} | MOMENTUM,
}


@claim("Optimizers step by the gradient of an embedding's few rows as by a full one", source=PAGE)
def test_sparse(judge):
    assert judge(agreement("table", sparse.each(SPARSE_OPTIONS)))


@claim("SGD with momentum adds up the gradients of a row that is looked up twice", source=PAGE)
def test_repeated_rows(judge):
    assert judge(agreement("table", sparse("SGD", repeated=True, momentum=0.5)))


@pytest.mark.parametrize("name", ["Adam", "Adagrad"])
@claim("{name} adds up the gradients of a row that is looked up twice", source=PAGE, known=NOWHERE)
def test_repeated_rows_squared(judge, name):
    assert judge(agreement("table", sparse(name, repeated=True, **SPARSE[name])))


@contract("weights", numbers=STEPS * 10)
def divided(seed, way):
    """A kernel stepped by Adam, and a bias by momentum descent, of one MultiOptimizer."""
    import keras

    _, weights, gradients = problem(seed)
    options = {name: {"learning_rate": 0.3} | given for name, given in QUICK.items()}
    adam, descent = (getattr(keras.optimizers, name)(**options[name]) for name in ("Adam", "SGD"))
    chosen = {
        "a map": lambda: keras.optimizers.OptimizerMap(descent, {"ker.*": adam}),
        "a function": lambda: lambda variable: descent if "bias" in variable.path else adam,
    }[way]()
    optimizer = keras.optimizers.MultiOptimizer(chosen)
    found = applied(optimizer, variables_of(weights), gradients)
    kernels, biases = (
        trained(name, [weights[at]], [[step[at]] for step in gradients], **options[name])
        for at, name in enumerate(("Adam", "SGD"))
    )
    return {"weights": (found, [flat([*k, *b]) for k, b in zip(kernels, biases, strict=True)])}


@claim("MultiOptimizer steps each weight by the optimizer that is its own", source=PAGE)
def test_divided(judge):
    ways = {way: {"way": way} for way in ("a map", "a function")}
    assert judge(agreement("weights", divided.each(ways)))


@contract("weights", "averages", numbers=STEPS * 12)
def without_gradient(seed):
    """Momentum descent of two weights, and of one between them that has no gradient."""
    import keras

    _, weights, gradients = problem(seed)
    options = {"learning_rate": 0.1} | QUICK["SGD"]
    optimizer = keras.optimizers.SGD(use_ema=True, ema_momentum=0.5, **options)
    kernel, bias = variables_of(weights)
    idle, found = keras.Variable(np.ones(2), dtype="float32", name="idle"), []
    for step in gradients:
        first, last = (keras.ops.convert_to_tensor(g, "float32") for g in step)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Gradients do not exist", UserWarning)
            optimizer.apply([first, None, last], [kernel, idle, bias])
        found.append(flat([each.value.numpy() for each in (kernel, idle, bias)]))
    oracle = trained("SGD", weights, gradients, **options)
    kept = [v.value.numpy() for v in optimizer.variables if "average" in v.path]
    steps, average = [flat([k, np.ones(2), b]) for k, b in oracle], None
    for step in steps:
        average = step if average is None else 0.5 * average + 0.5 * step
    return {"weights": (found, steps), "averages": (flat(kept), average)}


@claim("A weight without a gradient stays, and the others step as without it", source=PAGE)
def test_without_gradient(judge):
    assert judge(agreement(("weights", "averages"), without_gradient()))
