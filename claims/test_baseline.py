"""Beating a common-sense baseline: a model has learnt something if it beats the majority class."""

import pytest

from training_claims import Arm, Sample, claim, late, models, transforms

SOURCE = "Beating a common-sense baseline"
WIDTHS = {"Logistic regression": (), "A network of 64 units": (64,), "A network of 64-64": (64, 64)}


@pytest.fixture(scope="module")
def majority(mnist):
    digits = mnist.replace(split=Sample(1_000, validation=1_000))
    return Arm("majority class", digits, models.constant(), epochs=20)


@pytest.fixture(scope="module")
def trained(majority):
    return lambda name: majority.replace(name=name, model=models.mlp(*WIDTHS[name]))


@pytest.fixture(scope="module")
def shuffled(majority):
    data = majority.data.with_transform(transforms.ShuffledLabels())
    return lambda arm: arm.replace(name=f"{arm.name}, shuffled labels", data=data)


# Every second image more.
@pytest.mark.parametrize("name", WIDTHS)
@claim("{name} beats the majority class", source=SOURCE)
def test_beats_the_majority_class(judge, majority, trained, name):
    accuracy = late("val_accuracy", trained(name))
    assert judge(accuracy.exceeds(late("val_accuracy", majority), by=0.5))


# Three standard deviations of the difference of two runs at chance on 1,000 images.
@pytest.mark.parametrize("name", WIDTHS)
@claim("{name} does not beat the majority class on shuffled labels", source=SOURCE)
def test_does_not_on_shuffled_labels(judge, majority, trained, shuffled, name):
    accuracy = late("val_accuracy", shuffled(trained(name)))
    assert judge(accuracy.equivalent_to(late("val_accuracy", shuffled(majority)), within=0.04))
