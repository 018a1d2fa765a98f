"""The suite's own training: compiled epochs are those of `keras.Model.fit`.

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
    losses,
    models,
    optimizers,
    statistics,
    transforms,
)

SOURCE = "keras.Model.fit"
CURVES = {
    "losses": ("loss", "data_loss", "val_loss", "val_data_loss"),
    "accuracies": ("accuracy", "val_accuracy"),
}
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
    plain = Arm("512", digits, models.mlp(512), epochs=3)
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
        kind, reviews, REVIEW_MODELS[kind], losses.binary_crossentropy, epochs=3, batch_size=512
    )


def apart(arm, measured):
    compiled, by_fit = arm.replace(trainer="compiled"), arm.replace(trainer="fit")
    by_fit = by_fit.replace(name=f"{arm.name}, by fit")
    return statistics.farthest(compiled, by_fit, *CURVES[measured])


# Float32's rounding leaves a millionth of a nat after some twenty steps; TF32, a GPU's default,
# some hundred times as much; a step more or a weight that does not train a hundredth of a nat.
@pytest.mark.parametrize("kind", ["512", "784 zero channels", "shuffled labels", "96-96"])
@claim("Compiled training on digits has fit's losses in every epoch: {kind}", source=SOURCE)
def test_losses_on_digits_are_those_of_fit(judge, image_arm, kind):
    assert judge(apart(image_arm(kind), "losses").equivalent_to(0, within=1e-4))


# An example in 200 may lie on the border between two classes.
@pytest.mark.parametrize("kind", ["512", "784 zero channels", "shuffled labels", "96-96"])
@claim("Compiled training on digits has fit's accuracies in every epoch: {kind}", source=SOURCE)
def test_accuracies_on_digits_are_those_of_fit(judge, image_arm, kind):
    assert judge(apart(image_arm(kind), "accuracies").equivalent_to(0, within=0.0075))


# Where the loss is convex, rounding does not grow. Only images that train are mislabelled, so that
# it shows, too, when `fit` validates on other images than a compiled epoch does.
@claim("Compiled training on digits has fit's losses: logistic regression", source=SOURCE)
def test_convex_losses_are_those_of_fit(judge, image_arm):
    assert judge(apart(image_arm("logistic regression"), "losses").equivalent_to(0, within=1e-4))


# Where training is unsteady, rounding grows, at a rate of 0.01 a thousandfold in five epochs.
@pytest.mark.parametrize("kind", ["rate 0.01", "784 noise channels"])
@claim("Compiled training on digits has fit's losses, even if unsteady: {kind}", source=SOURCE)
def test_unsteady_losses_are_those_of_fit(judge, image_arm, kind):
    assert judge(apart(image_arm(kind), "losses").equivalent_to(0, within=0.002))


@pytest.mark.parametrize("kind", REVIEW_MODELS)
@claim("Compiled training on reviews has fit's losses in every epoch: {kind}", source=SOURCE)
def test_losses_on_reviews_are_those_of_fit(judge, review_arm, kind):
    assert judge(apart(review_arm(kind), "losses").equivalent_to(0, within=1e-4))


@pytest.mark.parametrize("kind", REVIEW_MODELS)
@claim("Compiled training on reviews has fit's accuracies in every epoch: {kind}", source=SOURCE)
def test_accuracies_on_reviews_are_those_of_fit(judge, review_arm, kind):
    assert judge(apart(review_arm(kind), "accuracies").equivalent_to(0, within=0.0035))
