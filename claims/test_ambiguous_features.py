"""Ambiguous features: images that could be either of two digits, each given one of the labels."""

import pytest

from training_claims import Arm, best, best_epoch, claim, datasets, late, statistics, transforms

SOURCE = "Ambiguous features"
IMAGES, AMBIGUOUS = 1_000, 500


@pytest.fixture(scope="module")
def digits(mnist):
    return datasets.blends(mnist, of="two classes").with_transform(
        transforms.sample(IMAGES, validation=1_000)
    )


@pytest.fixture(scope="module")
def clear(digits, mlp):
    split = transforms.held_out(1_000, training=IMAGES)
    return Arm("clear", digits, mlp(64), epochs=60, validation_split=split)


@pytest.fixture(scope="module")
def ambiguous(clear, digits):
    dataset = digits.with_transform(transforms.altered_training(AMBIGUOUS, training=IMAGES))
    return clear.replace(name="half ambiguous", data=dataset)


@pytest.fixture(scope="module")
def on_ambiguous(clear, digits):
    dataset = digits.with_transform(transforms.validated_on_altered(AMBIGUOUS, training=IMAGES))
    split = transforms.held_out(AMBIGUOUS, training=IMAGES)
    name = "half ambiguous, validated on those"
    return clear.replace(name=name, data=dataset, validation_split=split)


# A tenth of the clear arm's own best loss.
@claim("Ambiguous training images raise the best validation loss on clear images", source=SOURCE)
def test_ambiguous_images_raise_the_loss(judge, clear, ambiguous):
    assert judge(best("val_loss", ambiguous).exceeds(best("val_loss", clear), by=0.04))


# A third of ln 2, which a fair guess between the two digits pays.
@claim("Confident fits to ambiguous images come only after the best epoch", source=SOURCE)
def test_confident_fits_come_late(judge, ambiguous, on_ambiguous):
    at_best = statistics.value_at(best_epoch("val_loss", ambiguous), "val_loss", on_ambiguous)
    assert judge(late("val_loss", on_ambiguous).below(at_best, by=0.23))
