"""The suite's own training: compiled epochs end where `keras.Model.fit` ends.

Each kind of arm that the other claims train, whole, on few examples. An upgrade that changes what
`fit`, a layer or an optimizer does, and not what a compiled epoch does, or the other way round,
shows here.
"""

import pytest

from training_claims import (
    Arm,
    Data,
    Holdout,
    claim,
    late,
    losses,
    models,
    optimizers,
    statistics,
    transforms,
)

SOURCE = "keras.Model.fit"
REVIEW_MODELS = {
    "16-16": models.sentiment(16, 16),
    "4-4": models.sentiment(4, 4),
    "128-128": models.sentiment(128, 128),
    "L1": models.sentiment(16, 16, l1=0.001),
    "L2": models.sentiment(16, 16, l2=0.002),
    "L1L2": models.sentiment(16, 16, l1=0.001, l2=0.001),
    "dropout": models.sentiment(16, 16, dropout=0.5),
}


@pytest.fixture(scope="module")
def image_arm(mnist):
    digits = Data("1,000 digits", mnist.x[:1000], mnist.y[:1000])
    plain = Arm("512", digits, models.mlp(512), epochs=10)
    arms = {
        "512": plain,
        "784 zero channels": plain.replace(data=digits.with_transform(transforms.Zeros(784))),
        "784 noise channels": plain.replace(data=digits.with_transform(transforms.WhiteNoise(784))),
        "shuffled labels": plain.replace(data=digits.with_transform(transforms.ShuffledLabels())),
        "rate 0.01": plain.replace(optimizer=optimizers.rmsprop(0.01)),
        "logistic regression": plain.replace(
            model=models.mlp(), data=digits.with_transform(transforms.LabelNoise(0.2))
        ),
        "96-96": plain.replace(model=models.mlp(96, 96)),
    }
    return lambda kind: arms[kind].replace(name=kind)


@pytest.fixture(scope="module")
def review_arm(imdb):
    x, y = imdb.x[:2000, :1000], imdb.y[:2000]
    reviews = Data("2,000 reviews, 1,000 words", x, y, split=Holdout(0.4))
    return lambda kind: Arm(
        kind, reviews, REVIEW_MODELS[kind], losses.binary_crossentropy, epochs=10, batch_size=512
    )


def apart(arm):
    by_fit = arm.replace(name=f"{arm.name}, by fit", trainer="fit")
    return statistics.distance(late("val_data_loss", arm), late("val_data_loss", by_fit))


# A hundredth of a nat is what nobody would miss; float32's rounding stays at a millionth.
@pytest.mark.parametrize("kind", ["512", "784 zero channels", "shuffled labels", "96-96"])
@claim("Compiled training on digits ends where fit does: {kind}", source=SOURCE)
def test_digits_end_where_fit_ends(judge, image_arm, kind):
    assert judge(apart(image_arm(kind)).equivalent_to(0, within=0.01))


# Where the loss is convex, rounding does not grow. Only images that train are mislabelled, so that
# it shows, too, when `fit` validates on other images than a compiled epoch does.
@claim("Compiled training on digits ends where fit does: logistic regression", source=SOURCE)
def test_convex_training_ends_where_fit_ends(judge, image_arm):
    assert judge(apart(image_arm("logistic regression")).equivalent_to(0, within=0.001))


# Where training is unsteady, rounding grows: at a rate of 0.01, over epochs 6 to 10, to more than
# 0.1 nats in nine of a bank's hundred seeds. Over the first five epochs it seldom comes to 0.05.
@pytest.mark.parametrize("kind", ["rate 0.01", "784 noise channels"])
@claim("Compiled training on digits ends where fit does, even if unsteady: {kind}", source=SOURCE)
def test_unsteady_training_ends_where_fit_ends(judge, image_arm, kind):
    assert judge(apart(image_arm(kind).replace(epochs=5)).equivalent_to(0, within=0.05))


@pytest.mark.parametrize("kind", REVIEW_MODELS)
@claim("Compiled training on reviews ends where fit does: {kind}", source=SOURCE)
def test_reviews_end_where_fit_ends(judge, review_arm, kind):
    assert judge(apart(review_arm(kind)).equivalent_to(0, within=0.01))
