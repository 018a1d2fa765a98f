"""What weights of classes and examples, and masks, do to loss, metrics and steps."""

from functools import cache

import numpy as np
import pytest
from scipy.special import expit, log_expit, log_softmax

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, anew, flat, parts, stepped

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"
MASKS = "https://keras.io/guides/understanding_masking_and_padding/"
GRAPH = {"jit_compile": False}
CLASS_WEIGHT = {0: 0.5, 1: 3.0, 2: 1.5}


def entropies(weights, x, labels, classes):
    """The crossentropy of each example under a linear model of so many classes."""
    outputs = 1 if classes == 2 else classes
    kernel, bias = parts(weights, (x.shape[1], outputs), (outputs,))
    logits = x @ kernel + bias
    if classes == 2:
        return -log_expit(np.where(labels == 1, logits[:, 0], -logits[:, 0]))
    return -np.take_along_axis(log_softmax(logits, axis=1), labels[:, None], axis=1)[:, 0]


@cache
def classifier(classes, form):
    """A linear classifier of three columns, with the loss that its targets' form asks for."""
    import keras

    outputs, ends = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    name = "categorical" if form == "one-hot" else "sparse_categorical"
    loss = "binary_crossentropy" if classes == 2 else f"{name}_crossentropy"
    model = keras.Sequential([keras.layers.Dense(outputs, activation=ends)])
    optimizer = keras.optimizers.SGD(RATE)
    model.compile(optimizer, loss, metrics=["accuracy"], weighted_metrics=["acc"], **GRAPH)
    model.build((None, 3))
    return model


def in_form(labels, classes, form):
    return {
        "numbers": labels,
        "a column of numbers": labels[:, None],
        "one-hot": np.eye(classes, dtype="float32")[labels],
    }[form]


def given_by(model, way, x, y, batch):
    """Train one epoch, class weights given in one of the ways that there are; its logs."""
    import keras
    import tensorflow as tf

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return -(-len(x) // batch)

        def __getitem__(self, index):
            places = slice(index * batch, (index + 1) * batch)
            return x[places], y[places]

    options = {"class_weight": CLASS_WEIGHT, "shuffle": False, "verbose": 0}
    if way == "arrays":
        return model.fit(x, y, batch_size=batch, **options).history
    if way == "train_on_batch":
        for start in range(0, len(x), batch):
            places = slice(start, start + batch)
            model.reset_metrics()  # until Keras 3.15 train_on_batch goes on from there
            logs = model.train_on_batch(
                x[places], y[places], class_weight=CLASS_WEIGHT, return_dict=True
            )
        return logs
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch)
    data = {"a tf.data.Dataset": lambda: dataset, "a PyDataset": Batches}[way]()
    return model.fit(data, **options).history


@contract("weights", "loss", "metrics", numbers=20)
def by_class(seed, classes, form, way):
    """One epoch of a linear classifier with class weights; targets in one form."""
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(5, 9))
    rows = 2 * batch + int(rng.integers(1, batch))
    x, labels = rng.normal(size=(rows, 3)).astype("float32"), rng.integers(classes, size=rows)
    model = anew(seed, classifier(classes, form))
    weights, weigh = flat(model), np.vectorize(CLASS_WEIGHT.get)(labels).astype(float)
    logs = given_by(model, way, x, in_form(labels, classes, form), batch)
    losses, hits, wide = [], [], x.astype(float)
    for places in np.split(np.arange(rows), [batch, 2 * batch]):

        def loss(weights, places=places):
            return np.mean(
                weigh[places] * entropies(weights, wide[places], labels[places], classes)
            )

        losses += [loss(weights)] * len(places)
        hits += [chosen(weights, wide[places], classes) == labels[places]]
        weights = stepped(loss, weights)
    last = slice(2 * batch if way == "train_on_batch" else 0, None)
    hits = np.concatenate(hits)[last]
    return {
        "weights": (flat(model), weights),
        "loss": (np.ravel(logs["loss"]), [np.mean(losses[last])]),
        "metrics": (
            np.ravel([logs["accuracy"], logs["acc"]]),
            [np.mean(hits), np.average(hits, weights=weigh[last])],
        ),
    }


def chosen(weights, x, classes):
    outputs = 1 if classes == 2 else classes
    kernel, bias = parts(weights, (x.shape[1], outputs), (outputs,))
    logits = x @ kernel + bias
    return (expit(logits[:, 0]) > 0.5) if classes == 2 else logits.argmax(axis=1)


