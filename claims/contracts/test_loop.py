"""Which rows `fit` trains on, in which order, and what they do to the weights."""

import warnings

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.linear import (
    RATE,
    batches,
    descend,
    drawn,
    exactly,
    linear,
    sources,
    weights_of,
)

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"
EPOCHS = 2


def told(model, rows, x, y, batch, start, logs):
    """What a model was trained on and came to, beside descent over the same batches."""
    per_epoch = np.split(rows.numbers("trained", EPOCHS * len(x)), EPOCHS)
    taken = [each for numbers in per_epoch for each in batches(numbers, batch)]
    weights, squared, absolute = descend(start, x, y, taken)
    in_file = np.tile(np.arange(1, len(x) + 1), (EPOCHS, 1))
    return {
        "rows": (np.sort(per_epoch, axis=1), in_file),
        "order": (per_epoch, in_file),
        "weights": (
            [*weights_of(model), int(model.optimizer.iterations)],
            [*weights, EPOCHS * -(-len(x) // batch)],
        ),
        "reported": (
            [exactly(EPOCHS, logs["loss"]), exactly(EPOCHS, logs["mae"])],
            [each.reshape(EPOCHS, -1).mean(axis=1) for each in (squared, absolute)],
        ),
    }


@contract("rows", "order", "weights", "reported", numbers=80)
def fitted(seed, source, shuffle, **mode):
    """Two epochs of a linear model on one source of data, in one mode of execution.

    No order is drawn by the seed: to set one empties a cache, which takes long to fill.
    """
    x, y, batch = drawn(seed)
    model, rows, start = linear(seed, x, **mode)
    data, options = sources(x, y, batch)[source]()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*shuffle=True", UserWarning)  # that it is ignored
        logs = model.fit(*data, epochs=EPOCHS, shuffle=shuffle, verbose=0, **options).history
    return told(model, rows, x, y, batch, start, logs)


EAGER, GRAPH, XLA = {"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}
MODES = fitted.each(
    {
        "eager": {"source": "a tf.data.Dataset", **EAGER},
        "a graph": {"source": "a tf.data.Dataset", **GRAPH},
        "XLA": {"source": "arrays", **XLA},
        "two steps at once": {"source": "arrays", **GRAPH, "steps_per_execution": 2},
        "all steps at once": {"source": "arrays", **GRAPH, "steps_per_execution": 20},
    },
    shuffle=True,
)
SOURCES = fitted.each(
    {
        "arrays by batch": {"source": "arrays", "shuffle": "batch"},
        "arrays in order": {"source": "arrays", "shuffle": False},
        "tensors": {"source": "tensors", "shuffle": True},
        "a tf.data.Dataset": {"source": "a tf.data.Dataset", "shuffle": True},
        "a generator": {"source": "a generator", "shuffle": True},
        "a PyDataset": {"source": "a PyDataset", "shuffle": False},
        "two workers": {"source": "a PyDataset of two workers", "shuffle": False},
    },
    **GRAPH,
)
OVER = {
    "eagerly, in a graph, by XLA or several steps at once": MODES,
    "from arrays, tensors, datasets or generators": SOURCES,
}
over = pytest.mark.parametrize("where", OVER)


@over
@claim("fit trains on every row once in each epoch, {where}", source=TRAINING)
def test_every_row_once(judge, where):
    assert judge(agreement("rows", OVER[where]))


@over
@claim("fit takes one step a batch, and reports what was before each, {where}", source=TRAINING)
def test_steps_and_values(judge, where):
    assert judge(agreement(("weights", "reported"), OVER[where]))


@claim("fit takes rows as they come with shuffle=False", source=TRAINING)
def test_unshuffled(judge):
    ordered = ("arrays in order", "a PyDataset", "two workers")
    assert judge(agreement(tuple(f"order of {each}" for each in ordered), SOURCES))


@claim(
    "fit ignores shuffle=True for datasets and generators, which come in batches", source=TRAINING
)
def test_shuffle_is_ignored(judge):
    assert judge(agreement(("order of a tf.data.Dataset", "order of a generator"), SOURCES))


@claim(
    "fit ignores shuffle=True for what comes in batches: a PyDataset",
    source=TRAINING,
    known="https://github.com/keras-team/keras/issues/20142",
)
def test_shuffle_is_ignored_for_a_pydataset(judge):
    assert judge(agreement("order", fitted("a PyDataset", True, **GRAPH)))


@contract("file", "epoch", "seed")
def correlated(seed):
    """Correlations of 100 rows' places in two orders, by their standard deviation of 1 / sqrt(99).

    A row's place in the file against that in an epoch; in the first epoch against the second; in
    the first epoch of one seed against that of another.
    """
    import keras

    x, orders = np.column_stack([np.arange(1, 101), np.ones(100)]).astype("float32"), []
    for each in (seed, seed + 100_000):
        keras.utils.set_random_seed(each)
        model, rows, _ = linear(each, x, **GRAPH)
        model.fit(x, x[:, 1:], batch_size=100, epochs=EPOCHS, verbose=0)
        orders.append(np.split(rows.numbers("trained", EPOCHS * len(x)), EPOCHS))

    def moment(one, other):
        return np.corrcoef(one, other)[0, 1] * np.sqrt(99)

    (first, second), (other, _) = orders
    return {
        "file": (moment(np.arange(100), first), 0),
        "epoch": (moment(first, second), 0),
        "seed": (moment(first, other), 0),
    }


# Beyond 6 standard deviations once in 500 million; the same order twice is 9.9.
@claim(
    "fit draws another order of the rows than the file's, and than another seed's", source=TRAINING
)
def test_new_order(judge):
    assert judge(agreement(("file", "seed"), correlated(), within=6))


@claim(
    "fit draws the order of the rows anew before each epoch, seeded by set_random_seed too",
    source=TRAINING,
    known="https://github.com/tensorflow/tensorflow/issues/35682",
)
def test_new_order_each_epoch(judge):
    assert judge(agreement("epoch", correlated(), within=6))


@contract("first", "rows", "weights", "epochs", numbers=160)
def resumed(seed):
    """Two fits, the second from the epoch where the first ended; batches of 32 as by default."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(65, 80))
    x = np.column_stack([np.arange(1, count + 1), rng.normal(size=(count, 2))]).astype("float32")
    y = rng.normal(size=(count, 1)).astype("float32")
    model, rows, start = linear(seed, x, **GRAPH)
    model.fit(x, y, epochs=1, verbose=0)
    first = weights_of(model)
    again = model.fit(x, y, initial_epoch=1, epochs=2, verbose=0)
    seen = rows.numbers("trained", 2 * count)
    taken = [batches(numbers, 32) for numbers in np.split(seen, 2)]
    once, *_ = descend(start, x, y, taken[0])
    return {
        "first": (first, once),
        "rows": (np.sort(seen), np.repeat(np.arange(1, count + 1), 2)),
        "weights": (weights_of(model), descend(once, x, y, taken[1])[0]),
        "epochs": (exactly(2, again.epoch), exactly(2, [1])),
    }


@claim("fit takes batches of 32 unless it is told otherwise", source=TRAINING)
def test_default_batch_size(judge):
    assert judge(agreement("first", resumed()))


@claim(
    "fit from initial_epoch on trains until epoch `epochs`, and names epochs so", source=TRAINING
)
def test_initial_epoch(judge):
    assert judge(agreement(("rows", "epochs"), resumed()))


@claim("fit goes on from the weights that an earlier fit left", source=TRAINING)
def test_fit_goes_on(judge):
    assert judge(agreement("weights", resumed()))


@contract("order", "values", numbers=80)
def in_steps(seed, source):
    """Three epochs of two steps each, of data that never ends."""
    import tensorflow as tf

    x, y, batch = drawn(seed)
    places = batches(np.arange(1, len(x) + 1), batch)
    model, rows, start = linear(seed, x, **GRAPH)

    def endless():
        while True:
            yield from ((x[each], y[each]) for each in places)

    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch).repeat()
    data = endless() if source == "a generator" else dataset
    logs = model.fit(data, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0).history
    taken = (places * 3)[:6]
    weights, squared, _ = descend(start, x, y, taken)
    ends = np.cumsum([len(each) for each in taken])[1::2]
    return {
        "order": (rows.numbers("trained", ends[-1]), np.concatenate(taken) + 1),
        "values": (
            [*weights_of(model), *exactly(3, logs["loss"])],
            [*weights, *(each.mean() for each in np.split(squared, ends[:-1]))],
        ),
    }


ENDLESS = {source: {"source": source} for source in ("a tf.data.Dataset", "a generator")}


@claim(
    "With steps_per_epoch an epoch goes on where the last one ended, step by step", source=TRAINING
)
def test_steps_per_epoch(judge):
    assert judge(agreement(("order", "values"), in_steps.each(ENDLESS)))


@contract("first", "others", numbers=80)
def turning(seed):
    """Three epochs of a PyDataset that turns its rows by one batch whenever an epoch ends."""
    import keras

    x, y, batch = drawn(seed)
    model, rows, _ = linear(seed, x, **GRAPH)
    places = [*batches(np.arange(1, len(x) + 1), batch)]

    class Turning(keras.utils.PyDataset):
        turns = 0

        def __len__(self):
            return len(places)

        def __getitem__(self, index):
            here = places[(index + self.turns) % len(places)]
            return x[here], y[here]

        def on_epoch_end(self):
            self.turns += 1

    model.fit(Turning(), epochs=3, shuffle=False, verbose=0)
    first, *others = np.split(rows.numbers("trained", 3 * len(x)), 3)
    begins = int(first[0] - 1) // batch
    turned = [np.concatenate([*places[at:], *places[:at]]) + 1 for at in range(len(places))]
    return {
        "first": (first, turned[0]),
        "others": (others, [turned[(begins + turns) % len(places)] for turns in (1, 2)]),
    }


@claim("A PyDataset is told of an epoch's end once, before the next one", source=TRAINING)
def test_turning(judge):
    assert judge(agreement("others", turning()))


@claim(
    "A PyDataset is told of no epoch's end before the first one",
    source=TRAINING,
    known="reported nowhere that we found",
)
def test_not_turned_at_first(judge):
    assert judge(agreement("first", turning()))


@contract("weights", numbers=4)
def recompiled(seed):
    """Two steps of a linear model, compiled anew between them with another loss and rate."""
    import keras

    x, y, _ = drawn(seed)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.build((None, 3))
    for loss, rate in (("mae", 10 * RATE), ("mse", RATE)):
        start = weights_of(model)
        model.compile(keras.optimizers.SGD(rate), loss, **GRAPH)
        model.train_on_batch(x[:, 1:], y)
    return {"weights": (weights_of(model), descend(start, x, y, [np.arange(len(x))])[0])}


@claim("A model that is compiled again trains by its new loss and optimizer", source=TRAINING)
def test_recompiled(judge):
    assert judge(agreement("weights", recompiled()))
