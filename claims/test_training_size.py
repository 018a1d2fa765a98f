"""Training data is paramount: more of it is better, and the gap to the unseen shrinks."""

from math import log2

import pytest

from training_claims import Arm, Sample, claim, late, models, rank_correlation, slope, statistics

SOURCE = "Training data is paramount"
SIZES = (250, 500, 1_000, 2_000, 4_000)


@pytest.fixture(scope="module")
def trained_on(mnist):
    def images(count):
        part = mnist.replace(split=Sample(count, validation=1_000))
        return Arm(f"{count} images", part, models.mlp(64), epochs=30)

    return {count: images(count) for count in SIZES}


# One image in a hundred for twice the images.
@claim("Each doubling of the training images from 250 to 4,000 adds accuracy", source=SOURCE)
def test_a_doubling_adds_accuracy(judge, trained_on):
    doublings = {log2(size): late("val_accuracy", trained_on[size]) for size in SIZES}
    assert judge(slope(doublings).exceeds(0, by=0.01))


# Half of that: accuracy has less and less room to grow.
@claim(
    "Each doubling of the training images from 1,000 to 4,000 still adds accuracy", source=SOURCE
)
def test_doublings_keep_adding(judge, trained_on):
    last = {log2(size): late("val_accuracy", trained_on[size]) for size in SIZES[2:]}
    assert judge(slope(last).exceeds(0, by=0.005))


# -0.9: all sizes in order but for one pair of neighbours.
@claim(
    "The denser the sample, the smaller the gap between validation and training loss", source=SOURCE
)
def test_a_denser_sample_shrinks_the_gap(judge, trained_on):
    gaps = {
        size: statistics.gap(late("val_loss", arm), late("loss", arm))
        for size, arm in trained_on.items()
    }
    assert judge(rank_correlation(gaps).below(0, by=0.85))
