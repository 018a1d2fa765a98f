"""Checkpoints, backups and logs on disk hold what they are documented to hold."""

import contextlib
import csv
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.descent import RATE, stepped

pytestmark = pytest.mark.contract
CHECKPOINT = "https://keras.io/api/callbacks/model_checkpoint/"
BACKUP = "https://keras.io/api/callbacks/backup_and_restore/"
LOGGER = "https://keras.io/api/callbacks/csv_logger/"
WEIGHTS = "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/"
CONFIG = "https://keras.io/api/models/model_saving_apis/serialization_utils/"
LEGACY = "https://github.com/keras-team/keras/issues/6607"
SEED = "https://github.com/keras-team/keras/issues/23657"
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
def checkpointed(seed, pattern, **options):
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
            for batch in range(BATCHES):
                model.set_weights([np.full((1, 1), 1.0 + epoch * BATCHES + batch)])
                told.on_train_batch_end(batch, {"loss": 0.0})
            told.on_epoch_end(epoch, {"val_loss": float(values[epoch])})
        told.on_train_end()
        kept = []
        for file in sorted(Path(folder).iterdir()):
            model.load_weights(str(file))
            kept.append(model.get_weights()[0].item())
    expected = saved(values, pattern, **options)
    return {"kept": ([len(kept), *sorted(kept)], [len(expected), *expected])}


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


EPOCH, BEST = "{epoch:02d}.weights.h5", {"save_best_only": True}
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
        f"every {batches}": {"pattern": "{epoch:02d}-{batch:02d}.weights.h5", "save_freq": batches}
        for batches in (3, 4)
    },
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


@contract("epochs", "weights", "steps", "left")
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
    velocity = np.cumsum(-rate * momentum ** np.arange(EPOCHS * BATCHES))
    return {
        "epochs": (len(logs["loss"]), EPOCHS - broken),
        "weights": (model.get_weights()[0].item(), velocity.sum()),
        "steps": (int(model.optimizer.iterations), EPOCHS * BATCHES),
        "left": (left, False),
    }


@claim("BackupAndRestore goes on from the epoch that broke off, and cleans up", source=BACKUP)
def test_backup(judge):
    assert judge(agreement(("epochs", "weights", "steps", "left"), interrupted()))


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


@cache
def mixture(_):
    """Adapted, nested and shared layers, one after another, one for each name."""
    import keras

    def linear():
        return keras.layers.Dense(2, use_bias=False)

    normal, first, last, shared = keras.layers.Normalization(), linear(), linear(), linear()
    scaling = keras.layers.BatchNormalization()
    inputs = keras.Input((2,))
    nested = keras.Sequential([keras.Input((2,)), first, last])
    outputs = shared(shared(scaling(nested(normal(inputs)))))
    return keras.Model(inputs, outputs), normal, [first, last, scaling, shared]


def computed(x, mean, variance, first, last, scaling, shared):
    """What the mixture gives in inference."""
    gamma, beta, moved, spread = scaling
    x = (x - mean) / np.sqrt(variance) @ first @ last
    return (gamma * (x - moved) / np.sqrt(spread + 1e-3) + beta) @ shared @ shared


@contract("outputs", "trained", "legacy", numbers=12)
def restored(seed):
    """A model in part frozen, by way of files, and the shared kernel after a step of it."""
    import keras

    rng = np.random.default_rng(seed)
    x, y, kernel, *kernels = rng.normal(size=(5, 2, 2))
    data, scaling = rng.normal(1, 2, size=(9, 2)), rng.uniform(0.5, 2, size=(4, 2))
    model, normal, layers = mixture("frozen in part")
    layers[0].trainable = layers[2].trainable = False
    normal.adapt(data.astype("float32"))
    for layer, weights in zip(layers, [*([k] for k in kernels), scaling, [kernel]], strict=True):
        layer.set_weights([*weights])
    told = [data.mean(0), data.var(0), *kernels, scaling]
    other, found = mixture("not frozen")[0], []
    with tempfile.TemporaryDirectory() as folder:
        whole, legacy, weights = (
            str(Path(folder) / name) for name in ("x.keras", "x.h5", "x.weights.h5")
        )
        model.save(whole)
        model.save(legacy)
        model.save_weights(weights)
        loaded = keras.saving.load_model(whole)
        found += [loaded(x), keras.saving.load_model(legacy)(x)]
        for file in (weights, legacy):
            other.load_weights(file)
            found.append(other(x))
    loaded.compile(keras.optimizers.SGD(RATE), "mse", run_eagerly=True)
    loaded.train_on_batch(x, y)
    expected = computed(x, *told, kernel)

    def loss(shared):
        return np.mean((computed(x, *told, shared.reshape(2, 2)) - y) ** 2)

    return {
        "outputs": (found[:3], [expected] * 3),
        "trained": (loaded.get_weights()[-1].ravel(), stepped(loss, kernel.ravel())),
        "legacy": (found[3], expected),
    }


