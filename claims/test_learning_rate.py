"""The learning rate: too high diverges, too low stands still, and between them lies training."""

from math import log

import pytest

from training_claims import Arm, claim, final, first, late, models, optimizers

pytestmark = pytest.mark.early

# What a loss of probabilities can reach, which Keras keeps 1e-7 away from 0.
MOST_OF_CLIPPED = -log(1e-7)
SOURCE = "Tuning key gradient descent parameters"


@pytest.fixture(scope="module")
def rate(mnist):
    plain = Arm("plain", mnist, models.mlp(512), epochs=10)
    return lambda rate: plain.replace(name=f"rate {rate:g}", optimizer=optimizers.rmsprop(rate))


# Beyond what a loss can be that never exploded, but was cut off.
@claim("At a learning rate of 1.0, the loss explodes in the first epoch", source=SOURCE)
def test_rate_1_explodes(judge, rate):
    assert judge(first("loss", rate(1.0)).exceeds(MOST_OF_CLIPPED, by=10))


# Far: by one image in five.
@claim("A learning rate of 1.0 ends with far lower accuracy than one of 0.01", source=SOURCE)
def test_rate_1_ends_far_below(judge, rate):
    assert judge(late("val_accuracy", rate(1.0)).below(late("val_accuracy", rate(0.01)), by=0.2))


# Well: right on at least 17 of 20 images not seen, where guessing is right on 2.
@claim("A learning rate of 0.01 trains well", source=SOURCE)
def test_rate_001_trains_well(judge, rate):
    assert judge(late("val_accuracy", rate(0.01)).exceeds(0.85, by=0))


# 0.3 nats: rate 0.01 has then fitted what rate 1e-6 has hardly begun.
@claim("A learning rate of 1e-6 fails to fit in the epochs that suffice for 0.01", source=SOURCE)
def test_rate_too_small_fails_to_fit(judge, rate):
    assert judge(final("loss", rate(1e-6)).exceeds(final("loss", rate(0.01)), by=0.3))
