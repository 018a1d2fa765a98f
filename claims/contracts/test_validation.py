"""Which rows `fit` validates on, and when."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.linear import (
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


def watched(model):
    """A callback that keeps a model's weights at each epoch's end, and what was validated then."""
    import keras

    kept, validated = [], []

    def end(_, logs):
        kept.append(weights_of(model))
        validated.append("val_loss" in logs)

    return keras.callbacks.LambdaCallback(on_epoch_end=end), kept, validated


@contract("rows", "weights", "validated", "val_loss", "val_mae", numbers=80)
def split(seed):
    """Two epochs with validation_split: what trains and what validates."""
    x, y, batch = drawn(seed)
    share = float(np.random.default_rng(seed).uniform(0.2, 0.5))
    model, rows, start = linear(seed, x, **GRAPH)
    options = {"batch_size": batch, "validation_split": share, "epochs": 2, "verbose": 0}
    end, kept, _ = watched(model)
    logs = model.fit(x, y, callbacks=[end], **options).history
    trained = int(np.floor(len(x) * (1 - share)))
    seen = np.split(rows.numbers("trained", 2 * trained), 2)
    taken = [each for numbers in seen for each in batches(numbers, batch)]
    off = [errors(each, x[trained:], y[trained:]) for each in kept]
    return {
        "rows": (np.sort(seen, axis=1), [np.arange(1, trained + 1)] * 2),
        "weights": (weights_of(model), descend(start, x, y, taken)[0]),
        "validated": (
            rows.numbers("evaluated", 2 * (len(x) - trained)),
            [*range(trained + 1, len(x) + 1)] * 2,
        ),
        "val_loss": (exactly(2, logs["val_loss"]), np.mean(np.square(off), axis=1)),
        "val_mae": (exactly(2, logs["val_mae"]), np.mean(np.abs(off), axis=1)),
    }


@claim(
    "With validation_split fit trains on the first rows and their targets alone", source=TRAINING
)
def test_split_trains_on_the_first(judge):
    assert judge(agreement(("rows", "weights"), split()))


@claim("validation_split sets the last rows apart, in their order, each epoch", source=TRAINING)
def test_split_validates_on_the_last(judge):
    assert judge(agreement("validated", split()))


@claim(
    "val_loss and metrics are of the rows set apart, by the epoch's last weights", source=TRAINING
)
def test_split_values(judge):
    assert judge(agreement(("val_loss", "val_mae"), split()))


@contract("rows", "validated", "epochs", "val_loss", "steps", numbers=160)
def apart(seed, source, freq):
    """Four epochs with validation data, validated every other epoch, in two batches of three."""
    import tensorflow as tf

    (x, y, _), (held, theirs, _) = drawn(seed), drawn(seed + 100_000)
    model, rows, _ = linear(seed, x, **GRAPH)
    data, _ = sources(held, theirs, 3)[source]()
    options = {
        "validation_data": data if len(data) == 2 else data[0],
        "validation_freq": freq,
        "validation_steps": 2,
        "shuffle": False,
    }
    trained = (tf.data.Dataset.from_tensor_slices((x, y)).batch(10),)
    if source == "arrays":
        trained = x, y
        options |= {"batch_size": 10, "validation_split": 0.3, "validation_batch_size": 3}
    end, kept, validated = watched(model)
    fitted = model.fit(*trained, epochs=4, callbacks=[end], verbose=0, **options).history
    off = [errors(kept[epoch], held[:6], theirs[:6]) for epoch in (1, 3)]
    return {
        "rows": (
            np.sort(rows.numbers("trained", 4 * len(x))),
            np.repeat(np.arange(1, len(x) + 1), 4),
        ),
        "validated": (rows.numbers("evaluated", 12), [*range(1, 7)] * 2),
        "epochs": (validated, [False, True] * 2),
        "val_loss": (exactly(2, fitted["val_loss"]), np.mean(np.square(off), axis=1)),
        "steps": (int(model.optimizer.iterations), 4 * -(-len(x) // 10)),
    }


APART = apart.each(
    {
        "arrays": {"source": "arrays", "freq": 2},
        "a dataset, epochs named": {"source": "a tf.data.Dataset", "freq": [2, 4]},
        "a PyDataset": {"source": "a PyDataset", "freq": 2},
    }
)


@claim("validation_data overrides validation_split: every row trains", source=TRAINING)
def test_data_override_split(judge):
    assert judge(agreement("rows of arrays", APART))


@claim("validation_steps draws so many batches, from the start each time", source=TRAINING)
def test_validation_steps(judge):
    assert judge(agreement("validated", APART))


@claim(
    "validation_freq=2 or [2, 4] validates after these epochs, by their own weights",
    source=TRAINING,
)
def test_validation_freq(judge):
    assert judge(agreement(("epochs", "val_loss"), APART))


@claim("Validation takes no step", source=TRAINING)
def test_validation_does_not_train(judge):
    assert judge(agreement("steps", APART))
