"""Callbacks change the rate, stop, swap weights and log as documented, and see every batch."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/callbacks/"
NOWHERE = "reported nowhere that we found"
EPOCHS = 16
MOMENTUM = 0.6


def line(optimizer, weight=0.0, loss="mse", **options):
    """A model of one weight: its prediction is the weight times the input."""
    import keras

    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.set_weights([np.full((1, 1), weight)])
    model.compile(optimizer, loss, **{"run_eagerly": True} | options)
    return model


@cache
def traced(averaged):
    """A model of one weight that trains in a graph, and serves all seeds."""
    import keras

    optimizer = keras.optimizers.SGD(1.0, use_ema=averaged, ema_momentum=MOMENTUM)
    return line(optimizer, 0.0, slope_one, run_eagerly=False, jit_compile=False)


def in_a_graph(weight, rate, averaged=False):
    """That model, as new."""
    model = traced(averaged)
    model.set_weights([np.full((1, 1), weight)])
    model.optimizer.learning_rate = float(rate)
    model.optimizer.iterations.assign(0)
    return model


def weight_of(model):
    return model.get_weights()[0].item()


def ones(value=1.0):
    """A batch of inputs that are one number, which costs less to go through than arrays do."""
    import tensorflow as tf

    rows = np.full((3, 1), value, "float32")
    return tf.data.Dataset.from_tensors((rows, rows))


def slope_one(_, prediction):
    """A loss whose gradient by the weight is 1 where the inputs are ones."""
    import keras

    return keras.ops.sum(prediction, axis=-1)


def plateau_rates(values, rate, factor, patience, min_delta, cooldown=0, min_lr=0.0, mode="min"):
    """The rate after each epoch."""
    best, waited, resting, rates = np.inf, 0, 0, []
    for value in -values if mode == "max" else values:
        better = value < best - min_delta
        best = value if better else best
        waited = 0 if better or resting else waited + 1
        resting = max(0, resting - 1)
        if waited >= patience:
            waited, resting, rate = 0, cooldown, max(rate * factor, min_lr)
        rates.append(rate)
    return rates


def rates_under(callback, values):
    """The rate after each epoch that ends with a made value, of a model that begins with 0.5."""
    import keras

    model = line(keras.optimizers.SGD(0.5))
    told = keras.callbacks.CallbackList([callback], model=model, epochs=len(values))
    told.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        told.on_epoch_begin(epoch)
        told.on_epoch_end(epoch, {"val_loss": float(value)})
        rates.append(float(model.optimizer.learning_rate))
    told.on_train_end()
    return rates


@contract("rates", "spared", "again", numbers=EPOCHS)
def plateau(seed, **options):
    """Made values that fall and rise, under ReduceLROnPlateau; in a second fit they are worse."""
    import keras

    rng = np.random.default_rng(seed)
    values, factor = rng.normal(size=EPOCHS), float(rng.uniform(0.2, 0.8))
    options = {"patience": 2, "min_delta": 0.0, "mode": "min"} | options
    callback = keras.callbacks.ReduceLROnPlateau(factor=factor, **options)
    rates = rates_under(callback, values)
    worse = 9 * (-1 if options["mode"] == "max" else 1) + rng.normal(size=EPOCHS)
    reduced = np.flatnonzero(np.diff([0.5, *rates]))
    apart = np.diff(reduced).min(initial=EPOCHS) if options.get("cooldown") else EPOCHS
    return {
        "rates": (rates, plateau_rates(values, 0.5, factor, **options)),
        "again": (rates_under(callback, worse), plateau_rates(worse, 0.5, factor, **options)),
        "spared": (min(apart - options.get("cooldown", 0), 0), 0),
    }


PLATEAUS: dict[str, dict[str, Any]] = {
    f"patience {patience}": {"patience": patience} for patience in (1, 2, 4)
}
PLATEAUS |= {"min_delta": {"min_delta": 0.7}, "min_lr": {"patience": 1, "min_lr": 0.2}}
PLATEAUS |= {"mode": {"mode": "max"}}


@claim("ReduceLROnPlateau scales the rate by patience, min_delta, min_lr and mode", source=PAGES)
def test_plateau(judge):
    assert judge(agreement("rates", plateau.each(PLATEAUS)))


@claim("ReduceLROnPlateau used in a second fit starts anew", source=PAGES)
def test_plateau_again(judge):
    assert judge(agreement("again", plateau.each(PLATEAUS)))


@claim("ReduceLROnPlateau reduces no second time within its cooldown", source=PAGES)
def test_plateau_spared(judge):
    assert judge(agreement("spared", plateau(patience=1, cooldown=3)))


@claim("ReduceLROnPlateau waits cooldown epochs before it counts", source=PAGES, known=NOWHERE)
def test_plateau_cooldown(judge):
    assert judge(agreement("rates", plateau(patience=1, cooldown=3)))


@contract("rates", "weights", "logs", "plateau", numbers=6)
def rated(seed):
    """Six epochs of a step each, at rates of a LearningRateScheduler; as many on a plateau."""
    import keras

    rng = np.random.default_rng(seed)
    first, shares = float(rng.uniform(0.1, 1)), rng.uniform(0.5, 1.5, size=6)
    seen, weights = [], []
    model = in_a_graph(0.0, first)

    def schedule(epoch, rate):
        seen.append(rate)
        return float(rate * shares[epoch])

    def record(*_, **__):
        weights.append(weight_of(model))

    callbacks = [
        keras.callbacks.LearningRateScheduler(schedule),
        keras.callbacks.LambdaCallback(on_epoch_end=record),
    ]
    logs = model.fit(ones(), epochs=6, shuffle=False, verbose=0, callbacks=callbacks).history
    rates = first * np.cumprod(shares)
    still = line(keras.optimizers.SGD(0.0))
    still.optimizer.learning_rate = 0.8
    # At inputs of zero no loss ever falls.
    down = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    flat = still.fit(ones(0), epochs=6, shuffle=False, verbose=0, callbacks=[down]).history
    return {
        "rates": (seen, [first, *rates[:-1]]),
        "weights": (weights, -np.cumsum(rates)),
        "logs": (logs["learning_rate"], rates),
        "plateau": (flat["learning_rate"], [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]),
    }


@claim("LearningRateScheduler asks by the epoch, from 0 on, and logs its rate", source=PAGES)
def test_scheduler_asks(judge):
    assert judge(agreement(("rates", "logs"), rated()))


@claim("fit trains an epoch at the rate that LearningRateScheduler set at its start", source=PAGES)
def test_scheduler_trains(judge):
    assert judge(agreement("weights", rated()))


@claim("ReduceLROnPlateau logs the rate that an epoch of fit was trained at", source=PAGES)
def test_plateau_in_fit(judge):
    assert judge(agreement("plateau", rated()))


@contract("batches", "epochs")
def broken(seed, number):
    """A batch of the second epoch has a loss that is no number."""
    import keras

    rng = np.random.default_rng(seed)
    at, model, batches = int(rng.integers(0, 4)), line(keras.optimizers.SGD(0.1)), []
    inputs = np.ones((2, 4, 1), "float32")
    inputs[1, at] = number
    turns = iter(inputs.reshape(-1, 1, 1))
    stop = keras.callbacks.TerminateOnNaN()
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append((batch, logs))
    )
    given = ((next(turns), np.ones((1, 1))) for _ in range(8))
    ended = model.fit(
        given, epochs=3, steps_per_epoch=4, verbose=0, shuffle=False, callbacks=[count, stop]
    ).history
    return {
        "batches": (len(batches), 4 + at + 1),
        "epochs": (len(ended["loss"]), 2),
    }


@claim(
    "TerminateOnNaN ends fit with a batch of infinite loss or none, which is reported", source=PAGES
)
def test_terminates(judge):
    numbers = {"NaN": {"number": np.nan}, "Inf": {"number": np.inf}}
    assert judge(agreement(("batches", "epochs"), broken.each(numbers)))


@contract("val_loss", "loss", "weights", "at the end", numbers=5)
def swapped(seed, callback, **options):
    """Five epochs of a step each, whose weights are averaged; the loss is the weight itself."""
    import keras

    rng = np.random.default_rng(seed)
    rate, first = rng.uniform(0.2, 1), rng.normal()
    model = in_a_graph(first, rate, averaged=True)
    swap, ends = [keras.callbacks.SwapEMAWeights(**options)] if callback else [], []
    swap += [keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(weight_of(model)))]
    given = {"validation_data": ones(), "epochs": 5, "shuffle": False, "verbose": 0}
    logs = model.fit(ones(), callbacks=swap, **given).history
    weights = first - rate * np.arange(6)
    averages = [weights[1]]
    for weight in weights[2:]:
        averages.append(MOMENTUM * averages[-1] + (1 - MOMENTUM) * weight)
    return {
        "val_loss": (logs["val_loss"], averages if callback else weights[1:]),
        "loss": (logs["loss"], weights[:-1]),
        "weights": (weight_of(model), averages[-1]),
        "at the end": (ends, averages if options else weights[1:]),
    }


SWAPPED = swapped.each(
    {
        "swapping": {"callback": True},
        "none": {"callback": False},
        "swapping on epochs": {"callback": True, "swap_on_epoch": True},
    }
)


@claim("SwapEMAWeights has fit evaluate the averaged weights, and gives them back", source=PAGES)
def test_swapped(judge):
    names = tuple(f"{name} of swapping" for name in ("val_loss", "loss", "at the end"))
    assert judge(agreement(names, SWAPPED))


@claim("SwapEMAWeights with swap_on_epoch shows later callbacks the averages", source=PAGES)
def test_swapped_on_epochs(judge):
    names = tuple(f"{name} of swapping on epochs" for name in ("val_loss", "loss", "at the end"))
    assert judge(agreement(names, SWAPPED))


@claim("fit without SwapEMAWeights evaluates the weights, not their averages", source=PAGES)
def test_not_swapped(judge):
    assert judge(agreement("val_loss of none", SWAPPED))


@claim("fit of use_ema ends with the averages as weights, swapping or not", source=PAGES)
def test_averages_in_the_end(judge):
    assert judge(agreement("weights", SWAPPED))


@contract("during", "after", "evaluated", "after evaluate")
def swapped_alone(seed):
    """SwapEMAWeights given to predict and evaluate of a model that has taken two steps."""
    import keras

    rng = np.random.default_rng(seed)
    momentum, first = rng.uniform(0.3, 0.9), rng.normal()
    optimizer = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=float(momentum))
    model, rows = line(optimizer, first, slope_one), np.ones((3, 1), "float32")
    for _ in range(2):
        model.train_on_batch(rows, rows)
    average = momentum * (first - 0.5) + (1 - momentum) * (first - 1)
    swap = {"callbacks": [keras.callbacks.SwapEMAWeights()], "verbose": 0}
    evaluated = model.evaluate(ones(), **swap)
    returned = weight_of(model)
    predicted = model.predict(ones(), **swap)[0].item()
    return {
        "evaluated": (evaluated, average),
        "after evaluate": (returned, first - 1),
        "during": (predicted, average),
        "after": (weight_of(model), first - 1),
    }


@claim("SwapEMAWeights has evaluate and predict average, and evaluate give back", source=PAGES)
def test_swapped_alone(judge):
    assert judge(agreement(("evaluated", "during", "after evaluate"), swapped_alone()))


@claim("SwapEMAWeights gives the weights back after predict", source=PAGES, known=NOWHERE)
def test_back_after_predict(judge):
    assert judge(agreement("after", swapped_alone()))


EVENTS = [
    *("train_begin", "epoch_begin", "train_batch_begin", "train_batch_end", "test_begin"),
    *("test_batch_begin", "test_batch_end", "test_end", "epoch_end", "train_end"),
]


def events_of(epochs, batches, tests):
    """What a callback of fit is to see: each event's number and its index, 0 where none."""
    train = [(2, b) for b in range(batches)], [(3, b) for b in range(batches)]
    test = [(5, b) for b in range(tests)], [(6, b) for b in range(tests)]
    step, check = (
        [pair for both in zip(*pairs, strict=True) for pair in both] for pairs in (train, test)
    )
    seen = [(0, 0)]
    for epoch in range(epochs):
        seen += [(1, epoch), *step, (4, 0), *check, (7, 0), (8, epoch)]
    return [*seen, (9, 0)]


