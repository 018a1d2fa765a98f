"""`evaluate` and `predict` by themselves, from each form of data."""

from functools import cache

import numpy as np
import pytest
from scipy import sparse

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import anew
from training_claims.claims.contracts.linear import (
    RATE,
    batches,
    descend,
    drawn,
    errors,
    exactly,
    linear,
    sources,
    weights_of,
)

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"
GRAPH = {"jit_compile": False}


def asked(seed, source, **mode):
    """A linear model, its layer of rows, its weights; examples; how to ask it of a source."""
    x, y, batch = drawn(seed)
    model, rows, weights = linear(seed, x, **GRAPH, **mode)
    size = {"batch_size": batch} if source in ("arrays", "tensors") else {}
    count = -(-len(x) // batch)

    def ask(method, **options):
        (first, *more), needs = sources(x, y, batch)[source]()
        targets = more if method == "evaluate" else []
        steps = {"steps": count} if "steps_per_epoch" in needs else {}
        return getattr(model, method)(first, *targets, verbose=0, **(size | steps | options))

    return model, rows, weights, x, y, batch, ask


@contract("evaluated", "predicted", numbers=40)
def of_all(seed, source, **mode):
    """What evaluate and predict give of all rows."""
    _, rows, weights, x, y, _, ask = asked(seed, source, **mode)
    loss, mae = ask("evaluate")
    seen, off = rows.numbers("evaluated", len(x)), errors(weights, x, y)
    return {
        "evaluated": (
            [*seen, loss, mae],
            [*range(1, len(x) + 1), np.mean(off**2), np.mean(np.abs(off))],
        ),
        "predicted": (exactly(len(x), ask("predict")), errors(weights, x, np.zeros_like(y))),
    }


@contract("evaluated", "predicted", numbers=40)
def of_some(seed, source):
    """What evaluate and predict give of the first two batches."""
    *_, weights, x, y, batch, ask = asked(seed, source)
    x, y = x[: 2 * batch], y[: 2 * batch]
    found = ask("predict", steps=2)
    return {
        "evaluated": (ask("evaluate", steps=2)[0], np.mean(errors(weights, x, y) ** 2)),
        "predicted": (exactly(len(x), found), errors(weights, x, np.zeros_like(y))),
    }


SOURCES = {
    source: {"source": source}
    for source in ("arrays", "tensors", "a tf.data.Dataset", "a generator", "a PyDataset")
}
AT_ONCE = {"two steps at once": {"source": "a tf.data.Dataset", "steps_per_execution": 2}}
# With arrays, steps without batch_size says how many batches there are; not claimed here.
IN_BATCHES = {source: SOURCES[source] for source in ("a tf.data.Dataset", "a generator")}


@claim("evaluate takes each row once, in order, and gives means over them", source=TRAINING)
def test_evaluate(judge):
    assert judge(agreement("evaluated", of_all.each(SOURCES | AT_ONCE)))


@claim("predict gives one row for each row, in order, the last batch too", source=TRAINING)
def test_predict(judge):
    assert judge(agreement("predicted", of_all.each(SOURCES | AT_ONCE)))


@claim("evaluate and predict with steps take so many batches, the first ones", source=TRAINING)
def test_steps(judge):
    assert judge(agreement(("evaluated", "predicted"), of_some.each(IN_BATCHES)))


@contract("weights", "again", "on batch", numbers=160)
def twice(seed):
    """Evaluate of some examples and then of others; predict_on_batch; what they leave behind."""
    model, _, weights, x, y, batch, ask = asked(seed, "a tf.data.Dataset")
    ask("evaluate")
    ask("predict")
    other, theirs, _ = drawn(seed + 100_000)
    again = model.evaluate(other, theirs, batch_size=batch, return_dict=True, verbose=0)
    off = errors(weights, other, theirs)
    on_batch = model.predict_on_batch(x)
    return {
        "weights": (weights_of(model), weights),
        "again": ([again["loss"], again["mae"]], [np.mean(off**2), np.mean(np.abs(off))]),
        "on batch": (on_batch[:, 0], errors(weights, x, np.zeros_like(y))),
    }


@claim("evaluate and predict leave the weights as they are", source=TRAINING)
def test_no_training(judge):
    assert judge(agreement("weights", twice()))


@claim("evaluate starts anew: nothing of an earlier one is left", source=TRAINING)
def test_evaluate_again(judge):
    assert judge(agreement("again", twice()))


@claim("predict_on_batch gives one row for each row, in order", source=TRAINING)
def test_predict_on_batch(judge):
    assert judge(agreement("on batch", twice()))


@cache
def two_headed(wide):
    import keras

    inputs = keras.Input((4,))
    dropped = keras.layers.Dropout(0.5)(inputs)
    heads = [keras.layers.Dense(wide, name="one"), keras.layers.Dense(2, name="other")]
    model = keras.Model(inputs, [head(dropped) for head in heads])
    model.compile(**GRAPH)
    return model


@contract("one", "other", numbers=120)
def of_two_heads(seed):
    """Both outputs of a model with dropout before them, by predict in a graph."""
    rng = np.random.default_rng(seed)
    rows, wide = int(rng.integers(20, 40)), int(rng.integers(1, 4))
    x = rng.normal(size=(rows, 4)).astype("float32")
    model = anew(seed, two_headed(wide))
    found = model.predict(x, batch_size=7, verbose=0)
    heads = [model.get_layer(name).get_weights() for name in ("one", "other")]
    return {
        name: (exactly(rows * len(bias), output), np.ravel(x.astype(float) @ kernel + bias))
        for name, output, (kernel, bias) in zip(("one", "other"), found, heads, strict=True)
    }


@claim("predict gives each of several outputs whole, and drops no unit", source=TRAINING)
def test_predict_outputs(judge):
    assert judge(agreement(("one", "other"), of_two_heads()))


@cache
def of_sparse_rows():
    import keras

    inputs = keras.Input((4,), sparse=True)
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(keras.optimizers.SGD(RATE), "mse", **GRAPH)
    return model


@contract("predicted", "trained", numbers=24)
def of_sparse(seed, form):
    """What predict gives of sparse rows, some of them empty, and an epoch in batches of five."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    rows = 5 * int(rng.integers(2, 4)) + int(rng.integers(1, 5))
    x = (rng.normal(size=(rows, 4)) * (rng.random((rows, 4)) < 0.4)).astype("float32")
    y = rng.normal(size=(rows, 1))
    made = {
        "a SciPy matrix": lambda: sparse.csr_matrix(x),
        "a SparseTensor": lambda: tf.sparse.from_dense(x),
    }[form]()
    model = anew(seed, of_sparse_rows())
    weights, numbered = weights_of(model), np.column_stack([np.ones(rows), x])
    found = model.predict(made, batch_size=5, verbose=0)
    model.fit(made, y, batch_size=5, shuffle=False, verbose=0)
    expected, *_ = descend(weights, numbered, y, batches(np.arange(rows) + 1, 5))
    return {
        "predicted": (exactly(rows, found), x.astype(float) @ weights[:-1] + weights[-1]),
        "trained": (weights_of(model), expected),
    }


SPARSE = {form: {"form": form} for form in ("a SciPy matrix", "a SparseTensor")}


@claim(
    "predict gives one row for each sparse row, and fit steps by its own target", source=TRAINING
)
def test_sparse(judge):
    assert judge(agreement(("predicted", "trained"), of_sparse.each(SPARSE)))
