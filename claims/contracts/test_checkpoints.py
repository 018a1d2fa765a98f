"""Checkpoints, backups and logs on disk hold what they are documented to hold."""

import contextlib
import csv
import tempfile
from pathlib import Path

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.linear import exactly

pytestmark = pytest.mark.contract
CHECKPOINT = "https://keras.io/api/callbacks/model_checkpoint/"
BACKUP = "https://keras.io/api/callbacks/backup_and_restore/"
LOGGER = "https://keras.io/api/callbacks/csv_logger/"
NOWHERE = "reported nowhere that we found"
EPOCHS, BATCHES = 5, 4


def one_weight(optimizer):
    """A model of one weight, which is 0, and a loss whose gradient by it is 1."""
    import keras

    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.build((None, 1))
    model.compile(optimizer, lambda _, prediction: keras.ops.sum(prediction, -1), run_eagerly=True)
    return model


def batches(count):
    import tensorflow as tf

    rows = np.ones((count, 1), "float32")
    return tf.data.Dataset.from_tensor_slices((rows, rows)).batch(1)


@contract("kept", numbers=1 + EPOCHS * BATCHES)
def checkpointed(seed, pattern, at_once=1, **options):
    """How many files are left, and their weights: that of step n is n; epochs have made values."""
    import keras

    values = np.random.default_rng(seed).normal(size=EPOCHS)
    model = one_weight(keras.optimizers.SGD(0.0))
    with tempfile.TemporaryDirectory() as folder:
        callback = keras.callbacks.ModelCheckpoint(
            str(Path(folder) / pattern), save_weights_only=True, **options
        )
        told = keras.callbacks.CallbackList([callback], model=model, epochs=EPOCHS)
        told.on_train_begin()
        for epoch in range(EPOCHS):
            told.on_epoch_begin(epoch)
            for batch in range(at_once - 1, BATCHES, at_once):
                model.set_weights([np.full((1, 1), 1.0 + epoch * BATCHES + batch)])
                told.on_train_batch_end(batch, {"loss": 0.0})
            told.on_epoch_end(epoch, {"val_loss": float(values[epoch])})
        told.on_train_end()
        kept = []
        for file in sorted(Path(folder).iterdir()):
            model.load_weights(str(file))
            kept.append(model.get_weights()[0].item())
    most, expected = EPOCHS * BATCHES, saved(values, pattern, **options)
    return {
        "kept": (
            [len(kept), *exactly(most, sorted(kept))],
            [len(expected), *exactly(most, expected)],
        )
    }


def saved(
    values,
    pattern,
    save_best_only=False,
    mode="min",
    save_freq="epoch",
    initial_value_threshold=np.inf,
):
    """The steps, from 1 on, whose weights are in a file at the end."""
    steps, best = [], initial_value_threshold
    for epoch, value in enumerate(-values if mode == "max" else values):
        better = value < best
        best = min(best, value)
        if better or not save_best_only:
            steps.append((epoch + 1) * BATCHES)
    if save_freq != "epoch":
        steps = [*range(save_freq, EPOCHS * BATCHES + 1, save_freq)]
    return steps if "{" in pattern else steps[-1:]


EPOCH, BATCH = "{epoch:02d}.weights.h5", "{epoch:02d}-{batch:02d}.weights.h5"
BEST = {"save_best_only": True}
FILES = {
    "ModelCheckpoint saves after each epoch, and over what is there under one name": {
        "each epoch": {"pattern": EPOCH},
        "one name": {"pattern": "last.weights.h5"},
    },
    "ModelCheckpoint with save_best_only keeps the best epoch, or each new best": {
        "min": {"pattern": "best.weights.h5", **BEST},
        "max": {"pattern": "best.weights.h5", **BEST, "mode": "max"},
        "each": {"pattern": EPOCH, **BEST},
    },
    "ModelCheckpoint saves nothing above initial_value_threshold": {
        "a threshold": {"pattern": EPOCH, **BEST, "initial_value_threshold": -0.5},
    },
    "ModelCheckpoint with save_freq saves after so many batches": {
        f"every {batches}": {"pattern": BATCH, "save_freq": batches} for batches in (3, 4)
    }
    | {"every 2, told of 2": {"pattern": BATCH, "save_freq": 2, "at_once": 2}},
}


@pytest.mark.parametrize("sentence", FILES)
@claim("{sentence}", source=CHECKPOINT)
def test_checkpoint(judge, sentence):
    assert judge(agreement("kept", checkpointed.each(FILES[sentence], mode="min")))


@contract("losses")
def best_batch(seed):
    """The best of the first epoch's made losses, by a checkpoint after every batch."""
    import keras

    losses = np.random.default_rng(seed).normal(size=BATCHES)
    model, found = one_weight(keras.optimizers.SGD(0.0)), np.nan
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "best.weights.h5")
        callback = keras.callbacks.ModelCheckpoint(
            file, "loss", save_best_only=True, save_weights_only=True, mode="min", save_freq=1
        )
        told = keras.callbacks.CallbackList([callback], model=model, epochs=1)
        told.on_train_begin()
        told.on_epoch_begin(0)
        with contextlib.suppress(TypeError):
            for batch, loss in enumerate(losses):
                model.set_weights([np.full((1, 1), loss)])
                told.on_train_batch_end(batch, {"loss": float(loss)})
            model.load_weights(file)
            found = model.get_weights()[0].item()
    return {"losses": (found, losses.min())}