FORMS = {
    f"{classes} classes as {form}, in {way}": {"classes": classes, "form": form, "way": way}
    for classes, form, way in (
        (2, "numbers", "arrays"),
        (2, "a column of numbers", "arrays"),
        (3, "numbers", "arrays"),
        (3, "a column of numbers", "arrays"),
        (3, "one-hot", "arrays"),
        (3, "one-hot", "a tf.data.Dataset"),
        (2, "a column of numbers", "a tf.data.Dataset"),
        (3, "one-hot", "a PyDataset"),
        (3, "one-hot", "train_on_batch"),
        (2, "numbers", "train_on_batch"),
    )
}


@claim("class_weight weighs each example's step by its class, however they come", source=TRAINING)
def test_class_weight(judge):
    assert judge(agreement("weights", by_class.each(FORMS)))


@claim("class_weight weighs the reported loss, however the examples come", source=TRAINING)
def test_class_weight_in_loss(judge):
    assert judge(agreement("loss", by_class.each(FORMS)))


@claim("class_weight weighs weighted_metrics alone", source=TRAINING)
def test_class_weight_in_metrics(judge):
    assert judge(agreement("metrics", by_class.each(FORMS)))


@cache
def weighed(way):
    """A linear model of two columns, for weights of one rank."""
    import keras

    masking = [keras.layers.Masking(-5.0)] if way == "a mask" else []
    model = keras.Sequential([*masking, keras.layers.Dense(1)])
    more = {"metrics": ["mae"], "weighted_metrics": ["mse"], **GRAPH}
    model.compile(keras.optimizers.SGD(RATE), "mse", **more)
    model.build((None, None, 2) if masking else (None, 2))
    return model


@contract("masked", "weights", "metrics", numbers=8)
def masked(seed):
    """One step on sequences of which a mask leaves some steps, with weights of the steps."""
    rng = np.random.default_rng(seed)
    rows, steps = int(rng.integers(3, 7)), int(rng.integers(3, 6))
    x, y = rng.normal(size=(rows, steps, 2)), rng.normal(size=(rows, steps, 1))
    kept = np.arange(steps) < rng.integers(1, steps, size=rows)[:, None]
    x, weight = (
        np.where(kept[..., None], x, -5).astype("float32"),
        rng.uniform(0.1, 3, (rows, steps)),
    )
    model = anew(seed, weighed("a mask"))
    weights, wide = flat(model), np.where(kept[..., None], x, 0).astype(float)

    def off(weights):
        kernel, bias = parts(weights, (2, 1), (1,))
        return (wide @ kernel + bias - y)[..., 0][kept]

    def loss(weights):
        return np.mean(weight[kept] * off(weights) ** 2)

    error = off(weights)
    logs = model.train_on_batch(x, y, sample_weight=weight, return_dict=True)
    return {
        "masked": (logs["loss"], np.mean(weight[kept] * error**2)),
        "weights": (flat(model), stepped(loss, weights)),
        "metrics": (
            [logs["mae"], logs["mse"]],
            [np.mean(np.abs(error)), np.average(error**2, weights=weight[kept])],
        ),
    }


@claim("Steps that a mask leaves out count for nothing in loss, step or metrics", source=MASKS)
def test_masked(judge):
    assert judge(agreement(("masked", "weights", "metrics"), masked()))


