"""Feature engineering: reading a clock from pixels, from its hands' coordinates, from angles."""

import pytest

from training_claims import Arm, claim, datasets, late, optimizers, transforms

SOURCE = "Feature engineering"
FEW, TWICE = 125, 250


@pytest.fixture(scope="module")
def reading(mlp):
    """An arm that reads the hour from so many clocks as the given features, all alike trained."""

    def from_features(features, count=FEW):
        return Arm(
            f"{features} of {count} clocks",
            datasets.clock(features).with_transform(transforms.sample(count, validation=1_000)),
            mlp(64, classes=12),
            optimizers.rmsprop(0.01),
            epochs=1,
            min_steps=1_600,
            batch_size=32,
            validation_split=transforms.held_out(1_000, training=count),
        )

    return from_features


# One clock in twenty.
@claim("The hands' coordinates beat pixels at reading a clock", source=SOURCE)
def test_coordinates_beat_pixels(judge, reading):
    coordinates = late("val_accuracy", reading("coordinates"))
    assert judge(coordinates.exceeds(late("val_accuracy", reading("pixels")), by=0.05))


@claim("The hands' angles beat their coordinates at reading a clock", source=SOURCE)
def test_angles_beat_coordinates(judge, reading):
    angles = late("val_accuracy", reading("angles"))
    assert judge(angles.exceeds(late("val_accuracy", reading("coordinates")), by=0))


@claim("With angles, half as many clocks suffice as with pixels", source=SOURCE)
def test_fewer_clocks_suffice(judge, reading):
    few = late("val_accuracy", reading("angles", FEW))
    assert judge(few.exceeds(late("val_accuracy", reading("pixels", TWICE)), by=0))
