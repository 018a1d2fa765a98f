"""How much regularization: penalties and dropout of several strengths, on 4,000 reviews."""

import pytest

from training_claims import (
    Arm,
    Sample,
    best,
    best_epoch,
    callbacks,
    claim,
    final,
    losses,
    models,
    rank_correlation,
    rise,
)

PENALTY = "Adding weight regularization"
DROPOUT = "Adding dropout"
STRENGTHS = (0.0, 0.0002, 0.002, 0.02)
RATES = (0.0, 0.2, 0.5, 0.8)


@pytest.fixture(scope="module")
def reviews(imdb):
    """An arm that trains a network of 16-16 on reviews, with some regularization."""
    few = imdb.replace(split=Sample(4_000, validation=2_000))
    return lambda name, **regularization: Arm(
        name,
        few,
        models.sentiment(16, 16, **regularization),
        losses.binary_crossentropy,
        epochs=40,
    )


@pytest.fixture(scope="module")
def penalized(reviews):
    return lambda strength: reviews(f"L2 of {strength:g}", l2=strength)


@pytest.fixture(scope="module")
def zeros_under(reviews):
    """The share of the first layer's weights below 0.001 at the end, under a penalty of 0.001."""
    counted = callbacks.near_zero_weights(0.001)
    return lambda penalty: final(
        "near_zero_weights", reviews(penalty, **{penalty: 0.001}).replace(callbacks=counted)
    )


@pytest.fixture(scope="module")
def dropping(reviews):
    return lambda rate: reviews(f"dropout of {rate:g}", dropout=rate)


@pytest.fixture(scope="module")
def repeated(mnist):
    """How far two predictions of the same hundred digits are apart, in training and out of it."""
    digits = mnist.replace(split=Sample(500, validation=500))
    model = models.mlp(64, dropout=0.5)
    arms = {
        training: Arm(
            "dropout in training" if training else "dropout",
            digits,
            model,
            epochs=5,
            callbacks=callbacks.prediction_change(mnist.x[:100], training=training),
        )
        for training in (False, True)
    }
    return lambda *, training: final("prediction_change", arms[training])


# -0.8, the correlation with one pair of neighbouring doses swapped, still counts as falling.
# By `data_loss`: `val_loss` holds the penalty too, which shrinks in training.
@claim("The stronger the L2 penalty, the less the validation loss rises", source=PENALTY)
def test_stronger_rises_less(judge, penalized):
    doses = {strength: rise("val_data_loss", penalized(strength)) for strength in STRENGTHS}
    assert judge(rank_correlation(doses).below(0, by=0.75))


# A sixtieth of the best loss.
@claim("Too strong an L2 penalty underfits: the best validation loss is higher", source=PENALTY)
def test_too_strong_underfits(judge, penalized):
    too_strong = best("val_data_loss", penalized(0.02))
    assert judge(too_strong.exceeds(best("val_data_loss", penalized(0.002)), by=0.005))


# Half of all weights.
@claim("L1 drives most weights to almost zero, L2 far fewer", source=PENALTY)
def test_l1_makes_zeros(judge, zeros_under):
    assert judge(zeros_under("l1").exceeds(zeros_under("l2"), by=0.5))


# By epoch 10: later the network without dropout has a training loss of zero and stands still,
# while that with a little of it goes on to rise.
@claim(
    "The more units are dropped, the less the validation loss has risen by epoch 10", source=DROPOUT
)
def test_more_dropout_rises_less(judge, dropping):
    doses = {rate: rise("val_loss", dropping(rate), at=10) for rate in RATES}
    assert judge(rank_correlation(doses).below(0, by=0.75))


# A sixteenth of the best loss without dropout. Training loss does not tell: dropout raises it.
@claim("Dropping 80 % of the units underfits: the best validation loss is higher", source=DROPOUT)
def test_too_much_dropout_underfits(judge, dropping):
    underfitted = best("val_loss", dropping(0.8))
    assert judge(underfitted.exceeds(best("val_loss", dropping(0.0)), by=0.02))


# -0.8, as above.
@claim("The more units are dropped, the later the best epoch", source=DROPOUT)
def test_more_dropout_is_best_later(judge, dropping):
    doses = {rate: best_epoch("val_loss", dropping(rate)) for rate in RATES}
    assert judge(rank_correlation(doses).exceeds(0, by=0.75))


# Float rounding is below 1e-6.
@claim("Dropout is off in evaluation: two predictions are equal", source=DROPOUT)
def test_dropout_is_off_in_evaluation(judge, repeated):
    assert judge(repeated(training=False).equivalent_to(0, within=1e-6))


@claim("Dropout is on in training: two predictions differ", source=DROPOUT)
def test_dropout_is_on_in_training(judge, repeated):
    assert judge(repeated(training=True).exceeds(0, by=0.05))