@claim(
    "A file brings back each weight where it was: adapted, frozen, nested, shared", source=WEIGHTS
)
def test_restored(judge):
    assert judge(agreement(("outputs", "trained"), restored()))


@claim(
    "Weights of a whole model's .h5 file come to where they were, frozen in part or not",
    source=WEIGHTS,
    known=LEGACY,
)
def test_legacy(judge):
    assert judge(agreement("legacy", restored()))


# The numbers that layers take: shares by these names, the others counts.
SHARES = "rate dropout recurrent_dropout stddev momentum epsilon negative_slope threshold alpha"
SHARES += " scale offset l1 l2 mask_value factor"
RECURRENT = "units dropout recurrent_dropout seed"
NUMBERS = {
    "rate seed": "Dropout SpatialDropout1D AlphaDropout GaussianDropout",
    "stddev seed": "GaussianNoise",
    "dropout seed": "Attention AdditiveAttention",
    "num_heads key_dim value_dim dropout seed": "MultiHeadAttention",
    RECURRENT: "LSTM GRU",
    "axis": "UnitNormalization Concatenate Softmax",
    "axis epsilon": "LayerNormalization RMSNormalization",
    "axis epsilon groups": "GroupNormalization",
    "axis epsilon momentum": "BatchNormalization",
    "units lora_rank lora_alpha": "Dense",
    "input_dim output_dim": "Embedding",
    "filters kernel_size strides": "Conv1D Conv2D",
    "filters kernel_size dilation_rate": "Conv3D Conv2DTranspose",
    "kernel_size strides depth_multiplier": "DepthwiseConv1D DepthwiseConv2D",
    "filters kernel_size dilation_rate depth_multiplier": "SeparableConv1D SeparableConv2D",
    "pool_size strides": "MaxPooling2D AveragePooling1D",
    "size": "UpSampling2D",
    "padding": "ZeroPadding1D",
    "cropping": "Cropping2D",
    "n": "RepeatVector",
    "axes": "Dot",
    "max_value negative_slope threshold": "ReLU",
    "negative_slope": "LeakyReLU",
    "alpha": "ELU",
    "l1 l2": "ActivityRegularization",
    "mask_value": "Masking",
    "scale offset": "Rescaling",
    "num_tokens": "CategoryEncoding",
    "num_bins salt": "Hashing",
    "factor seed": "RandomRotation RandomContrast",
}


@contract("numbers", numbers=120)
def revived(seed, numbers):
    """The numbers of layers made again by their configuration, and what they were told at first."""
    import keras

    rng, found, told = np.random.default_rng(seed), [], []
    for names, layers in numbers.items():
        for layer in layers.split():
            given = {
                name: float(rng.uniform(0.1, 0.4))
                if name in SHARES.split()
                else int(rng.integers(2, 6))
                for name in names.split()
            }
            kind = getattr(keras.layers, layer)
            again = kind.from_config(kind(**given).get_config()).get_config()
            found += [np.max(again.get(name, np.nan)) for name in given]
            told += given.values()
    return {"numbers": (found, told)}


@claim("A layer made again by its configuration has the numbers that it was told", source=CONFIG)
def test_revived(judge):
    assert judge(agreement("numbers", revived(NUMBERS)))


@claim(
    "SimpleRNN and RandomGrayscale made again by their configuration have their seed",
    source=CONFIG,
    known=SEED,
)
def test_revived_seed(judge):
    layers = {RECURRENT: "SimpleRNN", "factor seed": "RandomGrayscale"}
    assert judge(agreement("numbers", revived(layers)))
