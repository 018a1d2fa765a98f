"""Every metric of Keras over three batches, beside scikit-learn, SciPy and NumPy."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts import metric_formulas as oracle
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/metrics/"


def drawn(seed, kind):
    """Targets, predictions and weights of 30 to 60 examples, and where the three batches end."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 60))
    logits, (chances, others) = rng.normal(size=(rows, 4)), rng.dirichlet(np.ones(4), (2, rows))
    classes, guessed = rng.integers(4, size=(2, rows))
    # Between the thresholds k / 199 that AUC and others have by default, and never 0.5.
    steps = (rng.integers(199, size=(rows, 4)) + 0.4) / 199
    kinds = {
        "numbers": (rng.normal(size=(rows, 2)), rng.normal(size=(rows, 2))),
        "positive numbers": np.exp(rng.normal(size=(2, rows, 2))),
        "signs": (rng.choice([-1.0, 1.0], size=(rows, 2)), rng.normal(size=(rows, 2))),
        "yes or no": (rng.integers(2, size=rows), steps[:, 0]),
        "log-odds": (rng.integers(2, size=rows), np.log(steps[:, 0] / (1 - steps[:, 0]))),
        "a column": (rng.integers(2, size=(rows, 1)), steps[:, :1]),
        "a column of logits": (rng.integers(2, size=(rows, 1)), logits[:, :1]),
        "two of chances": (0.05 + 0.8 * others, 0.05 + 0.8 * chances),
        "classes or none": (np.where(rng.random(rows) < 0.2, -1, classes), guessed),
        "one number": (rng.normal(size=(rows, 1)), rng.normal(size=(rows, 1))),
        "labels": (rng.integers(2, size=(rows, 4)), steps),
        "one-hot": (np.eye(4)[classes], chances),
        "classes": (classes, chances),
        "logits of classes": (classes, logits),
        "logits of one-hot": (np.eye(4)[classes], logits),
        "guesses": (classes, guessed),
        "rows of numbers": (rng.normal(size=(rows, 5)), rng.normal(size=(rows, 5))),
    }
    y, p = kinds[kind]
    ends = np.sort(rng.choice(np.arange(5, rows - 5), size=2, replace=False))
    return y.astype("float32"), p.astype("float32"), rng.uniform(0.1, 3, size=rows), ends


@contract("values", numbers=60)
def measured(seed, *cases):
    """Metrics over three batches, without and with weights; then anew, over the last batch.

    Each case is of a name, a kind of data, a function of targets, predictions and weights, and
    options.
    """
    found, expected = [], []
    for name, kind, function, options in cases:
        y, p, weight, ends = drawn(seed, kind)
        found += over_batches(name, options, np.split(np.arange(len(y)), ends), y, p, weight)
        whole, last = np.ones(len(y)), slice(ends[-1], None)
        data = [each.astype(float) for each in (y, p)]
        for weights, part in ((whole, slice(None)), (whole, last), (weight, slice(None))):
            expected.append(np.ravel(function(*(each[part] for each in (*data, weights)))))
    return {"values": (np.concatenate(found), np.concatenate(expected))}


def over_batches(name, options, batches, y, p, weight):
    """A metric of all batches; reset, of the last one; and a new one of all, with weights."""
    import keras

    def value(metric, batches, *data):
        for batch in batches:
            metric.update_state(*(each[batch] for each in data))
        return np.ravel(metric.result())

    metric, other = (getattr(keras.metrics, name)(**options) for _ in range(2))
    unweighted = value(metric, batches, y, p)
    metric.reset_state()
    return [unweighted, value(metric, batches[-1:], y, p), value(other, batches, y, p, weight)]


