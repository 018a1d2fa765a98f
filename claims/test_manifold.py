"""The manifold hypothesis: between two digits there are images that are no digits."""

import pytest

from training_claims import Arm, Data, Sample, callbacks, claim, datasets, late, models, transforms

SOURCE = "The manifold hypothesis"
SPLIT = Sample(1_000, validation=1_000)


@pytest.fixture(scope="module")
def classifier(mnist):
    """A classifier of digits, validated on digits or on pixel averages of two of one class."""
    digits = datasets.blends(mnist, of="one class").replace(split=SPLIT)
    averages = digits.with_transform(transforms.AlteredValidation())
    arm = Arm("digits", digits, models.mlp(64), epochs=30)
    return lambda of: arm if of == "digits" else arm.replace(name="averages", data=averages)


@pytest.fixture(scope="module")
def midway(mnist):
    """A classifier asked about points halfway between images that it has not seen."""
    x, y = mnist.x[1_000:], mnist.y[1_000:]
    return Arm(
        "digits, with halfway points",
        Data("digits but the first thousand", x, y, split=SPLIT),
        models.mlp(256, 256),
        epochs=30,
        callbacks=callbacks.midpoint_losses(*datasets.pairs_of_one_class(mnist, 1_000)),
    )


# Far: by a fifth of all images.
@claim(
    "A network tells pixel averages of two digits of one class from digits, far above chance",
    source=SOURCE,
)
def test_averages_are_told_from_digits(judge, mnist):
    data = datasets.averages_or_originals(mnist)
    either = Arm("digit or average", data, models.mlp(64, classes=2), epochs=20)
    assert judge(late("val_accuracy", either).exceeds(0.5, by=0.2))


# Not as one would expect: the chapter's point that an average of pixels is no digit would have it
# classified less surely. But it is smoother and nearer to its class's mean image than either digit,
# and what a classifier goes by is there. Half of what it gains on the packaged digits.
@claim(
    "Yet pixel averages of two digits of one class are classified more confidently", source=SOURCE
)
def test_averages_are_classified_more_surely(judge, classifier):
    averages = late("val_loss", classifier("averages"))
    assert judge(averages.below(late("val_loss", classifier("digits")), by=0.1))


# A tenth of what is lost halfway between pixels.
@claim(
    "Halfway between two digits of one class, a network is surer in hidden space than in pixels",
    source=SOURCE,
)
def test_hidden_midpoints_are_surer(judge, midway):
    hidden = late("hidden_midpoint_loss", midway)
    assert judge(hidden.below(late("pixel_midpoint_loss", midway), by=0.01))
