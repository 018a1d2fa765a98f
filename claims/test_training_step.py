"""What Keras does in a step of training, held against the textbook's formulas."""

import pytest

from training_claims import (
    Arm,
    Data,
    Sample,
    callbacks,
    claim,
    final,
    late,
    losses,
    models,
    optimizers,
    statistics,
    transforms,
)

GEARS = "The engine of neural networks: gradient-based optimization"
GLOROT_LIMIT = (6 / (784 + 64)) ** 0.5


@pytest.fixture(scope="module")
def digits(mnist):
    images = mnist.replace(split=Sample(1_000, validation=1_000))
    return Arm("digits", images, models.mlp(64), epochs=5)


@pytest.fixture(scope="module")
def odd_or_even(mnist):
    parity = Data("digits, odd or even", mnist.x[:1250], mnist.y[:1250] % 2)
    model = models.sentiment(16, 16, l1=0.001, l2=0.03)
    return Arm("odd or even", parity, model, losses.binary_crossentropy, epochs=5)


def distance_from_formulas(arm):
    formulas = arm.replace(
        name=f"{arm.name}, written out",
        model=models.reference_implementation(arm.model),
        optimizer=optimizers.reference_rmsprop(),
    )
    return statistics.distance(late("val_data_loss", arm), late("val_data_loss", formulas))


# Float32's rounding leaves a hundred-millionth of a nat; half precision, whose ten bits a GPU's
# TF32 has too, some 1e-4.
@claim("Keras trains a softmax classifier with RMSprop as the formulas say", source=GEARS)
def test_softmax(judge, digits):
    assert judge(distance_from_formulas(digits).equivalent_to(0, within=1e-5))


@claim("Keras trains a sigmoid unit with L1 and L2 penalties as the formulas say", source=GEARS)
def test_sigmoid_with_penalties(judge, odd_or_even):
    assert judge(distance_from_formulas(odd_or_even).equivalent_to(0, within=1e-5))


# Glorot's uniform has half of its weights within half of its limit. Four standard deviations of
# the share among 50,176 weights; at this rate training does not move them.
@claim(
    "A Dense layer's initial weights follow Glorot's law: half lie within half the limit",
    source=GEARS,
)
def test_initial_weights(judge, digits):
    untrained = digits.replace(
        name="untrained",
        optimizer=optimizers.rmsprop(1e-9),
        epochs=1,
        callbacks=callbacks.near_zero_weights(GLOROT_LIMIT / 2),
    )
    assert judge(final("near_zero_weights", untrained).equivalent_to(0.5, within=0.01))


# A fifth of what is lost without shuffling on the packaged digits.
@claim("Sorting the training images by class does no harm, since fit shuffles them", source=GEARS)
def test_shuffling(judge, digits):
    images = digits.data.with_transform(transforms.SortedTraining())
    in_order = digits.replace(name="sorted by class", data=images)
    accuracy = late("val_accuracy", in_order)
    assert judge(accuracy.equivalent_to(late("val_accuracy", digits), within=0.05))
