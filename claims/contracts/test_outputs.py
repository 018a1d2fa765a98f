"""Models with several outputs: losses, their weights, weights of examples, what is reported."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, anew, parts, stepped

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"
SHAPES = (3, 1), (1,), (3, 2), (2,)
# Not in the order of the alphabet, which outputs are not to be put into.
SHARES = {"price": 0.7, "grade": 2.5}
EAGER, GRAPH = {"run_eagerly": True}, {"jit_compile": False}


@cache
def of_two(form, _, mode):
    """Outputs of one and two columns, with a squared and an absolute loss; losses in one form.

    One model for each weighing, as weights of one rank are not traced with those of another.
    """
    import keras

    inputs = keras.Input((3,))
    widths = zip((1, 2), SHARES, strict=True)
    outputs = {name: keras.layers.Dense(width, name=name)(inputs) for width, name in widths}
    model = keras.Model(inputs, outputs if form == "dicts" else [*outputs.values()])
    losses, metrics = {"price": "mse", "grade": "mae"}, {"price": ["mae"], "grade": ["mse"]}
    told = [losses, SHARES, metrics, metrics]
    if form == "lists":
        told = [[*each.values()] for each in told]
    loss, shares, plain, weighted = told
    model.compile(
        keras.optimizers.SGD(RATE),
        loss,
        loss_weights=shares,
        metrics=plain,
        weighted_metrics=weighted,
        **dict(mode),
    )
    return model


def flat(model):
    """The weights of both outputs, one vector."""
    kept = [weight.ravel() for name in SHARES for weight in model.get_layer(name).get_weights()]
    return np.concatenate(kept).astype(float)


def errors(weights, x, one, two):
    kernel, bias, other, more = parts(weights, *SHAPES)
    return (x @ kernel + bias - one)[:, 0], x @ other + more - two


def losses(weights, x, one, two, weigh):
    """Each output's own loss."""
    first, second = errors(weights, x, one, two)
    return np.mean(weigh[0] * first**2), np.mean(weigh[1][:, None] * np.abs(second))


@contract("weights", "total", "own", "metrics", numbers=12)
def fitted(seed, form, weighing, **mode):
    """One epoch of a model with two outputs, in three batches of which the last is a small one."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    batch = int(rng.integers(5, 9))
    rows = 2 * batch + int(rng.integers(1, batch - 1))
    x = rng.normal(size=(rows, 3)).astype("float32")
    targets = [rng.normal(size=(rows, width)).astype("float32") for width in (1, 2)]
    one, other = rng.uniform(0.1, 3, size=(2, rows))
    weigh = {"none": (np.ones(rows),) * 2, "one for all": (one, one), "each": (one, other)}[
        weighing
    ]
    given = {"none": None, "one for all": one, "each": [one, other]}[weighing]
    model = anew(seed, of_two(form, weighing, tuple(mode.items())))
    weights = flat(model)
    y = targets if form == "lists" else dict(zip(SHARES, targets, strict=True))
    if form == "dicts" and weighing == "each":
        given = dict(zip(SHARES, given, strict=True))
    if form == "lists, told by name":
        data, options = (x, y), {"batch_size": batch}
    else:  # a dataset costs a tenth of arrays
        slices = [x, *(tuple(e) if isinstance(e, list) else e for e in (y, given) if e is not None)]
        data, options = (tf.data.Dataset.from_tensor_slices(tuple(slices)).batch(batch),), {}
    history = model.fit(*data, shuffle=False, verbose=0, **options).history
    logs = {name: value[0] for name, value in history.items()}
    own, found, wide = [], [], x.astype(float)
    for places in np.split(np.arange(rows), [batch, 2 * batch]):
        data = [wide[places], *(each[places] for each in targets)]
        here = [each[places] for each in weigh]

        def total(weights, data=data, here=here):
            return np.dot(losses(weights, *data, here), [*SHARES.values()])

        own += [losses(weights, *data, here)] * len(places)
        found.append(errors(weights, *data))
        weights = stepped(total, weights)
    first, second = (np.concatenate(each) for each in zip(*found, strict=True))
    own = np.mean(own, axis=0)
    return {
        "weights": (flat(model), weights),
        "total": (logs["loss"], own @ [*SHARES.values()]),
        "own": ([logs["price_loss"], logs["grade_loss"]], own),
        "metrics": (
            [logs[f"price_{name}mae"] for name in ("", "weighted_")]
            + [logs[f"grade_{name}mse"] for name in ("", "weighted_")],
            [
                np.mean(np.abs(first)),
                np.average(np.abs(first), weights=weigh[0]),
                np.mean(second**2),
                np.average(np.mean(second**2, axis=1), weights=weigh[1]),
            ],
        ),
    }


CASES = {
    "dicts": {"form": "dicts", "weighing": "none"},
    "lists, weighed as one": {"form": "lists", "weighing": "one for all"},
    "lists, each weighed": {"form": "lists", "weighing": "each"},
    "dicts, each weighed": {"form": "dicts", "weighing": "each"},
    "lists, told by name": {"form": "lists, told by name", "weighing": "none"},
}


@claim(
    "Of several outputs, loss_weights scale each one's step, with sample_weight", source=TRAINING
)
def test_step(judge):
    assert judge(agreement("weights", fitted.each(CASES, **GRAPH)))


@claim("Of several outputs, the loss is the sum by loss_weights and sample_weight", source=TRAINING)
def test_total(judge):
    assert judge(agreement("total", fitted.each(CASES, **GRAPH)))


@claim("Of several outputs, each has metrics of its own, weighted ones too", source=TRAINING)
def test_metrics(judge):
    assert judge(agreement("metrics", fitted.each(CASES, **GRAPH)))


@claim("Of several outputs, each one's own loss is a mean over examples: eagerly", source=TRAINING)
def test_own_loss(judge):
    assert judge(agreement("own", fitted("dicts", "none", **EAGER)))


@claim(
    "Of several outputs, each one's own loss is a mean over examples: in a graph",
    source=TRAINING,
    known="reported nowhere that we found",
)
def test_own_loss_in_a_graph(judge):
    assert judge(agreement("own of dicts", fitted.each(CASES, **GRAPH)))


@claim("Of several outputs, the loss is a mean over examples: eagerly", source=TRAINING)
def test_total_eagerly(judge):
    assert judge(agreement("total", fitted("dicts", "none", **EAGER)))
