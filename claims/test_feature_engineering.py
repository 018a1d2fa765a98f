"""Feature engineering: reading a clock from pixels, from its hands' coordinates, from angles."""

from training_claims import Arm, Sample, claim, datasets, late, models, optimizers

SOURCE = "Feature engineering"
FEW, TWICE = 125, 250


def reading(features, count=FEW):
    """An arm that reads the hour from so many clocks as the given features, all alike trained."""
    return Arm(
        f"{features} of {count} clocks",
        datasets.clock(features).replace(split=Sample(count, validation=1_000)),
        models.mlp(64, classes=12),
        optimizer=optimizers.rmsprop(0.01),
        epochs=1,
        min_steps=1_600,
        batch_size=32,
    )


# One clock in twenty.
@claim("The hands' coordinates beat pixels at reading a clock", source=SOURCE)
def test_coordinates_beat_pixels(judge):
    coordinates = late("val_accuracy", reading("coordinates"))
    assert judge(coordinates.exceeds(late("val_accuracy", reading("pixels")), by=0.05))


@claim("The hands' angles beat their coordinates at reading a clock", source=SOURCE)
def test_angles_beat_coordinates(judge):
    angles = late("val_accuracy", reading("angles"))
    assert judge(angles.exceeds(late("val_accuracy", reading("coordinates")), by=0))


@claim("With angles, half as many clocks suffice as with pixels", source=SOURCE)
def test_fewer_clocks_suffice(judge):
    few = late("val_accuracy", reading("angles", FEW))
    assert judge(few.exceeds(late("val_accuracy", reading("pixels", TWICE)), by=0))
