"""Noise channels: inputs without information cost accuracy, though the images are all there."""

import pytest

from training_claims import Arm, claim, first, late, models, rank_correlation, transforms

pytestmark = pytest.mark.early


@pytest.fixture(scope="module")
def plain(mnist):
    return Arm("plain", mnist, models.mlp(512), epochs=10)


@pytest.fixture(scope="module")
def zero_channels(plain, mnist):
    return plain.replace(name="zero channels", data=mnist.with_transform(transforms.Zeros(784)))


@pytest.fixture(scope="module")
def noise_channels(plain, mnist):
    return lambda count: plain.replace(
        name=f"{count} noise channels", data=mnist.with_transform(transforms.WhiteNoise(count))
    )


# Three images in a thousand: less would not matter to anyone who picks a model.
@claim("White-noise channels lower validation accuracy", source="Noise channels")
def test_lower_validation_accuracy(judge, zero_channels, noise_channels):
    clean = late("val_accuracy", zero_channels)
    assert judge(clean.exceeds(late("val_accuracy", noise_channels(784)), by=0.003))


# A fiftieth of ln 10, the loss at which the first epoch starts.
@claim("White-noise channels slow the fit", source="Noise channels")
def test_slow_the_fit(judge, zero_channels, noise_channels):
    noisy = first("loss", noise_channels(784))
    assert judge(noisy.exceeds(first("loss", zero_channels), by=0.05))


# -0.8, the correlation with one pair of neighbouring doses swapped, still counts as falling.
@claim("The more noise channels, the lower the validation accuracy", source="Noise channels")
def test_dose_response(judge, plain, noise_channels):
    doses = {0: late("val_accuracy", plain)}
    doses |= {n: late("val_accuracy", noise_channels(n)) for n in (196, 784, 1568)}
    assert judge(rank_correlation(doses).below(0, by=0.75))


# A fifth of what noise channels cost at this size.
@claim("Zero channels change nothing", source="Noise channels")
def test_zero_channels_change_nothing(judge, plain, zero_channels):
    with_zeros = late("val_accuracy", zero_channels)
    assert judge(with_zeros.equivalent_to(late("val_accuracy", plain), within=0.01))
