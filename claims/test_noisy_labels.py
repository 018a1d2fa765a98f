"""Noisy training data: wrong labels cost accuracy, are learnt last, and can be taken out again."""

import pytest

from training_claims import (
    Arm,
    Sample,
    best_epoch,
    claim,
    late,
    mean_of,
    models,
    rank_correlation,
    statistics,
    transforms,
)

NOISE = "Noisy training data"
CURATION = "Data curation"


@pytest.fixture(scope="module")
def trained_on(mnist):
    """An arm trained on a thousand digits, with some transforms of them."""
    digits = mnist.replace(split=Sample(1_000, validation=1_000))
    # 100 epochs: by then all labels are learnt, wrong ones too.
    return lambda name, *changes: Arm(
        name, digits.replace(transforms=changes), models.mlp(64), epochs=100
    )


@pytest.fixture(scope="module")
def noisy(trained_on):
    return lambda share: trained_on(f"{share:.0%} mislabelled", transforms.LabelNoise(share))


@pytest.fixture(scope="module")
def wrong_labels(trained_on):
    noise = transforms.LabelNoise(0.2)
    return trained_on("validated on the wrong labels", noise, transforms.ValidateOnChanged())


@pytest.fixture(scope="module")
def curated(trained_on):
    drop = {"the truth": transforms.DropChanged(), "cross-validation": transforms.DropSuspects(200)}
    return lambda by: trained_on(f"curated by {by}", transforms.LabelNoise(0.2), drop[by])


# -0.8, the correlation with one pair of neighbouring doses swapped, still counts as falling.
@claim("The more mislabelled training images, the lower the validation accuracy", source=NOISE)
def test_dose_response(judge, noisy):
    doses = {share: late("val_accuracy", noisy(share)) for share in (0.0, 0.1, 0.2, 0.4)}
    assert judge(rank_correlation(doses).below(0, by=0.75))


# Chance has a wrong label right for one image in ten. Far: for half of them.
@claim("A model trained to the end learns the wrong labels too, far above chance", source=NOISE)
def test_wrong_labels_are_learnt(judge, wrong_labels):
    assert judge(late("val_accuracy", wrong_labels).exceeds(0.1, by=0.4))


# A third of all wrong labels.
@claim("Most wrong labels are learned after the epoch of the best validation loss", source=NOISE)
def test_wrong_labels_are_learnt_late(judge, noisy, wrong_labels):
    at_best = statistics.value_at(best_epoch("val_loss", noisy(0.2)), "val_accuracy", wrong_labels)
    assert judge(late("val_accuracy", wrong_labels).exceeds(at_best, by=0.33))


# Most: more than half of what the noise took.
@pytest.mark.parametrize("by", ["the truth", "cross-validation"])
@claim(
    "Removing mislabelled images, identified by {by}, restores most of the accuracy",
    source=CURATION,
)
def test_curation_restores(judge, noisy, curated, by):
    halfway = mean_of(late("val_accuracy", noisy(0.0)), late("val_accuracy", noisy(0.2)))
    assert judge(late("val_accuracy", curated(by)).exceeds(halfway, by=0))
