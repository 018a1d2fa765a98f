"""Every metric of Keras over three batches, beside scikit-learn, SciPy and NumPy."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from training_claims import claim
from training_claims.claims.contracts import loss_formulas as formula
from training_claims.claims.contracts import metric_formulas as oracle
from training_claims.claims.contracts import metric_parts as parts
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/metrics/"


@contract("values", numbers=60)
def measured(seed, *cases, options=(), batches=1):
    """Metrics over three batches, without and with weights; then anew, over the last batch.

    Each case is of a name, a kind of data, a function of targets, predictions and weights, and
    options. Those of options are over so many batches, with weights alone.
    """
    found, expected = [], []
    for at, (name, kind, function, more) in enumerate((*cases, *options)):
        y, p, weight, ends = parts.drawn(seed, kind)
        rows, last = np.arange(len(y)), slice(ends[-1], None)
        data = [each.astype(float) for each in (y, p)]
        asked = [(weight, slice(None))]
        if at < len(cases):
            whole = np.ones(len(y))
            asked = [(whole, slice(None)), (whole, last), *asked]
            found += parts.over_batches(name, more, np.split(rows, ends), y, p, weight)
        else:
            found.append(
                parts.value(
                    parts.made(name, more), np.split(rows, ends[: batches - 1]), y, p, weight
                )
            )
        for weights, part in asked:
            expected.append(np.ravel(function(*(each[part] for each in (*data, weights)))))
    return {"values": (np.concatenate(found), np.concatenate(expected))}


NUMBERS = [
    ("MeanSquaredError", "numbers", oracle.squared, {}),
    ("MeanAbsoluteError", "numbers", oracle.absolute, {}),
    ("RootMeanSquaredError", "numbers", oracle.root_mean_squared, {}),
    ("MeanAbsolutePercentageError", "positive numbers", oracle.percentage, {}),
    ("MeanSquaredLogarithmicError", "positive numbers", oracle.squared_logarithmic, {}),
    ("CosineSimilarity", "rows of numbers", parts.Mean(oracle.cosines), {}),
    ("LogCoshError", "numbers", parts.Mean(formula.log_cosh), {}),
    ("Poisson", "positive numbers", parts.Mean(formula.poisson), {}),
    ("KLDivergence", "two of chances", parts.Mean(formula.divergence), {}),
    ("Hinge", "signs", parts.Mean(formula.hinge), {}),
    ("SquaredHinge", "signs", parts.Mean(formula.squared_hinge), {}),
    ("CategoricalHinge", "one-hot", parts.Mean(formula.categorical_hinge), {}),
    ("R2Score", "numbers", oracle.mean_r2, {}),
    ("R2Score", "one number", oracle.AdjustedR2(1), {"num_regressors": 1}),
    ("R2Score", "numbers", oracle.each_r2, {"class_aggregation": None}),
    (
        "R2Score",
        "numbers",
        oracle.r2_by_variance,
        {"class_aggregation": "variance_weighted_average"},
    ),
    ("PearsonCorrelation", "rows of numbers", parts.Mean(oracle.correlations), {}),
    ("ConcordanceCorrelation", "rows of numbers", parts.Mean(oracle.concordances), {}),
]
DECISIONS = [
    ("Accuracy", "guesses", parts.Mean(oracle.equal), {}),
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
    ("AUC", "labels", parts.Flat(oracle.area), {}),
    ("AUC", "yes or no", oracle.interpolated_area, {"curve": "PR"}),
    (
        "AUC",
        "yes or no",
        oracle.Bounded(oracle.precision_and_recall, np.minimum),
        {"curve": "PR", "summation_method": "minoring"},
    ),
    (
        "AUC",
        "yes or no",
        oracle.Bounded(oracle.precision_and_recall, np.maximum),
        {"curve": "PR", "summation_method": "majoring"},
    ),
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
    (
        "Precision",
        "labels",
        parts.OfTwo(parts.Flat(oracle.Decided(sklearn.precision_score, 0.0))),
        {"top_k": 2},
    ),
    (
        "Recall",
        "labels",
        parts.OfTwo(parts.Flat(oracle.Decided(sklearn.recall_score, 0.0))),
        {"top_k": 2},
    ),
    (
        "Precision",
        "labels",
        parts.Of(oracle.Decided(sklearn.precision_score, 0.5), 2),
        {"class_id": 2},
    ),
    ("Recall", "labels", parts.Of(oracle.Decided(sklearn.recall_score, 0.5), 2), {"class_id": 2}),
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
    ("BinaryIoU", "yes or no", oracle.BinaryOverlap(), {}),
]
RULES = (*NUMBERS, *DECISIONS, *((*each, {**more, **FLOAT}) for *each, more in OVERLAPS))
SMOOTHING, AT_FIVE = {"label_smoothing": 0.2}, {"num_thresholds": 5, "class_id": 2}
EVEN, UNEVEN, LABELS = (0.25, 0.5, 0.75), (0.15, 0.4, 0.8), (0.5, 1.0, 2.0, 0.2)
SCORES = {"Precision": sklearn.precision_score, "Recall": sklearn.recall_score}
COARSE = [
    ("PrecisionAtRecall", {"recall": 0.6}, oracle.precision_at_recall),
    ("RecallAtPrecision", {"precision": 0.5}, oracle.recall_at_precision),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, oracle.sensitivity_at_specificity),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6}, oracle.specificity_at_sensitivity),
]
COLUMNS = [
    ("CosineSimilarity", "columns of numbers", oracle.cosines),
    ("PearsonCorrelation", "columns of numbers", oracle.correlations),
    ("ConcordanceCorrelation", "columns of numbers", oracle.concordances),
    ("CategoricalCrossentropy", "columns of one-hot", formula.categorical),
]
SMOOTHED = [
    ("BinaryCrossentropy", "labels", formula.binary),
    ("CategoricalCrossentropy", "one-hot", formula.categorical),
]


def of_scores(name, score):
    """Precision or recall of some of the labels, or at several thresholds."""
    largest = parts.OfTwo(parts.Flat(oracle.Decided(score, 0.7)))
    of_class = parts.OfTwo(parts.Of(oracle.Decided(score, 0.0), 1))
    ends = [0.0, 0.5, 1.0]
    return [
        (name, "labels", largest, {"top_k": 2, "thresholds": 0.7}),
        (name, "labels", of_class, {"top_k": 2, "class_id": 1}),
        (name, "eighths", oracle.decided_at(score, *EVEN), {"thresholds": list(EVEN)}),
        (name, "eighths", oracle.decided_at(score, *ends), {"thresholds": ends}),
    ]


OPTIONS: list[Any] = [
    *((*each, parts.Mean(parts.Along(of)), {"axis": 1}) for *each, of in COLUMNS),
    *((*each, parts.Mean(of, tuple(SMOOTHING.items())), SMOOTHING) for *each, of in SMOOTHED),
    *(
        (name, "labels", parts.Of(parts.Binned(of, EVEN), 2), {**at, **AT_FIVE})
        for name, at, of in COARSE
    ),
    *(case for each in SCORES.items() for case in of_scores(*each)),
    ("R2Score", "one number", oracle.AdjustedR2(3), {"num_regressors": 3}),
    ("BinaryAccuracy", "yes or no", oracle.BelowAndAbove(0.3), {"threshold": 0.3}),
    (
        "SparseTopKCategoricalAccuracy",
        "first classes",
        parts.Mean(oracle.among_first_two),
        {"k": 2, "from_sorted_ids": True},
    ),
    ("AUC", "labels", parts.Flat(oracle.area, LABELS), {"label_weights": LABELS}),
    ("AUC", "eighths", parts.Binned(oracle.area, EVEN), {"num_thresholds": 5}),
    ("AUC", "yes or no", parts.Binned(oracle.area, UNEVEN), {"thresholds": list(UNEVEN[::-1])}),
    (
        "AUC",
        "yes or no",
        parts.Binned(oracle.interpolated_area, UNEVEN),
        {"thresholds": list(UNEVEN), "curve": "PR"},
    ),
    *(
        ("AUC", "yes or no", oracle.Bounded(oracle.rates, bound), {"summation_method": method})
        for method, bound in (("minoring", np.minimum), ("majoring", np.maximum))
    ),
    (
        "FalsePositives",
        "eighths",
        oracle.counted_at(False, True, *UNEVEN),
        {"thresholds": list(UNEVEN)},
    ),
    (
        "FalseNegatives",
        "eighths",
        oracle.counted_at(True, False, *UNEVEN),
        {"thresholds": list(UNEVEN)},
    ),
    ("TruePositives", "eighths", oracle.Counted(True, True), {}),
    ("F1Score", "labels", oracle.decided_f("micro", 0.4), {"average": "micro", "threshold": 0.4}),
    (
        "FBetaScore",
        "one-hot",
        oracle.decided_f("weighted", beta=0.5),
        {"average": "weighted", "beta": 0.5},
    ),
    (
        "MeanIoU",
        "one-hot and guesses",
        oracle.Overlap(ALL),
        {**FOUR, **FLOAT, "sparse_y_true": False},
    ),
    ("MeanIoU", "classes", oracle.Overlap(ALL), {**FOUR, **FLOAT, "sparse_y_pred": False}),
    ("OneHotIoU", "one-hot", oracle.Overlap(TWO, 1), {**FOUR, **SOME, **FLOAT, "ignore_class": 1}),
    (
        "OneHotMeanIoU",
        "one-hot and guesses",
        oracle.Overlap(ALL, 0),
        {**FOUR, **FLOAT, "sparse_y_pred": True, "ignore_class": 0},
    ),
    ("BinaryIoU", "eighths", oracle.BinaryOverlap(), FLOAT),
    (
        "BinaryIoU",
        "yes or no",
        oracle.BinaryOverlap((1,), 0.3),
        {"threshold": 0.3, "target_class_ids": [1], **FLOAT},
    ),
]
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
    names = FAMILIES[family]
    cases, options = (tuple(e for e in each if e[0] in names) for each in (RULES, OPTIONS))
    assert judge(agreement("values", measured(*cases, options=options)))


LOWER, FEW = oracle.Bounded(oracle.precision_and_recall, np.minimum), {"thresholds": list(UNEVEN)}
BY_LABEL = [
    ("AUC", "labels", parts.EachLabel(measure, columns), {"multi_label": True, **options})
    for measure, columns, options in (
        (oracle.area, (), {"num_labels": 4}),
        (parts.Binned(oracle.area, UNEVEN), LABELS, {"label_weights": LABELS, **FEW}),
        (
            parts.Binned(oracle.interpolated_area, UNEVEN),
            LABELS,
            {"curve": "PR", "label_weights": LABELS, **FEW},
        ),
        (parts.Binned(LOWER, UNEVEN), (), {"curve": "PR", "summation_method": "minoring", **FEW}),
    )
]


@claim("AUC with multi_label is the mean of the labels' own", source=PAGES)
def test_multi_label(judge):
    assert judge(agreement("values", measured(options=tuple(BY_LABEL), batches=2)))


TIES = ("SparseTopKCategoricalAccuracy", "ties of classes", parts.Mean(oracle.among_ties), {"k": 2})


@claim(
    "Of classes that are equal at the end of the first k, each is among them",
    source="https://www.tensorflow.org/api_docs/python/tf/math/in_top_k",
)
def test_ties(judge):
    assert judge(agreement("values", measured(options=(TIES,))))


@claim(
    "R2Score adjusted for regressors counts examples, not outputs of examples",
    source=PAGES,
    known="https://github.com/keras-team/keras/pull/23334",
)
def test_adjusted_r2(judge):
    case = ("R2Score", "numbers", oracle.AdjustedR2(1), {"num_regressors": 1})
    assert judge(agreement("values", measured(case)))


@pytest.mark.filterwarnings("ignore:You are passing weight as `float`")  # of what is claimed
@claim(
    "MeanIoU without a dtype counts an example as its weight says",
    source=PAGES,
    known="reported nowhere that we found",
)
def test_weighted_overlap(judge):
    assert judge(agreement("values", measured(OVERLAPS[0])))