@claim(
    "ModelCheckpoint keeps the best batch of the first epoch, asked to save after batches",
    source=CHECKPOINT,
    known=NOWHERE,
)
def test_best_batch(judge):
    assert judge(agreement("losses", best_batch()))


@contract("epochs", "weights", "steps", "left", "more")
def interrupted(seed):
    """Momentum descent that breaks off in an epoch, and is started again in a new model."""
    import keras

    rng = np.random.default_rng(seed)
    rate, momentum = float(rng.uniform(0.1, 1)), float(rng.uniform(0.3, 0.9))
    broken, rows = int(rng.integers(1, EPOCHS)), batches(BATCHES)

    def fail(batch, logs):  # noqa: ARG001 -- Keras names them
        if model.optimizer.iterations >= broken * BATCHES + 2:
            raise InterruptedError

    with tempfile.TemporaryDirectory() as folder:
        given = {"epochs": EPOCHS, "verbose": 0, "shuffle": False}
        place = str(Path(folder) / "backup")
        model = one_weight(keras.optimizers.SGD(rate, momentum))
        failing = keras.callbacks.LambdaCallback(on_train_batch_end=fail)
        backup = keras.callbacks.BackupAndRestore(place)
        try:
            model.fit(rows, callbacks=[backup, failing], **given)
        except InterruptedError:
            model = one_weight(keras.optimizers.SGD(rate, momentum))
        again = keras.callbacks.BackupAndRestore(place)
        logs = model.fit(rows, callbacks=[again], **given).history
        left = Path(place).exists()
        weight, steps = model.get_weights()[0].item(), int(model.optimizer.iterations)
        more = model.fit(rows, **given).history
    velocity = np.cumsum(-rate * momentum ** np.arange(EPOCHS * BATCHES))
    return {
        "epochs": (len(logs["loss"]), EPOCHS - broken),
        "weights": (weight, velocity.sum()),
        "steps": (steps, EPOCHS * BATCHES),
        "left": (left, False),
        "more": (len(more["loss"]), EPOCHS),
    }


@claim("BackupAndRestore goes on from the epoch that broke off, and cleans up", source=BACKUP)
def test_backup(judge):
    assert judge(agreement(("epochs", "weights", "steps", "left"), interrupted()))


@claim(
    "A fit after one that BackupAndRestore resumed has all its epochs", source=BACKUP, known=NOWHERE
)
def test_after_backup(judge):
    assert judge(agreement("more", interrupted()))


@contract("backed up", numbers=BATCHES)
def backed_up(seed, at_once):
    """The weights in the backup after each batch that is told, of which each second is saved."""
    import keras

    weights = np.random.default_rng(seed).normal(size=BATCHES)
    model, found = one_weight(keras.optimizers.SGD(0.0)), []
    told_of = range(at_once - 1, BATCHES, at_once)
    with tempfile.TemporaryDirectory() as folder:
        callback = keras.callbacks.BackupAndRestore(folder, save_freq=2)
        callback.set_model(model)
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        for batch in told_of:
            model.set_weights([weights[batch].reshape(1, 1)])
            callback.on_train_batch_end(batch)
            with contextlib.suppress(OSError):  # nothing is saved yet
                model.load_weights(str(Path(folder) / "latest.weights.h5"))
                found.append(model.get_weights()[0].item())
    saved_at = [batch - (batch + 1) % 2 for batch in told_of if batch]
    return {"backed up": (exactly(BATCHES, found), exactly(BATCHES, weights[saved_at]))}


@claim("BackupAndRestore with save_freq saves after so many batches", source=BACKUP)
def test_backed_up(judge):
    assert judge(agreement("backed up", backed_up(1)))


@claim(
    "BackupAndRestore with save_freq saves after so many batches, several at once",
    source=BACKUP,
    known=NOWHERE,
)
def test_backed_up_at_once(judge):
    assert judge(agreement("backed up", backed_up(2)))


def rows_of(file, separator):
    with Path(file).open(newline="") as lines:
        return [*csv.reader(lines, delimiter=separator)]


@contract("values", "epochs", "headers", numbers=4 * EPOCHS)
def logged(seed, append, separator):
    """A table of two trainings' made logs."""
    import keras

    logs = np.random.default_rng(seed).normal(size=(2, EPOCHS, 2))
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "log.csv")
        for run in logs:
            callback = keras.callbacks.CSVLogger(file, separator=separator, append=append)
            callback.on_train_begin()
            for epoch, (loss, val_loss) in enumerate(run):
                callback.on_epoch_end(epoch, {"loss": loss, "val_loss": val_loss})
            callback.on_train_end()
        rows = rows_of(file, separator)
    told = [row for row in rows if row[0] != "epoch"]
    runs = 2 if append else 1
    return {
        "values": (np.float64([row[1:] for row in told]), logs[-runs:].reshape(-1, 2)),
        "epochs": ([int(row[0]) for row in told], [*range(EPOCHS)] * runs),
        "headers": ([row == ["epoch", "loss", "val_loss"] for row in rows].count(True), 1),
    }


@claim("CSVLogger writes a row for each epoch: its number and its values", source=LOGGER)
def test_rows(judge):
    assert judge(agreement(("values", "epochs"), logged(False, ",")))


@claim("CSVLogger with append=True goes on below the file's rows, with one header", source=LOGGER)
def test_appended(judge):
    assert judge(agreement(("values", "epochs", "headers"), logged(True, ";")))
