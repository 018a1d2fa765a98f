"""What a seed decides, which every other claim of the suite takes for granted."""

import pytest

from training_claims import Arm, claim, late, models, statistics, transforms

SOURCE = "keras.utils.set_random_seed"


@pytest.fixture(scope="module")
def digits(mnist, mlp):
    return Arm(
        "digits",
        mnist.with_transform(transforms.sample(1_000, validation=1_000)),
        mlp(64),
        epochs=5,
        validation_split=transforms.held_out(1_000, training=1_000),
        by_fit=True,
    )


# Far more than rounding, which is what is left if both see the same batches.
@claim(
    "The seed decides fit's batches: under another seed, the same network ends elsewhere",
    source=SOURCE,
)
def test_the_seed_decides_the_batches(judge, digits):
    other = digits.replace(
        name="weights of one seed, batches of another", model=models.reordered(digits.model)
    )
    apart = statistics.distance(late("val_crossentropy", digits), late("val_crossentropy", other))
    assert judge(apart.exceeds(0, by=1e-5))
