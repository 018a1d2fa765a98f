"""Noisy training data: wrong labels cost accuracy, are learnt last, and can be taken out again."""

import pytest

from training_claims import (
    Arm,
    best_epoch,
    claim,
    late,
    mean_of,
    rank_correlation,
    statistics,
    transforms,
)

NOISE = "Noisy training data"
CURATION = "Data curation"
IMAGES = 1_000


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.with_transform(transforms.sample(IMAGES, validation=1_000))


@pytest.fixture(scope="module")
def arm(mlp):
    # 100 epochs: by then all labels are learnt, wrong ones too.
    def on(name, dataset, *, training, validation=1_000):
        split = transforms.held_out(validation, training=training)
        return Arm(name, dataset, mlp(64), epochs=100, validation_split=split)

    return on


@pytest.fixture(scope="module")
def noisy(arm, digits):
    def at(share):
        dataset = digits.with_transform(transforms.label_noise(share, training=IMAGES))
        return arm(f"{share:.0%} mislabelled", dataset, training=IMAGES)

    return at


@pytest.fixture(scope="module")
def wrong_labels(arm, digits):
    dataset = digits.with_transform(transforms.validated_on_label_noise(0.2, training=IMAGES))
    return arm("validated on the wrong labels", dataset, training=IMAGES, validation=200)


@pytest.fixture(scope="module")
def curated(arm, digits):
    noise = digits.with_transform(transforms.label_noise(0.2, training=IMAGES))
    datasets = {
        "the truth": digits.with_transform(transforms.without_label_noise(0.2, training=IMAGES)),
        "cross-validation": noise.with_transform(transforms.without_suspects(200, training=IMAGES)),
    }
    return lambda by: arm(f"curated by {by}", datasets[by], training=IMAGES - 200)


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