@contract("weights", "values", numbers=8)
def by_example(seed, way):
    """One epoch of a linear model on weighted examples, given in one of the ways there are."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    batch = int(rng.integers(5, 9))
    rows = 2 * batch + int(rng.integers(1, batch))
    x, y = rng.normal(size=(rows, 2)).astype("float32"), rng.normal(size=(rows, 1))
    weight = rng.uniform(0.1, 3, size=rows)
    model = anew(seed, weighed(way))
    weights, losses, errors, wide = flat(model), [], [], x.astype(float)
    batches = np.split(np.arange(rows), [batch, 2 * batch])
    given = {
        "a vector": lambda: ((x, y, batch), {"sample_weight": weight}),
        "a column": lambda: ((x, y, batch), {"sample_weight": weight[:, None]}),
        "the dataset": lambda: (
            (tf.data.Dataset.from_tensor_slices((x, y, weight)).batch(batch),),
            {},
        ),
        "the generator": lambda: (
            (((x[each], y[each], weight[each]) for each in batches),),
            {"steps_per_epoch": 3},
        ),
    }
    data, options = given[way]()
    logs = model.fit(*data, **options, shuffle=False, verbose=0).history
    for places in batches:

        def loss(weights, places=places):
            error = wide[places] @ weights[:2] + weights[2] - y[places, 0]
            return np.mean(weight[places] * error**2)

        losses += [loss(weights)] * len(places)
        errors.append(wide[places] @ weights[:2] + weights[2] - y[places, 0])
        weights = stepped(loss, weights)
    errors = np.concatenate(errors)
    values = [np.mean(losses), np.mean(np.abs(errors)), np.average(errors**2, weights=weight)]
    return {
        "weights": (flat(model), weights),
        "values": (np.ravel([logs["loss"], logs["mae"], logs["mse"]]), values),
    }


WAYS = {way: {"way": way} for way in ("a vector", "a column", "the dataset", "the generator")}


@claim("sample_weight weighs each example's step, whatever gives it", source=TRAINING)
def test_sample_weight(judge):
    assert judge(agreement("weights", by_example.each(WAYS)))


@claim("sample_weight weighs loss and weighted_metrics, and no other metrics", source=TRAINING)
def test_sample_weight_in_values(judge):
    assert judge(agreement("values", by_example.each(WAYS)))


@contract("values", numbers=3)
def validated(seed, way):
    """What is told of examples that do not train, weighted or not, by the weights at the end."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    rows = int(rng.integers(11, 15))
    x, y = rng.normal(size=(rows, 2)).astype("float32"), rng.integers(2, size=(rows, 1))
    weight = rng.uniform(0.1, 3, size=rows)
    model = anew(seed, weighed("a vector"))
    train, held = (
        tf.data.Dataset.from_tensor_slices(each).batch(5) for each in ((x, y), (x, y, weight))
    )
    data, options = {
        "evaluate": lambda: ((x, y), {"sample_weight": weight, "batch_size": 5}),
        "a dataset": lambda: ((train,), {"validation_data": held}),
        "arrays": lambda: ((train,), {"validation_data": (x, y, weight)}),
        "validation_split": lambda: (
            (np.tile(x, (2, 1)), np.tile(y, (2, 1))),
            {"sample_weight": np.tile(weight, 2), "validation_split": 0.5},
        ),
        "class_weight": lambda: (
            (train,),
            {"validation_data": train, "class_weight": CLASS_WEIGHT},
        ),
    }[way]()
    if way == "evaluate":
        told = model.evaluate(*data, return_dict=True, verbose=0, **options)
    else:
        logs = model.fit(*data, shuffle=False, verbose=0, **options).history
        told = {name: logs[f"val_{name}"][0] for name in ("loss", "mae", "mse")}
    weights = flat(model)
    error = x.astype(float) @ weights[:2] + weights[2] - y[:, 0]
    weight = np.ones(rows) if way == "class_weight" else weight
    expected = [
        np.mean(weight * error**2),
        np.mean(np.abs(error)),
        np.average(error**2, weights=weight),
    ]
    return {"values": ([told[name] for name in ("loss", "mae", "mse")], expected)}


APART = {way: {"way": way} for way in ("evaluate", "a dataset", "arrays", "validation_split")}


@claim("Examples that do not train count by their sample_weight, as those that do", source=TRAINING)
def test_validated(judge):
    assert judge(agreement("values", validated.each(APART)))


@claim("class_weight weighs nothing of the validation data", source=TRAINING)
def test_class_weight_in_validation(judge):
    assert judge(agreement("values", validated("class_weight")))


@contract("loss")
def left_out(seed, kept, way):
    """The loss of three classes, of which class_weight has some; NaN if fit does not take it."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(8, 3)).astype("float32"), rng.permutation([0, 1, 2, 2, 1, 0, 2, 1])
    weights = {label: CLASS_WEIGHT[label] for label in kept}
    model = anew(seed, classifier(3, "numbers"))
    each = entropies(flat(model), x.astype(float), labels, 3)
    dataset = tf.data.Dataset.from_tensor_slices((x, labels)).batch(8)
    data = (dataset,) if way == "a tf.data.Dataset" else (x, labels)
    try:
        loss = model.fit(*data, class_weight=weights, shuffle=False, verbose=0).history["loss"][0]
    except tf.errors.InvalidArgumentError:
        loss = np.nan
    return {"loss": (loss, np.mean(each * [weights.get(label, 1) for label in labels]))}


LEFT_OUT = {
    "a middle one": {"kept": (0, 2), "way": "arrays"},
    "the last one": {"kept": (0, 1), "way": "arrays"},
    "a middle one of a dataset": {"kept": (0, 2), "way": "a tf.data.Dataset"},
}


@claim("A class that class_weight leaves out weighs 1", source=TRAINING)
def test_left_out(judge):
    assert judge(agreement("loss", left_out.each(LEFT_OUT)))


@claim(
    "The last class may be left out of class_weight, in a tf.data.Dataset too",
    source=TRAINING,
    known="https://github.com/keras-team/keras/pull/23073",
)
def test_last_left_out(judge):
    assert judge(agreement("loss", left_out((0, 1), "a tf.data.Dataset")))
