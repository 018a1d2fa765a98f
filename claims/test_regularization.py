"""Fighting overfitting on reviews: by the network's size, by penalties, by dropout."""

import pytest

from training_claims import Arm, Holdout, best_epoch, claim, final, losses, models, rise

pytestmark = pytest.mark.early

SIZE = "Reducing the network's size"
PENALTY = "Adding weight regularization"
DROPOUT = "Adding dropout"


@pytest.fixture(scope="module")
def original(imdb):
    return Arm(
        "16-16",
        imdb.replace(split=Holdout(0.4)),
        models.sentiment(16, 16),
        losses.binary_crossentropy,
        epochs=20,
        batch_size=512,
    )


@pytest.fixture(scope="module")
def smaller(original):
    return original.replace(name="4-4", model=models.sentiment(4, 4))


@pytest.fixture(scope="module")
def larger(original):
    return original.replace(name="512-512", model=models.sentiment(512, 512))


@pytest.fixture(scope="module")
def penalized(original):
    penalties = {"L1": {"l1": 0.001}, "L2": {"l2": 0.002}, "L1L2": {"l1": 0.001, "l2": 0.001}}
    return lambda penalty: original.replace(
        name=penalty, model=models.sentiment(16, 16, **penalties[penalty])
    )


@pytest.fixture(scope="module")
def dropout(original):
    return original.replace(name="dropout", model=models.sentiment(16, 16, dropout=0.5))


# More than the one epoch by which a best epoch is known.
@claim("The smaller network starts to overfit later", source=SIZE)
def test_smaller_starts_later(judge, original, smaller):
    assert judge(best_epoch("val_loss", smaller).exceeds(best_epoch("val_loss", original), by=1))


# A fifth of the original's own rise, about 0.25.
@claim("The smaller network degrades less", source=SIZE)
def test_smaller_degrades_less(judge, original, smaller):
    assert judge(rise("val_loss", smaller).below(rise("val_loss", original), by=0.05))


# The best epochs themselves, about 3 and 4, are too coarse: every third seed ties.
@claim(
    "The larger network overfits earlier: its validation loss has risen more by epoch 8",
    source=SIZE,
)
def test_larger_starts_earlier(judge, original, larger):
    risen = rise("val_loss", larger, at=8)
    assert judge(risen.exceeds(rise("val_loss", original, at=8), by=0))


# About zero: 0.01 nats are the right answer at 99 %.
@claim("The larger network drives its training loss to about zero", source=SIZE)
def test_larger_fits_to_zero(judge, larger):
    assert judge(final("loss", larger).below(0.01, by=0))


# A tenth of the original's own rise.
@claim("The larger network degrades more", source=SIZE)
def test_larger_degrades_more(judge, original, larger):
    assert judge(rise("val_loss", larger).exceeds(rise("val_loss", original), by=0.025))


# By `data_loss`: `val_loss` holds the penalty too, which shrinks in training.
# A tenth of the original's own rise.
@pytest.mark.parametrize("penalty", ["L2", "L1", "L1L2"])
@claim("{penalty} regularization slows overfitting", source=PENALTY)
def test_penalty_slows_overfitting(judge, original, penalized, penalty):
    regularized = rise("val_data_loss", penalized(penalty))
    assert judge(regularized.below(rise("val_data_loss", original), by=0.025))


# Later at all: epochs are whole, and a seed that ties does not win.
@claim("Dropout delays overfitting: the best epoch comes later", source=DROPOUT)
def test_dropout_delays_the_best_epoch(judge, original, dropout):
    assert judge(best_epoch("val_loss", dropout).exceeds(best_epoch("val_loss", original), by=0))


# A tenth of the original's rise by then.
@claim("Dropout slows overfitting: the validation loss has risen less by epoch 10", source=DROPOUT)
def test_dropout_rises_less(judge, original, dropout):
    risen = rise("val_loss", dropout, at=10)
    assert judge(risen.below(rise("val_loss", original, at=10), by=0.01))
