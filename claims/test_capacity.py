"""Capacity on images: a model too small underfits, one large enough overfits."""

import pytest

from training_claims import Arm, best, claim, fall, models, rise

pytestmark = pytest.mark.early

SOURCE = "Increasing model capacity"


@pytest.fixture(scope="module")
def logistic(mnist):
    # The notebook's 20 epochs of 48,000 images are 7,500 steps. Overfitting takes steps: on 4,000
    # images 20 epochs are 640, too few for 96-96, and 120 make even logistic regression rise.
    return Arm("logistic regression", mnist, models.mlp(), epochs=20, min_steps=1_900)


@pytest.fixture(scope="module")
def two_layers(logistic):
    return logistic.replace(name="96-96", model=models.mlp(96, 96))


# A twentieth of logistic regression's own best loss, about 0.37 on the packaged digits.
@claim(
    "Logistic regression underfits: its best validation loss is above a 96-96 network's",
    source=SOURCE,
)
def test_logistic_regression_underfits(judge, logistic, two_layers):
    assert judge(best("val_loss", logistic).exceeds(best("val_loss", two_layers), by=0.02))


# Hardly: a third of what 96-96 rises.
@claim("Logistic regression's validation loss hardly rises after its best epoch", source=SOURCE)
def test_logistic_regression_hardly_rises(judge, logistic):
    assert judge(rise("val_loss", logistic).below(0.05, by=0))


# Twice what logistic regression rises.
@claim("A 96-96 network overfits: its validation loss rises from its minimum", source=SOURCE)
def test_two_layers_overfit(judge, two_layers):
    assert judge(rise("val_loss", two_layers).exceeds(0.02, by=0))


# Far more than the loss that is left at the end, which is about 0.
@claim(
    "A 96-96 network overfits: its training loss keeps falling after its best epoch", source=SOURCE
)
def test_training_loss_keeps_falling(judge, two_layers):
    assert judge(fall("loss", two_layers, since="val_loss").exceeds(0, by=0.005))
