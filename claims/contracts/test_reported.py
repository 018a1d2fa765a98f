"""What is reported is of the examples seen, each once; which accuracy and crossentropy it is."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, anew, flat, parts, stepped

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"
LOSSES = "https://keras.io/api/losses/probabilistic_losses/"
EAGER, GRAPH = {"run_eagerly": True}, {"jit_compile": False}


@cache
def linear(columns, rate):
    import keras

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"], **GRAPH)
    model.build((None, columns))
    return model


@contract("loss", "mae", numbers=3)
def reported(seed):
    """A linear model's mean squared and absolute error in each epoch, at rate 0."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    rows, batch = int(rng.integers(13, 20)), int(rng.integers(5, 8))
    x, y = rng.normal(size=(rows, 4)).astype("float32"), rng.normal(size=(rows, 1))
    model = anew(seed, linear(4, 0.0))
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch)
    logs = model.fit(data, epochs=3, shuffle=False, verbose=0).history
    kernel, bias = (np.float64(weight) for weight in model.get_weights())
    error = x @ kernel + bias - y
    return {
        "loss": (logs["loss"], [np.mean(error**2)] * 3),
        "mae": (logs["mae"], [np.mean(np.abs(error))] * 3),
    }


@claim("fit reports means over examples, the last batch's too", source=TRAINING)
def test_mean_over_examples(judge):
    assert judge(agreement(("loss", "mae"), reported()))


@cache
def counting():
    import keras

    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    # Any probability is above 0, and every label is 1.
    metric = keras.metrics.TruePositives(thresholds=0.0, name="count")
    model.compile("sgd", "mse", metrics=[metric], **GRAPH)
    model.build((None, 2))
    return model


@contract("fit", "validation", "evaluate", numbers=2)
def counted(seed):
    """How many examples a metric that counts has seen, by each epoch of fit and by evaluate."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    rows, others = int(rng.integers(9, 12)), int(rng.integers(5, 8))
    x, held = (rng.normal(size=(count, 2)).astype("float32") for count in (rows, others))
    ones, more = np.ones((rows, 1)), np.ones((others, 1))
    model = anew(seed, counting())
    data = [tf.data.Dataset.from_tensor_slices(d).batch(4) for d in ((x, ones), (held, more))]
    given = {"validation_data": data[1], "epochs": 2, "shuffle": False, "verbose": 0}
    logs = model.fit(data[0], **given).history
    again = [model.evaluate(each, verbose=0)[1] for each in data]
    return {
        "fit": (logs["count"][:2], [rows] * 2),
        "validation": (logs["val_count"][:2], [others] * 2),
        "evaluate": (again, [rows, others]),
    }


@claim(
    "A metric sees each example once, and is reset before: fit, validation, evaluate",
    source=TRAINING,
)
def test_counted_once(judge):
    assert judge(agreement(("fit", "validation", "evaluate"), counted()))


@contract("train", "test", "weights", numbers=4)
def on_batches(seed):
    """Values of two batches by train_on_batch, and of two by test_on_batch, one after another."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(4, 9))
    x, y = rng.normal(size=(4, rows, 3)).astype("float32"), rng.normal(size=(4, rows, 1))
    model = anew(seed, linear(3, RATE))
    weights, expected = flat(model), []

    def off(weights, at):
        return x[at].astype(float) @ weights[:3, None] + weights[3] - y[at]

    for at in range(4):
        expected.append([np.mean(off(weights, at) ** 2), np.mean(np.abs(off(weights, at)))])
        if at < 2:
            weights = stepped(lambda w, at=at: np.mean(off(w, at) ** 2), weights)
    train = [model.train_on_batch(x[at], y[at]) for at in (0, 1)]
    test = [model.test_on_batch(x[at], y[at]) for at in (2, 3)]
    return {
        "train": (np.array(train), np.array(expected[:2])),
        "test": (np.array(test), np.array(expected[2:])),
        "weights": (flat(model), weights),
    }


@claim("train_on_batch and test_on_batch give their batch's values, before a step", source=TRAINING)
def test_on_batch(judge):
    assert judge(agreement(("train", "test"), on_batches()))


@claim("train_on_batch takes one step, and test_on_batch none", source=TRAINING)
def test_steps_on_batch(judge):
    assert judge(agreement("weights", on_batches()))


@contract("accuracy")
def named(seed, name, target, output):
    """The accuracy of outputs of a shape, of targets of a shape, as its name chooses it."""
    import keras

    rng = np.random.default_rng(seed)
    rows = int(rng.integers(12, 20))
    p = rng.random((rows, *output)).astype("float32")
    last = output[-1]
    if last == 1:
        y, chosen = rng.integers(2, size=p.shape), p > 0.5
    else:
        y, chosen = rng.integers(last, size=p.shape[:-1]), p.argmax(axis=-1)
    expected = accuracy_score(y.ravel(), chosen.ravel())
    given = np.eye(last)[y] if target == "one-hot" else y.reshape(rows, *target)
    model = keras.Sequential([keras.Input(output), keras.layers.Activation("linear")])
    model.compile(loss=lambda _, found: keras.ops.mean(found, axis=-1), metrics=[name], **EAGER)
    return {"accuracy": (model.test_on_batch(p, given, return_dict=True)[name], expected)}


