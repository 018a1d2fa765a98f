"""Random labels can be memorized, and then nothing generalizes."""

from math import log

import pytest

from training_claims import Arm, claim, late, models, rise, statistics, transforms

pytestmark = pytest.mark.early

CHANCE_ACCURACY, CHANCE_LOSS = 0.1, log(10)


@pytest.fixture(scope="module")
def true_labels(mnist):
    return Arm("true labels", mnist, models.mlp(512), epochs=100)


@pytest.fixture(scope="module")
def shuffled_labels(true_labels, mnist):
    shuffled = mnist.with_transform(transforms.ShuffledLabels())
    return true_labels.replace(name="shuffled labels", data=shuffled)


SOURCE = "The nature of generalization in deep learning"


# Far: by a nat, so that the right label gets more than a quarter of the probability.
@claim("Training loss on shuffled labels falls far below chance", source=SOURCE)
def test_training_loss_falls(judge, shuffled_labels):
    assert judge(late("loss", shuffled_labels).below(CHANCE_LOSS, by=1.0))


# Far: more than half of the training labels are known by heart.
@claim("Training accuracy on shuffled labels rises far above chance", source=SOURCE)
def test_training_accuracy_rises(judge, shuffled_labels):
    assert judge(late("accuracy", shuffled_labels).exceeds(CHANCE_ACCURACY, by=0.4))


# Three standard deviations of a run: of 1,000 validation images at chance, 0.0095.
@claim("Validation accuracy on shuffled labels stays at chance", source=SOURCE)
def test_validation_accuracy_stays_at_chance(judge, shuffled_labels):
    assert judge(late("val_accuracy", shuffled_labels).equivalent_to(CHANCE_ACCURACY, within=0.03))


# A nat: from not knowing to being confidently wrong.
@claim("Validation loss on shuffled labels climbs", source=SOURCE)
def test_validation_loss_climbs(judge, shuffled_labels):
    assert judge(rise("val_loss", shuffled_labels).exceeds(0, by=1.0))


# Generalizes: right on nine of ten images not seen, where shuffled labels leave it right on one.
@claim("With true labels, the same model generalizes", source=SOURCE)
def test_true_labels_generalize(judge, true_labels):
    assert judge(late("val_accuracy", true_labels).exceeds(0.9, by=0))


# A twentieth of the budget. Half of the labels, so that the larger set too gets there within it.
@claim("Shuffled labels take more epochs until half of them are fitted", source=SOURCE)
def test_shuffled_labels_take_longer(judge, true_labels, shuffled_labels):
    shuffled = statistics.epochs_to("accuracy", shuffled_labels, reaches=0.5)
    assert judge(shuffled.exceeds(statistics.epochs_to("accuracy", true_labels, reaches=0.5), by=5))
