"""A linear model that remembers the rows it was given, and stochastic gradient descent by hand."""

from functools import cache

import numpy as np

from training_claims.claims.contracts.descent import anew

RATE = 0.05
REMEMBERED = 200  # rows, at most


def drawn(seed, columns=3):
    """Examples with their numbers, from 1 on, as the first column; their targets; a batch size.

    The last batch is a partial one, and there are two full ones at least.
    """
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(3, 8))
    rows = batch * int(rng.integers(2, 4)) + int(rng.integers(1, batch))
    x = rng.normal(size=(rows, columns)).astype("float32")
    y = rng.normal(size=(rows, 1)).astype("float32")
    return np.column_stack([np.arange(1, rows + 1, dtype="float32"), x]), y, batch


def remembering():
    """A layer that takes the rows' numbers off, and keeps those of training and of evaluation."""
    import keras

    class Rows(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            kept = {"shape": (REMEMBERED,), "initializer": "zeros", "trainable": False}
            self.kept = [self.add_weight(name=name, **kept) for name in ("evaluated", "trained")]

        def call(self, inputs, training=False):
            kept = self.kept[bool(training)]
            numbers = keras.ops.concatenate([kept, inputs[:, 0]])[-REMEMBERED:]
            kept.assign(keras.ops.reshape(numbers, (REMEMBERED,)))
            return inputs[:, 1:]

        def compute_output_shape(self, shape):
            return (shape[0], shape[1] - 1)

        def numbers(self, of, count):
            """The numbers of the last so many rows, as they came; 0 before the first of them."""
            return self.kept[of == "trained"].numpy()[-count:].astype(int)

    return Rows()


@cache
def built(columns, compiled):
    """A linear model of the columns after the first."""
    import keras

    model = keras.Sequential([remembering(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"], **dict(compiled))
    model.build((None, columns))
    return model


def linear(seed, x, **compiled):
    """A linear model as new, its layer `Rows`, and kernel and bias."""
    model = anew(seed, built(x.shape[1], tuple(compiled.items())))
    return model, model.layers[0], weights_of(model)


def weights_of(model):
    """Kernel and bias of a model's dense layer, one vector."""
    return np.concatenate([np.float64(each).ravel() for each in model.layers[-1].get_weights()])


def exactly(count, values):
    """A record of so many numbers; NaN where it has none, and throughout if it has more."""
    values = np.ravel(values).astype(float)
    if len(values) > count:
        return np.full(count, np.nan)
    return np.pad(values, (0, count - len(values)), constant_values=np.nan)


def batches(numbers, size):
    """The places of rows by number, in batches of a size; the last one may be smaller."""
    places = np.asarray(numbers) - 1
    return [places[start : start + size] for start in range(0, len(places), size)]


def errors(weights, x, y):
    """What the linear model is off, example by example."""
    return x[:, 1:].astype(float) @ weights[:-1] + weights[-1] - y[:, 0]


def descend(weights, x, y, taken, weight=None):
    """Stochastic gradient descent on the mean squared error, batch after batch.

    Returns:
        The weights at the end; then the squared and the absolute errors of the examples in the
        order taken, each before its batch's step.
    """
    weight = np.ones(len(x)) if weight is None else weight
    squared, absolute = [], []
    for places in taken:
        error = errors(weights, x[places], y[places])
        slope = 2 * weight[places] * error / len(places)
        inputs = np.column_stack([x[places, 1:], np.ones(len(places))]).astype(float)
        weights = weights - RATE * slope @ inputs
        squared.append(weight[places] * error**2)
        absolute.append(np.abs(error))
    return weights, np.concatenate(squared), np.concatenate(absolute)


def sources(x, y, batch):
    """Data in each of the forms that `fit` takes, with what `fit` needs to be told of it."""
    import keras
    import tensorflow as tf

    places = batches(np.arange(len(x)) + 1, batch)

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(places)

        def __getitem__(self, index):
            return x[places[index]], y[places[index]]

    def endless():
        while True:
            yield from ((x[each], y[each]) for each in places)

    return {
        "arrays": lambda: ((x, y), {"batch_size": batch}),
        "tensors": lambda: ((tf.constant(x), tf.constant(y)), {"batch_size": batch}),
        "a tf.data.Dataset": lambda: (
            (tf.data.Dataset.from_tensor_slices((x, y)).batch(batch),),
            {},
        ),
        "a generator": lambda: ((endless(),), {"steps_per_epoch": len(places)}),
        "a PyDataset": lambda: ((Batches(),), {}),
        "a PyDataset of two workers": lambda: ((Batches(workers=2),), {}),
    }