SHAPES: dict[str, list[Any]] = {
    "binary": [((), (1,)), ((1,), (1,)), ((4, 1), (4, 1))],
    "categorical": [("one-hot", (3,)), ("one-hot", (4, 3))],
    "sparse": [((), (3,)), ((1,), (3,)), ((4,), (4, 3)), ((4, 1), (4, 3))],
}
NAMED = {
    f"{kind}, {target} and {output}": {"target": target, "output": output}
    for kind, shapes in SHAPES.items()
    for target, output in shapes
}


@claim(
    '"accuracy" is binary, categorical or sparse by shapes of targets and outputs', source=TRAINING
)
def test_which_accuracy(judge):
    assert judge(agreement("accuracy", named.each(NAMED, "accuracy")))


@claim('"acc" is "accuracy"', source=TRAINING)
def test_acc(judge):
    assert judge(agreement("accuracy", named("acc", (), (3,))))


@cache
def classifier(head):
    import keras

    ends = "softmax" if head == "softmax" else None
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=head == "logits")
    model = keras.Sequential([keras.layers.Dense(3, activation=ends)])
    model.compile(keras.optimizers.SGD(RATE), loss, **GRAPH)
    model.build((None, 3))
    return model


@contract("loss", "weights", numbers=12)
def classified(seed, head):
    """Crossentropy of classes by a linear model that ends in softmax, or in logits; and a step."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(11, 3)).astype("float32"), rng.integers(3, size=11)
    model = anew(seed, classifier(head))

    def entropy(weights):
        kernel, bias = parts(weights, (3, 3), (3,))
        return log_loss(y, softmax(x.astype(float) @ kernel + bias, axis=1), labels=range(3))

    weights = flat(model)
    found = model.test_on_batch(x, y)
    model.train_on_batch(x, y)
    return {"loss": (found, entropy(weights)), "weights": (flat(model), stepped(entropy, weights))}


HEADS = {head: {"head": head} for head in ("softmax", "logits")}


@claim(
    "Crossentropy takes the softmax once, of a model that ends in it or in logits", source=LOSSES
)
def test_softmax_once(judge):
    assert judge(agreement(("loss", "weights"), classified.each(HEADS)))


@cache
def ranked(_, output):
    """A linear model of outputs of one rank, for targets of one."""
    import keras

    inputs, dense = keras.Input((2,)), keras.layers.Dense(1)
    found = dense(inputs) if output == 2 else keras.ops.squeeze(dense(inputs), axis=-1)
    model = keras.Model(inputs, found)
    # Not in the order of the alphabet, which values are not to be put into.
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mse", "mae"], **GRAPH)
    return model


@contract("loss", "metrics", "weights", numbers=3)
def of_rank(seed, target, output):
    """A linear model in batches whose targets have rank 1 or 2, and outputs too; and a step."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    batch = int(rng.integers(3, 7))
    rows = batch + int(rng.integers(1, batch))
    x, y = rng.normal(size=(rows, 2)).astype("float32"), rng.normal(size=rows)
    model = anew(seed, ranked(target, output))
    weights, given = flat(model), y[:, None] if target == 2 else y

    def off(weights):
        return x.astype(float) @ weights[:2] + weights[2] - y

    error = off(weights)
    batches = tf.data.Dataset.from_tensor_slices((x, given)).batch(batch)
    values = model.evaluate(batches, verbose=0)
    model.train_on_batch(x, given)
    squared = np.mean(error**2)
    return {
        "loss": (values[0], squared),
        "metrics": (values[1:], [squared, np.mean(np.abs(error))]),
        "weights": (flat(model), stepped(lambda w: np.mean(off(w) ** 2), weights)),
    }


RANKS = {
    f"rank {target} and {output}": {"target": target, "output": output}
    for target, output in ((1, 2), (2, 1), (1, 1))
}


@claim("Targets of either rank meet outputs of either row by row in loss and step", source=TRAINING)
def test_loss_of_ranks(judge):
    assert judge(agreement(("loss", "weights"), of_rank.each(RANKS)))


@claim(
    "Targets and outputs of ranks 1 and 2, or 2 and 1, meet row by row in metrics", source=TRAINING
)
def test_metrics_of_ranks(judge):
    names = ("metrics of rank 1 and 2", "metrics of rank 2 and 1")
    assert judge(agreement(names, of_rank.each(RANKS)))


@claim(
    "Metrics of targets and outputs of rank 1 are means over examples",
    source=TRAINING,
    known="https://github.com/tensorflow/tensorflow/issues/35439",
)
def test_metrics_of_rank_one(judge):
    assert judge(agreement("metrics of rank 1 and 1", of_rank.each(RANKS)))