NUMBERS = [
    ("MeanSquaredError", "numbers", oracle.squared, {}),
    ("MeanAbsoluteError", "numbers", oracle.absolute, {}),
    ("RootMeanSquaredError", "numbers", oracle.root_mean_squared, {}),
    ("MeanAbsolutePercentageError", "positive numbers", oracle.percentage, {}),
    ("MeanSquaredLogarithmicError", "positive numbers", oracle.squared_logarithmic, {}),
    ("CosineSimilarity", "rows of numbers", oracle.Mean(oracle.cosines), {}),
    ("LogCoshError", "numbers", oracle.Mean(formula.log_cosh), {}),
    ("Poisson", "positive numbers", oracle.Mean(formula.poisson), {}),
    ("KLDivergence", "two of chances", oracle.Mean(formula.divergence), {}),
    ("Hinge", "signs", oracle.Mean(formula.hinge), {}),
    ("SquaredHinge", "signs", oracle.Mean(formula.squared_hinge), {}),
    ("CategoricalHinge", "one-hot", oracle.Mean(formula.categorical_hinge), {}),
    ("R2Score", "numbers", oracle.mean_r2, {}),
    ("R2Score", "one number", oracle.adjusted_r2, {"num_regressors": 1}),
    ("R2Score", "numbers", oracle.each_r2, {"class_aggregation": None}),
    (
        "R2Score",
        "numbers",
        oracle.r2_by_variance,
        {"class_aggregation": "variance_weighted_average"},
    ),
    ("PearsonCorrelation", "rows of numbers", oracle.Mean(oracle.correlations), {}),
    ("ConcordanceCorrelation", "rows of numbers", oracle.Mean(oracle.concordances), {}),
]
DECISIONS = [
    ("Accuracy", "guesses", oracle.Mean(oracle.equal), {}),
    ("BinaryAccuracy", "yes or no", oracle.binary_accuracy, {}),
    ("BinaryAccuracy", "labels", oracle.binary_accuracy, {}),
    ("CategoricalAccuracy", "one-hot", oracle.categorical_accuracy, {}),
    ("SparseCategoricalAccuracy", "classes", oracle.sparse_accuracy, {}),
    ("TopKCategoricalAccuracy", "one-hot", oracle.top_two, {"k": 2}),
    ("SparseTopKCategoricalAccuracy", "classes", oracle.sparse_top_two, {"k": 2}),
    ("BinaryCrossentropy", "a column", oracle.binary_entropy, {}),
    (
        "BinaryCrossentropy",
        "a column of logits",
        oracle.binary_entropy_of_logits,
        {"from_logits": True},
    ),
    ("CategoricalCrossentropy", "one-hot", oracle.entropy_of_one_hot, {}),
    (
        "CategoricalCrossentropy",
        "logits of one-hot",
        oracle.entropy_of_one_hot_logits,
        {"from_logits": True},
    ),
    ("SparseCategoricalCrossentropy", "classes", oracle.entropy, {}),
    (
        "SparseCategoricalCrossentropy",
        "logits of classes",
        oracle.entropy_of_logits,
        {"from_logits": True},
    ),
    ("AUC", "yes or no", oracle.area, {}),
    ("AUC", "log-odds", oracle.area_of_logits, {"from_logits": True}),
    ("AUC", "labels", oracle.area_of_all, {}),
    ("AUC", "yes or no", oracle.interpolated_area, {"curve": "PR"}),
    ("AUC", "yes or no", oracle.lower_area, {"curve": "PR", "summation_method": "minoring"}),
    ("AUC", "yes or no", oracle.upper_area, {"curve": "PR", "summation_method": "majoring"}),
    ("PrecisionAtRecall", "yes or no", oracle.precision_at_recall, {"recall": 0.6}),
    ("RecallAtPrecision", "yes or no", oracle.recall_at_precision, {"precision": 0.5}),
    (
        "SensitivityAtSpecificity",
        "yes or no",
        oracle.sensitivity_at_specificity,
        {"specificity": 0.6},
    ),
    (
        "SpecificityAtSensitivity",
        "yes or no",
        oracle.specificity_at_sensitivity,
        {"sensitivity": 0.6},
    ),
    ("Precision", "yes or no", oracle.Decided(sklearn.precision_score, 0.5), {}),
    ("Recall", "yes or no", oracle.Decided(sklearn.recall_score, 0.5), {}),
    ("Precision", "yes or no", oracle.Decided(sklearn.precision_score, 0.3), {"thresholds": 0.3}),
    ("Recall", "yes or no", oracle.Decided(sklearn.recall_score, 0.7), {"thresholds": 0.7}),
    ("Precision", "labels", oracle.precision_of_two, {"top_k": 2}),
    ("Recall", "labels", oracle.recall_of_two, {"top_k": 2}),
    ("Precision", "labels", oracle.Of(oracle.PRECISION, 2), {"class_id": 2}),
    ("Recall", "labels", oracle.Of(oracle.RECALL, 2), {"class_id": 2}),
    ("TruePositives", "yes or no", oracle.Counted(True, True), {}),
    ("FalsePositives", "yes or no", oracle.Counted(False, True), {}),
    ("TrueNegatives", "yes or no", oracle.Counted(False, False, 0.3), {"thresholds": 0.3}),
    ("FalseNegatives", "yes or no", oracle.Counted(True, False), {}),
    ("F1Score", "one-hot", oracle.decided_f(None), {}),
    ("F1Score", "one-hot", oracle.decided_f("macro"), {"average": "macro"}),
    ("F1Score", "one-hot", oracle.decided_f("micro"), {"average": "micro"}),
    ("F1Score", "one-hot", oracle.decided_f("weighted"), {"average": "weighted"}),
    ("F1Score", "labels", oracle.decided_f(None, 0.4), {"threshold": 0.4}),
    (
        "FBetaScore",
        "labels",
        oracle.decided_f("macro", 0.4, beta=2.0),
        {"average": "macro", "threshold": 0.4, "beta": 2.0},
    ),
]
FOUR, FLOAT = {"num_classes": 4}, {"dtype": "float32"}
ALL, SOME, TWO = (0, 1, 2, 3), {"target_class_ids": [0, 2]}, (0, 2)
OVERLAPS: list[Any] = [
    ("MeanIoU", "guesses", oracle.Overlap(ALL), FOUR),
    ("MeanIoU", "classes or none", oracle.Overlap(ALL), {**FOUR, "ignore_class": -1}),
    ("IoU", "guesses", oracle.Overlap(TWO), {**FOUR, **SOME}),
    ("IoU", "classes or none", oracle.Overlap(TWO), {**FOUR, **SOME, "ignore_class": -1}),
    ("OneHotIoU", "one-hot", oracle.Overlap(TWO), {**FOUR, **SOME}),
    ("OneHotMeanIoU", "one-hot", oracle.Overlap(ALL), FOUR),
    ("BinaryIoU", "yes or no", oracle.binary_overlap, {}),
]
RULES = (*NUMBERS, *DECISIONS, *((*each, {**more, **FLOAT}) for *each, more in OVERLAPS))
FAMILIES = {
    "Every error of numbers": [
        "MeanSquaredError",
        "MeanAbsoluteError",
        "RootMeanSquaredError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "LogCoshError",
        "Poisson",
        "KLDivergence",
        "CosineSimilarity",
    ],
    "Every hinge metric": ["Hinge", "SquaredHinge", "CategoricalHinge"],
    "Every accuracy": [
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
    ],
    "Every crossentropy": [
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
    ],
    "Every metric at another's value": [
        "PrecisionAtRecall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
    ],
    "Precision or recall": ["Precision", "Recall"],
    "Every count of a confusion matrix": [
        "TruePositives",
        "FalsePositives",
        "TrueNegatives",
        "FalseNegatives",
    ],
    "Every F score": ["F1Score", "FBetaScore"],
    "Every overlap": ["MeanIoU", "OneHotMeanIoU", "IoU", "OneHotIoU", "BinaryIoU"],
    "R2Score": ["R2Score"],
    "AUC": ["AUC"],
    # Newer than the others.
    "PearsonCorrelation": ["PearsonCorrelation"],
    "ConcordanceCorrelation": ["ConcordanceCorrelation"],
}


