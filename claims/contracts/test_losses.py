"""Every loss of Keras, beside its documented formula, with the options that change numbers."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/losses/"


@contract("each", numbers=24)
def each_loss(seed, name, kind, oracle, **options):
    """A loss of each example of its own."""
    import keras

    y, p = formula.examples(seed, kind)
    loss = getattr(keras.losses, name)(reduction="none", **options)
    return {"each": (loss(y, p), oracle(y.astype(float), p.astype(float), **options))}


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
    ("SparseCategoricalCrossentropy", "classes", formula.sparse, {}),
    ("SparseCategoricalCrossentropy", "logits of classes", formula.sparse, {"from_logits": True}),
    ("CategoricalGeneralizedCrossEntropy", "classes", formula.generalized, {"q": 0.7}),
    ("Dice", "several labels", formula.dice, {}),
    ("Dice", "several labels", formula.dice, {"axis": (1, 2)}),
    ("Tversky", "several labels", formula.tversky, {}),
    ("Tversky", "several labels", formula.tversky, {"axis": (1, 2)}),
]


@pytest.mark.parametrize(("name", "kind", "oracle", "options"), LOSSES)
@claim("{name} of {kind}, with {options}, is its documented formula", source=PAGES)
def test_formula(judge, name, kind, oracle, options):
    assert judge(agreement("each", each_loss(name, kind, oracle, **options)))


@claim(
    "Tversky's alpha weighs false positives, and beta false negatives",
    source=PAGES,
    known="https://github.com/keras-team/keras/pull/23333",
)
def test_tversky_weights(judge):
    options = {"alpha": 0.3, "beta": 0.7}
    told = each_loss("Tversky", "several labels", formula.tversky, **options)
    assert judge(agreement("each", told))


@contract("each", numbers=24)
def along(seed, name, kind, oracle, **options):
    """A loss whose classes are along the axis before the last."""
    import keras

    y, p = formula.examples(seed, kind)
    expected = oracle(y.astype(float), p.astype(float), **options)
    loss = getattr(keras.losses, name)(reduction="none", axis=1, **options)
    return {"each": (loss(np.moveaxis(y, -1, 1), np.moveaxis(p, -1, 1)), expected)}


@pytest.mark.parametrize(
    ("name", "kind", "oracle", "options"),
    [
        ("CosineSimilarity", "real", formula.cosine, {}),
        ("BinaryCrossentropy", "several labels", formula.binary, {}),
        ("BinaryFocalCrossentropy", "several labels", formula.binary_focal, {}),
        ("CategoricalCrossentropy", "one-hot", formula.categorical, {}),
        ("CategoricalCrossentropy", "logits", formula.categorical, {"from_logits": True}),
        ("CategoricalFocalCrossentropy", "one-hot", formula.categorical_focal, {}),
    ],
)
@claim("{name} of {kind}, with {options}, is along the axis it is told", source=PAGES)
def test_axis(judge, name, kind, oracle, options):
    assert judge(agreement("each", along(name, kind, oracle, **options)))


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("CategoricalCrossentropy", formula.categorical),
        ("CategoricalFocalCrossentropy", formula.categorical_focal),
    ],
)
@claim(
    "{name} smooths labels over the classes along the axis it is told",
    source=PAGES,
    known="https://github.com/keras-team/keras/issues/23451",
)
def test_smoothing_along_axis(judge, name, oracle):
    assert judge(agreement("each", along(name, "one-hot", oracle, label_smoothing=0.2)))


@contract("each")
def far_off(seed, name, sign):
    """A loss of one logit of 60 to 90 that is wrong, as a lone row."""
    import keras

    size = float(np.random.default_rng(seed).uniform(60, 90))
    wrong = {
        "BinaryCrossentropy": ([[sign < 0]], [[sign * size]]),
        "CategoricalCrossentropy": ([[1, 0, 0]], [[-sign * size, 0, -size]]),
        "SparseCategoricalCrossentropy": ([0], [[-sign * size, 0, -size]]),
    }
    y, p = (np.asarray(side, "float32") for side in wrong[name])
    expected = size if name == "BinaryCrossentropy" or sign > 0 else 0
    return {"each": (getattr(keras.losses, name)(from_logits=True)(y, p), expected)}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "name", ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]
)
@claim("{name} of a logit far off is exact, and not clipped: sign {sign}", source=PAGES)
def test_large_logits(judge, name, sign):
    assert judge(agreement("each", far_off(name, sign)))


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


@pytest.mark.parametrize("options", [{"gamma": 4.0, "margin": 0.25}, {"gamma": 80.0}])
@claim("Circle with {options} is its paper's formula", source=PAGES)
def test_circle(judge, options):
    # A factor of 80 on differences of numbers of about 1 takes two digits of float32's seven.
    assert judge(agreement("circle", circled(**options), within=1e-4))


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
