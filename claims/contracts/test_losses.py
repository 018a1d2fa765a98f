"""Every loss of Keras, beside its documented formula, with the options that change numbers."""

from typing import Any

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/losses/"


@contract("each", numbers=600)
def each_loss(seed, *cases, axis=-1, **shared):
    """Losses of each example of its own. Each case: a name, data, a formula and options."""
    import keras

    found, expected = [], []
    for name, kind, oracle, options in cases:
        y, p = formula.examples(seed, kind)
        expected.append(oracle(y.astype(float), p.astype(float), **options))
        more = {**options, **shared, **({} if axis == -1 else {"axis": axis})}
        y, p = (each if axis == -1 else np.moveaxis(each, -1, axis) for each in (y, p))
        found.append(getattr(keras.losses, name)(reduction="none", **more)(y, p))
    return {"each": [np.concatenate([*map(np.ravel, side)]) for side in (found, expected)]}


LOSSES = [
    ("MeanSquaredError", "real", formula.squared, {}),
    ("MeanAbsoluteError", "real", formula.absolute, {}),
    ("MeanAbsolutePercentageError", "positive", formula.percentage, {}),
    ("MeanSquaredLogarithmicError", "positive", formula.squared_logarithmic, {}),
    ("CosineSimilarity", "real", formula.cosine, {}),
    ("Huber", "real", formula.huber, {}),
    ("Huber", "real", formula.huber, {"delta": 0.4}),
    ("LogCosh", "real", formula.log_cosh, {}),
    ("Hinge", "signs", formula.hinge, {}),
    ("Hinge", "zeros", formula.hinge_of_zeros, {}),
    ("SquaredHinge", "signs", formula.squared_hinge, {}),
    ("CategoricalHinge", "one-hot", formula.categorical_hinge, {}),
    ("KLDivergence", "chances", formula.divergence, {}),
    ("Poisson", "positive", formula.poisson, {}),
    ("BinaryCrossentropy", "several labels", formula.binary, {}),
    ("BinaryCrossentropy", "several labels", formula.binary, {"label_smoothing": 0.2}),
    ("BinaryCrossentropy", "logits of several", formula.binary, {"from_logits": True}),
    (
        "BinaryCrossentropy",
        "logits of several",
        formula.binary,
        {"from_logits": True, "label_smoothing": 0.2},
    ),
    ("BinaryFocalCrossentropy", "several labels", formula.binary_focal, {}),
    (
        "BinaryFocalCrossentropy",
        "logits of several",
        formula.binary_focal,
        {"from_logits": True, "gamma": 3.0, "alpha": 0.4, "apply_class_balancing": True},
    ),
    ("BinaryFocalCrossentropy", "several labels", formula.binary_focal, {"label_smoothing": 0.2}),
    (
        "BinaryFocalCrossentropy",
        "logits of several",
        formula.binary_focal,
        {"from_logits": True, "label_smoothing": 0.2},
    ),
    ("CategoricalCrossentropy", "one-hot", formula.categorical, {}),
    ("CategoricalCrossentropy", "one-hot", formula.categorical, {"label_smoothing": 0.2}),
    ("CategoricalCrossentropy", "logits", formula.categorical, {"from_logits": True}),
    (
        "CategoricalCrossentropy",
        "logits",
        formula.categorical,
        {"from_logits": True, "label_smoothing": 0.2},
    ),
    ("CategoricalFocalCrossentropy", "one-hot", formula.categorical_focal, {}),
    (
        "CategoricalFocalCrossentropy",
        "logits",
        formula.categorical_focal,
        {"from_logits": True, "gamma": 1.5, "alpha": [0.2, 0.3, 0.7]},
    ),
    (
        "CategoricalFocalCrossentropy",
        "one-hot",
        formula.categorical_focal,
        {"label_smoothing": 0.2},
    ),
    ("SparseCategoricalCrossentropy", "classes", formula.sparse, {}),
    ("SparseCategoricalCrossentropy", "logits of classes", formula.sparse, {"from_logits": True}),
    ("CategoricalGeneralizedCrossEntropy", "classes", formula.generalized, {}),
    ("CategoricalGeneralizedCrossEntropy", "classes", formula.generalized, {"q": 0.7}),
    ("Dice", "several labels", formula.dice, {}),
    ("Dice", "several labels", formula.dice, {"axis": (1, 2)}),
    ("Tversky", "several labels", formula.tversky, {}),
    ("Tversky", "several labels", formula.tversky, {"axis": (1, 2)}),
    ("Tversky", "several labels", formula.tversky, {"alpha": 0.3, "beta": 0.3}),
]


