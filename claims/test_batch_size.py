"""The batch size: larger batches make a smoother curve."""

import pytest

from training_claims import Arm, Sample, claim, models, rank_correlation, statistics

SOURCE = "Tuning key gradient descent parameters"


@pytest.fixture(scope="module")
def batches(mnist):
    digits = mnist.replace(split=Sample(1_000, validation=1_000))
    plain = Arm("plain", digits, models.mlp(64), epochs=20)
    return lambda size: plain.replace(name=f"batches of {size}", batch_size=size)


# -0.8, the correlation with one pair of neighbouring doses swapped, still counts as falling.
@claim(
    "The larger the batches, the smoother the training loss over the same number of epochs",
    source=SOURCE,
)
def test_larger_batches_are_smoother(judge, batches):
    doses = {size: statistics.roughness("loss", batches(size)) for size in (8, 32, 128, 512)}
    assert judge(rank_correlation(doses).below(0, by=0.75))
