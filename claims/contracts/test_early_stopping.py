"""EarlyStopping stops, and restores the best epoch's weights, as documented."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGE = "https://keras.io/api/callbacks/early_stopping/"
NOWHERE = "reported nowhere that we found"
EPOCHS = 12


def stopping(values, patience, min_delta=0.0, start_from_epoch=0, baseline=None, mode="min"):
    """The last epoch and the best one, counted from 1."""
    signed = -np.asarray(values) if mode == "max" else np.asarray(values)
    bar = np.inf if baseline is None else baseline * (-1 if mode == "max" else 1)
    best, best_epoch, waited = np.inf, None, 0
    for epoch in range(start_from_epoch, len(signed)):
        better = signed[epoch] < best - min_delta
        waited = 0 if better and signed[epoch] < bar - min_delta else waited + 1
        if better:
            best, best_epoch = signed[epoch], epoch + 1
        if waited >= max(patience, 1):
            return epoch + 1, best_epoch
    return len(signed), best_epoch


def by_hand(callback, values):
    """Epochs run and the weight left, where epoch n ends with weight n and its made value."""
    import keras

    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    told = keras.callbacks.CallbackList([callback], model=model, epochs=len(values))
    told.on_train_begin()
    model.stop_training, epochs = False, 0
    for epoch, value in enumerate(values):
        told.on_epoch_begin(epoch)
        model.set_weights([np.full((1, 1), epoch + 1.0)])
        told.on_epoch_end(epoch, {"val_loss": float(value)})
        epochs += 1
        if model.stop_training:
            break
    told.on_train_end()
    return epochs, model.get_weights()[0].item()


@contract("epochs", "weights")
def stopped(seed, patience, restore=True, **options):
    """Made values that fall and rise, under EarlyStopping."""
    import keras

    values = np.random.default_rng(seed).normal(size=EPOCHS)
    callback = keras.callbacks.EarlyStopping(
        patience=patience, restore_best_weights=restore, **{"mode": "min"} | options
    )
    epochs, weight = by_hand(callback, values)
    last, best = stopping(values, patience, **options)
    return {"epochs": (epochs, last), "weights": (weight, best if restore else last)}


PATIENCE = stopped.each({str(patience): {"patience": patience} for patience in (0, 1, 3, 13)})
BOTH = ("epochs", "weights")


@claim("EarlyStopping stops after `patience` epochs without improvement in a row", source=PAGE)
def test_patience(judge):
    assert judge(agreement("epochs", PATIENCE))


@claim(
    "restore_best_weights restores the best epoch's, also where the epochs end first", source=PAGE
)
def test_restores(judge):
    assert judge(agreement(tuple(f"weights of {patience}" for patience in (1, 3, 13)), PATIENCE))


@claim("EarlyStopping without restore_best_weights leaves the last epoch's weights", source=PAGE)
def test_restores_nothing(judge):
    assert judge(agreement("weights", stopped(2, restore=False)))


OPTIONS = {
    "min_delta": {"patience": 3, "min_delta": 0.7},
    "mode": {"patience": 2, "mode": "max"},
    "start_from_epoch": {"patience": 2, "start_from_epoch": 4},
}


@claim("EarlyStopping looks as min_delta, mode and start_from_epoch have it", source=PAGE)
def test_options(judge):
    assert judge(agreement(BOTH, stopped.each(OPTIONS)))


@contract("epochs", "weights")
def below_the_bar(seed, shape):
    """Values none of which reaches the baseline of 0: the first the best of them, or falling."""
    import keras

    rng = np.random.default_rng(seed)
    patience, values = int(rng.integers(2, 6)), 1 + rng.uniform(size=EPOCHS)
    values[0] = 0.5
    values = np.sort(values)[::-1] if shape == "falling" else values
    callback = keras.callbacks.EarlyStopping(
        patience=patience, baseline=0.0, mode="min", restore_best_weights=True
    )
    epochs, weight = by_hand(callback, values)
    return {
        "epochs": (epochs, patience),
        "weights": (weight, 1 + np.argmin(values[:patience])),
    }


@claim("EarlyStopping gives a missed baseline patience epochs", source=PAGE)
def test_baseline_missed(judge):
    assert judge(agreement(BOTH, below_the_bar("first is best")))


@claim("EarlyStopping waits on from an improvement that beats the baseline", source=PAGE)
def test_baseline_beaten(judge):
    bars = {"min": {"baseline": 5.0}, "max": {"baseline": -5.0, "mode": "max"}}
    assert judge(agreement("weights", stopped.each(bars, 4)))


@claim(
    "EarlyStopping gives a missed baseline patience epochs, also while values fall",
    source=PAGE,
    known=NOWHERE,
)
def test_baseline_missed_while_falling(judge):
    assert judge(agreement("epochs", below_the_bar("falling")))


@contract("epochs", "weights", numbers=2)
def twice(seed):
    """Two trainings by one callback, the second of which is worse from the first epoch on."""
    import keras

    rng = np.random.default_rng(seed)
    callback = keras.callbacks.EarlyStopping(patience=3, mode="min", restore_best_weights=True)
    runs = [rng.normal(size=EPOCHS), 9 + rng.normal(size=EPOCHS)]
    found = [by_hand(callback, values) for values in runs]
    oracle = [stopping(values, 3) for values in runs]
    return {
        "epochs": ([epochs for epochs, _ in found], [last for last, _ in oracle]),
        "weights": ([weight for _, weight in found], [best for _, best in oracle]),
    }


@claim("EarlyStopping used in a second fit starts anew", source=PAGE)
def test_twice(judge):
    assert judge(agreement(BOTH, twice()))


@contract("epochs", "weights", "val_loss", numbers=EPOCHS)
def fitted(seed, monitor):
    """A fit at rate 0, where a callback sets each epoch's weight."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, weights = rng.uniform(size=(9, 1)), rng.uniform(0, 2, size=EPOCHS)
    y = (x > 0.4).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["binary_accuracy"], run_eagerly=True)
    setting = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: model.set_weights([np.full((1, 1), weights[epoch])])
    )
    stop = keras.callbacks.EarlyStopping(monitor, patience=3, restore_best_weights=True)
    # A dataset costs less to go through than arrays do.
    rows = tf.data.Dataset.from_tensors((x.astype("float32"), y))
    given = {"epochs": EPOCHS, "validation_data": rows, "shuffle": False, "verbose": 0}
    logs = model.fit(rows, callbacks=[setting, stop], **given).history
    errors = np.mean((x * weights - y) ** 2, axis=0)
    values = -np.mean((x * weights > 0.5) == y, axis=0) if "accuracy" in monitor else errors
    last, best = stopping(values, 3)
    return {
        "epochs": (len(logs["val_loss"]), last),
        "weights": (model.get_weights()[0].item(), weights[best - 1]),
        "val_loss": (logs["val_loss"], errors[:last]),
    }


MONITORS = {monitor: {"monitor": monitor} for monitor in ("val_loss", "val_binary_accuracy")}


@claim("EarlyStopping ends fit by a loss or an accuracy, which way by itself", source=PAGE)
def test_fit_ends(judge):
    assert judge(agreement(("epochs", "val_loss"), fitted.each(MONITORS)))


@claim("fit with EarlyStopping ends with the weights of the best loss or accuracy", source=PAGE)
def test_fit_restores(judge):
    assert judge(agreement("weights", fitted.each(MONITORS)))