FAMILIES = {
    "Every loss of numbers": [
        "MeanSquaredError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "Huber",
        "LogCosh",
        "Poisson",
        "CosineSimilarity",
        "KLDivergence",
    ],
    "Every binary crossentropy": ["BinaryCrossentropy", "BinaryFocalCrossentropy"],
    "Every categorical crossentropy": [
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "SparseCategoricalCrossentropy",
    ],
    "Every hinge loss": ["Hinge", "SquaredHinge", "CategoricalHinge"],
} | {
    name: [name]
    for name in (
        "CategoricalGeneralizedCrossEntropy",
        "Dice",
        "Tversky",
    )
}


@pytest.mark.parametrize("family", FAMILIES)
@claim("{family} is its documented formula, with each of its options", source=PAGES)
def test_formula(judge, family):
    cases = [case for case in LOSSES if case[0] in FAMILIES[family]]
    assert judge(agreement("each", each_loss(*cases)))


@claim(
    "Tversky's alpha weighs false positives, and beta false negatives",
    source=PAGES,
    known="https://github.com/keras-team/keras/pull/23333",
)
def test_tversky_weights(judge):
    case = ("Tversky", "several labels", formula.tversky, {"alpha": 0.3, "beta": 0.7})
    assert judge(agreement("each", each_loss(case)))


@contract("both", numbers=12)
def exchanged(seed, alpha, beta):
    """Tversky's losses of examples with two weights, and with one in the place of the other."""
    import keras

    y, p = formula.examples(seed, "several labels")
    given = [{"alpha": one, "beta": other} for one, other in ((alpha, beta), (beta, alpha))]
    found = [keras.losses.Tversky(reduction="none", axis=(1, 2), **each)(y, p) for each in given]
    y, p = (each.astype(float) for each in (y, p))
    expected = [formula.tversky(y, p, axis=(1, 2), **each) for each in given]
    return {"both": (np.sort(found, axis=0), np.sort(expected, axis=0))}


@claim("Tversky weighs one kind of error by alpha and the other by beta", source=PAGES)
def test_tversky_exchanged(judge):
    assert judge(agreement("both", exchanged(0.3, 0.9)))


EXTREMES: list[Any] = [
    ("LogCosh", "far apart", formula.log_cosh, {}),
    ("Huber", "far apart", formula.huber, {}),
    ("KLDivergence", "right", formula.divergence, {}),
    ("KLDivergence", "beyond chances", formula.divergence, {}),
    ("Poisson", "counts", formula.poisson, {}),
    ("MeanAbsolutePercentageError", "some zeros", formula.percentage, {}),
    ("MeanAbsolutePercentageError", "real", formula.percentage, {}),
    ("MeanSquaredLogarithmicError", "real", formula.squared_logarithmic, {}),
    ("CosineSimilarity", "rows of zeros", formula.cosine, {}),
    ("BinaryCrossentropy", "right", formula.binary, {}),
    ("BinaryFocalCrossentropy", "right", formula.binary_focal, {}),
    ("CategoricalCrossentropy", "sure", formula.categorical, {}),
    ("CategoricalFocalCrossentropy", "sure", formula.categorical_focal, {}),
    ("SparseCategoricalCrossentropy", "sure of classes", formula.sparse, {}),
]


@claim("Losses are as documented of zeros, certainty and errors of hundreds", source=PAGES)
def test_extremes(judge):
    assert judge(agreement("each", each_loss(*EXTREMES)))


DOUBLE = [
    ("MeanSquaredError", "real", formula.squared, {}),
    ("MeanAbsoluteError", "real", formula.absolute, {}),
    ("Huber", "real", formula.huber, {"delta": 0.4}),
    ("CosineSimilarity", "real", formula.cosine, {}),
    ("SquaredHinge", "signs", formula.squared_hinge, {}),
    ("BinaryCrossentropy", "several labels", formula.binary, {"label_smoothing": 0.2}),
    ("KLDivergence", "chances", formula.divergence, {}),
    ("CategoricalCrossentropy", "logits", formula.categorical, {"from_logits": True}),
    ("SparseCategoricalCrossentropy", "logits of classes", formula.sparse, {"from_logits": True}),
]


