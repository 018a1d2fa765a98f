"""Increasing capacity, and regularizing by size: networks of four widths."""

import pytest

from training_claims import Arm, Sample, best_epoch, claim, final, models, rank_correlation

SOURCE = "Increasing model capacity"
WIDTHS = (4, 16, 64, 256)


@pytest.fixture(scope="module")
def wide(mnist):
    digits = mnist.replace(split=Sample(1_000, validation=1_000))
    return lambda width: Arm(f"{width}-{width}", digits, models.mlp(width, width), epochs=60)


# -0.8, the correlation with one pair of neighbouring widths swapped, still counts as falling.
@claim("The wider the network, the earlier its best epoch", source=SOURCE)
def test_wider_is_best_earlier(judge, wide):
    doses = {width: best_epoch("val_loss", wide(width)) for width in WIDTHS}
    assert judge(rank_correlation(doses).below(0, by=0.75))


@claim("The wider the network, the lower its final training loss", source=SOURCE)
def test_wider_fits_better(judge, wide):
    doses = {width: final("loss", wide(width)) for width in WIDTHS}
    assert judge(rank_correlation(doses).below(0, by=0.75))
