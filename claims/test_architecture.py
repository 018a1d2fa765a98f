"""Better architecture priors: a convolutional network knows that pixels have neighbours."""

import pytest

from training_claims import Arm, Sample, claim, datasets, late, models, optimizers

SOURCE = "Investing in better architecture priors"
SPLIT = Sample(1_000, validation=1_000)


@pytest.fixture(scope="module")
def dense_network(mnist):
    # 50,890 weights; the convolutional network has 8,010.
    return Arm("dense", mnist.replace(split=SPLIT), models.mlp(64), epochs=10, batch_size=32)


@pytest.fixture(scope="module")
def convolutional(dense_network):
    # Each at a rate that suits it: at 0.001 the shared weights are not trained in ten epochs.
    return dense_network.replace(
        name="convolutional", model=models.convnet(16), optimizer=optimizers.rmsprop(0.006)
    )


@pytest.fixture(scope="module")
def permuted(mnist):
    pixels = datasets.permuted_pixels(mnist).replace(split=SPLIT)
    return lambda arm: arm.replace(name=f"{arm.name}, pixels permuted", data=pixels)


# Five images in a thousand.
@claim("On digits, a convolutional network beats a dense one that has more weights", source=SOURCE)
def test_convolution_beats_dense(judge, dense_network, convolutional):
    accuracy = late("val_accuracy", convolutional)
    assert judge(accuracy.exceeds(late("val_accuracy", dense_network), by=0.005))


@claim("With the pixels permuted, the advantage is gone: the dense network wins", source=SOURCE)
def test_permuted_pixels(judge, dense_network, convolutional, permuted):
    accuracy = late("val_accuracy", permuted(convolutional))
    assert judge(accuracy.below(late("val_accuracy", permuted(dense_network)), by=0))