@claim("A loss that is told float64 computes in float64", source=PAGES)
def test_double(judge):
    # float32 is off by 1e-8 somewhere.
    assert judge(agreement("each", each_loss(*DOUBLE, dtype="float64"), within=1e-10))


ALONG = [
    ("CosineSimilarity", "real", formula.cosine, {}),
    ("BinaryCrossentropy", "several labels", formula.binary, {}),
    ("BinaryFocalCrossentropy", "several labels", formula.binary_focal, {}),
    ("CategoricalCrossentropy", "one-hot", formula.categorical, {}),
    ("CategoricalCrossentropy", "logits", formula.categorical, {"from_logits": True}),
    ("CategoricalFocalCrossentropy", "one-hot", formula.categorical_focal, {}),
    ("CategoricalFocalCrossentropy", "logits", formula.categorical_focal, {"from_logits": True}),
]


@claim("Every loss with an axis is along the one that it is told", source=PAGES)
def test_axis(judge):
    assert judge(agreement("each", each_loss(*ALONG, axis=1)))


@claim(
    "CategoricalCrossentropy smooths labels over the classes along the axis that it is told",
    source=PAGES,
    known="https://github.com/keras-team/keras/issues/23451",
)
def test_smoothing_along_axis(judge):
    case = ("CategoricalCrossentropy", "one-hot", formula.categorical, {"label_smoothing": 0.2})
    assert judge(agreement("each", each_loss(case, axis=1)))


@contract("each", numbers=2)
def far_off(seed, name):
    """A loss of a row whose logit of 60 to 90 is wrong, and of one where it is right."""
    import keras

    size = float(np.random.default_rng(seed).uniform(60, 90))
    rows = {
        "BinaryCrossentropy": ([[0], [1]], [[size], [size]]),
        "CategoricalCrossentropy": (np.eye(3)[[0, 1]], [[-size, 0, -size], [-size, 0, -size]]),
        "SparseCategoricalCrossentropy": ([0, 1], [[-size, 0, -size], [-size, 0, -size]]),
    }
    y, p = (np.asarray(side, "float32") for side in rows[name])
    loss = getattr(keras.losses, name)(from_logits=True, reduction="none")
    return {"each": (loss(y, p), [size, 0])}


FAR = {
    name: {"name": name}
    for name in ("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy")
}


@claim("Every crossentropy of logits is exact however far off they are", source=PAGES)
def test_large_logits(judge):
    assert judge(agreement("each", far_off.each(FAR)))


@contract("circle", numbers=9)
def circled(seed, **options):
    """The circle loss of embeddings of length 1, of two rows or more of each of three classes."""
    import keras

    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(3), rng.integers(2, 4, size=3)))
    embedded = rng.normal(size=(len(labels), 4))
    embedded = (embedded / np.linalg.norm(embedded, axis=1, keepdims=True)).astype("float32")
    loss = keras.losses.Circle(reduction="none", **options)
    return {"circle": (loss(labels, embedded), formula.circle(labels, embedded, **options))}


GAMMAS = {
    "gamma 4": {"gamma": 4.0, "margin": 0.25},
    "gamma 80": {"gamma": 80.0, "margin": 0.25},
    "defaults": {},
    "the diagonal": {"gamma": 4.0, "margin": 0.25, "remove_diagonal": False},
}


@claim("Circle is its paper's formula, with a low gamma and a high one", source=PAGES)
def test_circle(judge):
    # A factor of 80 on differences of numbers of about 1 takes two digits of float32's seven.
    assert judge(agreement("circle", circled.each(GAMMAS), within=1e-4))


@contract("ctc", numbers=5)
def connected(seed):
    """The loss of label sequences, some with a label twice, over ten steps of five classes."""
    import keras

    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 6))
    labels = rng.integers(1, 5, size=(rows, 4))
    for row, length in enumerate(rng.integers(1, 5, size=rows)):
        labels[row, length:] = 0
    logits = rng.normal(size=(rows, 10, 5)).astype("float32")
    loss = keras.losses.CTC(reduction="none")
    return {"ctc": (loss(labels, logits), formula.connectionist(labels, logits.astype(float)))}


@claim("CTC is the probability of the labels by every alignment", source=PAGES)
def test_ctc(judge):
    assert judge(agreement("ctc", connected()))
