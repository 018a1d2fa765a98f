"""Early stopping: Keras's EarlyStopping, with the best epoch's weights restored."""

import pytest

from training_claims import Arm, Sample, callbacks, claim, ended, final, late, models, optimizers

SOURCE = "Using early stopping"
EPOCHS = 60


@pytest.fixture(scope="module")
def to_the_end(mnist):
    return Arm(
        "trained to the end",
        mnist.replace(split=Sample(1_000, validation=1_000)),
        models.mlp(64),
        optimizer=optimizers.rmsprop(0.003),
        epochs=EPOCHS,
        batch_size=32,
    )


@pytest.fixture(scope="module")
def patient(to_the_end):
    return lambda epochs: to_the_end.replace(
        name=f"patience of {epochs}", callbacks=callbacks.early_stopping(epochs)
    )


# A tenth of the best loss.
@claim("Early stopping ends with a lower validation loss than training to the end", source=SOURCE)
def test_stopping_ends_lower(judge, to_the_end, patient):
    stopped = ended("val_loss", patient(5))
    assert judge(stopped.below(late("val_loss", to_the_end), by=0.04))


@claim(
    "With a patience of 5, early stopping trains for less than half of the epochs", source=SOURCE
)
def test_stopping_saves_epochs(judge, patient):
    assert judge(final("epochs_trained", patient(5)).below(EPOCHS / 2, by=0))


# What half of the units dropped at random makes of a small network: a curve that goes up and down.
# A tenth of what is lost on the bank's seeds.
@claim(
    "On a rough curve, too little patience underfits: training stops before the minimum",
    source=SOURCE,
)
def test_too_little_patience(judge, patient):
    uneven = {"model": models.mlp(16, 16, dropout=0.5), "epochs": 40}
    impatient = ended("val_loss", patient(0).replace(**uneven))
    assert judge(impatient.exceeds(ended("val_loss", patient(5).replace(**uneven)), by=0.03))