@contract("events", "batch loss", "epoch loss", "parameters", numbers=400)
def watched(seed):
    """A callback that notes all it is told in a fit at rate 0."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    rows, batch, epochs = int(rng.integers(5, 12)), int(rng.integers(2, 5)), 2
    x, y = rng.normal(size=(rows, 1)), rng.normal(size=(rows, 1))
    model, seen, running, means = line(keras.optimizers.SGD(0.0), rng.normal()), [], [], []

    class Watch(keras.callbacks.Callback):
        def told(self, event, index=0, logs=None):
            seen.append((EVENTS.index(event), index if isinstance(index, int) else 0))
            if event == "train_batch_end":
                running.append(logs["loss"])
            if event == "epoch_end":
                means.append(logs["loss"])

    def method(event):
        return lambda self, *given, **logs: self.told(event, *given, **logs)

    for event in EVENTS:
        setattr(Watch, f"on_{event}", method(event))
    watch = Watch()
    data = tf.data.Dataset.from_tensor_slices((x, y))
    given = {"epochs": epochs, "validation_data": data.take(3).batch(batch), "shuffle": False}
    model.fit(data.batch(batch), callbacks=[watch], verbose=0, **given)
    losses = (x * weight_of(model) - y).ravel() ** 2
    batches = -(-rows // batch)
    so_far = [np.mean(losses[: batch * (b + 1)]) for b in range(batches)] * epochs
    return {
        "events": (seen, events_of(epochs, batches, -(-3 // batch))),
        "batch loss": (running, so_far),
        "epoch loss": (means, [losses.mean()] * epochs),
        "parameters": ([watch.params["epochs"], watch.params["steps"]], [epochs, batches]),
    }


@claim(
    "Callbacks of fit are told of every event once, in order, and of epochs and steps", source=PAGES
)
def test_events(judge):
    assert judge(agreement(("events", "parameters"), watched()))


@claim("Callbacks see the mean loss over the epoch's examples so far, and in its end", source=PAGES)
def test_logs(judge):
    assert judge(agreement(("batch loss", "epoch loss"), watched()))
