"""Ambiguous features: images that could be either of two digits, each given one of the labels."""

import pytest

from training_claims import (
    Arm,
    Sample,
    best,
    best_epoch,
    claim,
    datasets,
    late,
    models,
    statistics,
    transforms,
)

SOURCE = "Ambiguous features"
IMAGES, AMBIGUOUS = 1_000, 500


@pytest.fixture(scope="module")
def clear(mnist):
    blends = datasets.blends(mnist, of="two classes")
    digits = blends.replace(split=Sample(IMAGES, validation=1_000))
    return Arm("clear", digits, models.mlp(64), epochs=60)


@pytest.fixture(scope="module")
def ambiguous(clear):
    data = clear.data.with_transform(transforms.Altered(AMBIGUOUS))
    return clear.replace(name="half ambiguous", data=data)


@pytest.fixture(scope="module")
def on_ambiguous(ambiguous):
    data = ambiguous.data.with_transform(transforms.ValidateOnChanged())
    return ambiguous.replace(name="half ambiguous, validated on those", data=data)


# A tenth of the clear arm's own best loss.
@claim("Ambiguous training images raise the best validation loss on clear images", source=SOURCE)
def test_ambiguous_images_raise_the_loss(judge, clear, ambiguous):
    assert judge(best("val_loss", ambiguous).exceeds(best("val_loss", clear), by=0.04))


# A third of ln 2, which a fair guess between the two digits pays.
@claim("Confident fits to ambiguous images come only after the best epoch", source=SOURCE)
def test_confident_fits_come_late(judge, ambiguous, on_ambiguous):
    at_best = statistics.value_at(best_epoch("val_loss", ambiguous), "val_loss", on_ambiguous)
    assert judge(late("val_loss", on_ambiguous).below(at_best, by=0.23))
