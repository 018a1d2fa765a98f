"""What a seed decides, which every other claim of the suite takes for granted."""

import pytest

from training_claims import Arm, Sample, claim, late, models, statistics

SOURCE = "keras.utils.set_random_seed"


@pytest.fixture(scope="module")
def digits(mnist):
    images = mnist.replace(split=Sample(1_000, validation=1_000))
    return Arm("digits", images, models.mlp(64), epochs=5, trainer="fit")


# Far more than rounding, which is what is left if both see the same batches.
@claim(
    "The seed decides fit's batches: under another seed, the same network ends elsewhere",
    source=SOURCE,
)
def test_the_seed_decides_the_batches(judge, digits):
    other = digits.replace(
        name="weights of one seed, batches of another", model=models.reordered(digits.model)
    )
    apart = statistics.distance(late("val_data_loss", digits), late("val_data_loss", other))
    assert judge(apart.exceeds(0, by=1e-5))