@pytest.mark.parametrize("family", FAMILIES)
@claim(
    "{family} is of all examples since it was reset, and counts each as its weight says",
    source=PAGES,
)
def test_metric(judge, family):
    cases = [case for case in RULES if case[0] in FAMILIES[family]]
    assert judge(agreement("values", measured(*cases)))


@contract("area")
def of_labels(seed):
    """The mean area under the curve of each label, of weighted examples, at once."""
    import keras

    y, p, weight, _ = drawn(seed, "labels")
    metric = keras.metrics.AUC(multi_label=True, num_labels=4)
    metric.update_state(y, p, weight)
    return {"area": (metric.result(), oracle.area(y, p, weight))}


@claim("AUC with multi_label is the mean of the labels' own", source=PAGES)
def test_multi_label(judge):
    assert judge(agreement("area", of_labels()))


@claim(
    "R2Score adjusted for regressors counts examples, not outputs of examples",
    source=PAGES,
    known="https://github.com/keras-team/keras/pull/23334",
)
def test_adjusted_r2(judge):
    case = ("R2Score", "numbers", oracle.adjusted_r2, {"num_regressors": 1})
    assert judge(agreement("values", measured(case)))


@pytest.mark.filterwarnings("ignore:You are passing weight as `float`")  # of what is claimed
@claim(
    "MeanIoU without a dtype counts an example as its weight says",
    source=PAGES,
    known="reported nowhere that we found",
)
def test_weighted_overlap(judge):
    assert judge(agreement("values", measured(OVERLAPS[0])))
