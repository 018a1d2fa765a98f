"""What each metric documents over all examples and their weights, where scikit-learn has none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats
from sklearn import metrics

from training_claims.claims.contracts import metric_parts as parts


def weighted(y, p, weight):
    """Targets, predictions and weights as scikit-learn names them."""
    return {"y_true": y, "y_pred": p, "sample_weight": weight}


def squared(y, p, weight):
    return metrics.mean_squared_error(**weighted(y, p, weight))


def root_mean_squared(y, p, weight):
    return np.sqrt(squared(y, p, weight))


def absolute(y, p, weight):
    return metrics.mean_absolute_error(**weighted(y, p, weight))


def percentage(y, p, weight):
    return 100 * metrics.mean_absolute_percentage_error(**weighted(y, p, weight))


def squared_logarithmic(y, p, weight):
    return metrics.mean_squared_log_error(**weighted(y, p, weight))


def each_r2(y, p, weight):
    return metrics.r2_score(**weighted(y, p, weight), multioutput="raw_values")


def mean_r2(y, p, weight):
    return metrics.r2_score(**weighted(y, p, weight))


def r2_by_variance(y, p, weight):
    return metrics.r2_score(**weighted(y, p, weight), multioutput="variance_weighted")


@dataclass(frozen=True)
class AdjustedR2:
    """R2 for so many regressors."""

    regressors: int

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        more = (len(y) - 1) / (len(y) - self.regressors - 1)
        return 1 - (1 - mean_r2(y, p, weight)) * more


def correlations(y, p):
    return np.array([stats.pearsonr(*row)[0] for row in zip(y, p, strict=True)])


def concordances(y, p):
    shared = np.mean((y - y.mean(1, keepdims=True)) * (p - p.mean(1, keepdims=True)), axis=1)
    return 2 * shared / (y.var(1) + p.var(1) + (y.mean(1) - p.mean(1)) ** 2)


def cosines(y, p):
    return np.sum(y * p, axis=1) / np.linalg.norm(y, axis=1) / np.linalg.norm(p, axis=1)


def equal(y, p):
    return y == p


@dataclass(frozen=True)
class BelowAndAbove:
    """How often a label is 1 above a threshold, and 0 below."""

    threshold: float

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        return binary_accuracy(y, p, weight, self.threshold)


def binary_accuracy(y, p, weight, threshold=0.5):
    hits = metrics.accuracy_score
    return np.mean([hits(*pair, sample_weight=weight) for pair in _columns(y, p > threshold)])


def _columns(y, p):
    return zip(y.T, p.T, strict=True) if y.ndim > 1 else [(y, p)]


def categorical_accuracy(y, p, weight):
    return sparse_accuracy(y.argmax(axis=1), p, weight)


def sparse_accuracy(y, p, weight):
    return metrics.accuracy_score(**weighted(y, p.argmax(axis=1), weight))


def among_first_two(y, p):
    """Of predictions that name classes from the first to the last."""
    return np.any(p[:, :2] == y[:, None], axis=1)


def among_ties(y, p):
    """Whether fewer than two classes are above one's own."""
    own = np.take_along_axis(p, y.astype(int)[:, None], axis=1)
    return np.sum(p > own, axis=1) < 2


def sparse_top_two(y, p, weight):
    return metrics.top_k_accuracy_score(y, p, k=2, labels=range(4), sample_weight=weight)


def top_two(y, p, weight):
    return sparse_top_two(y.argmax(axis=1), p, weight)


def binary_entropy(y, p, weight):
    return metrics.log_loss(y, p, labels=[0, 1], sample_weight=weight)


def binary_entropy_of_logits(y, p, weight):
    return binary_entropy(y, special.expit(p), weight)


def entropy(y, p, weight):
    chances = p / p.sum(axis=1, keepdims=True)
    return metrics.log_loss(y, chances, labels=range(4), sample_weight=weight)


def entropy_of_logits(y, p, weight):
    return entropy(y, special.softmax(p, axis=1), weight)


def entropy_of_one_hot(y, p, weight):
    return entropy(y.argmax(axis=1), p, weight)


def entropy_of_one_hot_logits(y, p, weight):
    return entropy_of_logits(y.argmax(axis=1), p, weight)


def area(y, p, weight):
    return metrics.roc_auc_score(y, p, sample_weight=weight)


def area_of_logits(y, p, weight):
    return area(y, special.expit(p), weight)


@dataclass(frozen=True)
class Bounded:
    """The area under a curve of points (height, width), each step as high as one of its ends."""

    curve: Any
    bound: Any

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        height, width = self.curve(y, p, weight)
        return np.sum(self.bound(height[:-1], height[1:]) * np.abs(np.diff(width)))


def interpolated_area(y, p, weight):
    """The area under precision over recall by Davis and Goadrich (2006).

    Between two thresholds true positives t grow evenly with all positives a + b t, and the
    integral of t / (a + b t) is in closed form.
    """
    true, false = _positives(y, p, weight)
    total, area_ = np.sum(weight * y), 0.0
    for (high, low), (wrong_high, wrong_low) in zip(
        np.stack([true[:-1], true[1:]], 1), np.stack([false[:-1], false[1:]], 1), strict=True
    ):
        if high == low:
            continue
        slope = (high + wrong_high - low - wrong_low) / (high - low)
        start = low + wrong_low - slope * low
        grown = high - low
        if low + wrong_low > 0:
            grown -= start / slope * np.log((high + wrong_high) / (low + wrong_low))
        area_ += grown / slope / total
    return area_


def _positives(y, p, weight):
    """True and false positives at each threshold, of which there are 200, from below 0 to above."""
    above = p > np.concatenate([[-1e-7], np.arange(1, 199) / 199, [1 + 1e-7]])[:, None]
    return above @ (weight * y), above @ (weight * (1 - y))


def precision_and_recall(y, p, weight):
    true, false = _positives(y, p, weight)
    found = true + false
    precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
    return precision, true / np.sum(weight * y)


def precision_at_recall(y, p, weight):
    precision, recall = precision_and_recall(y, p, weight)
    return precision[recall >= 0.6].max()


def recall_at_precision(y, p, weight):
    precision, recall = precision_and_recall(y, p, weight)
    return np.max(recall[precision >= 0.5], initial=0)


def rates(y, p, weight):
    """Sensitivity and specificity at each threshold."""
    true, false = _positives(y, p, weight)
    return true / np.sum(weight * y), 1 - false / np.sum(weight * (1 - y))


def sensitivity_at_specificity(y, p, weight):
    sensitivity, specificity = rates(y, p, weight)
    return sensitivity[specificity >= 0.6].max()


def specificity_at_sensitivity(y, p, weight):
    sensitivity, specificity = rates(y, p, weight)
    return specificity[sensitivity >= 0.6].max()


@dataclass(frozen=True)
class Decided:
    """A score of scikit-learn's, of predictions that are above a threshold or the largest ones."""

    score: Any
    threshold: float | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        largest = p == np.max(p, axis=-1, keepdims=True)
        chosen = largest if self.threshold is None else p > self.threshold
        options = {"zero_division": 0, "sample_weight": weight} | dict(self.options)
        return self.score(y.astype(int), chosen.astype(int), **options)


def decided_at(score, *thresholds):
    """A score of scikit-learn's at each threshold."""
    return parts.Several(tuple(Decided(score, threshold) for threshold in thresholds))


@dataclass(frozen=True)
class Counted:
    """How much weight the examples have whose label and decision are these."""

    label: bool
    positive: bool
    threshold: float = 0.5

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        return np.sum(weight * ((y == self.label) & ((p > self.threshold) == self.positive)))


def counted_at(label, positive, *thresholds):
    """A count at each threshold."""
    return parts.Several(tuple(Counted(label, positive, threshold) for threshold in thresholds))


@dataclass(frozen=True)
class Overlap:
    """The mean of scikit-learn's Jaccard index over those of the classes that there are."""

    classes: tuple[int, ...]
    ignored: int = -1

    def __call__(self, y, p, weight):
        """The value, of all examples that have a class that is not ignored."""
        y, p = (each.argmax(axis=1) if each.ndim > 1 else each for each in (y, p))
        kept = y != self.ignored
        present = sorted({*self.classes} & {*y[kept], *p[kept]})
        options = {"labels": present, "average": None, "sample_weight": weight[kept]}
        return np.mean(metrics.jaccard_score(y[kept], p[kept], **options))


@dataclass(frozen=True)
class BinaryOverlap:
    """The mean Jaccard index of what is below a threshold, or not."""

    classes: tuple[int, ...] = (0, 1)
    threshold: float = 0.5

    def __call__(self, y, p, weight):
        """The value, of all examples."""
        return Overlap(self.classes)(y, p >= self.threshold, weight)


def decided_f(average, threshold=None, beta=1.0):
    """The F score of scikit-learn."""
    options = (("average", average), ("beta", beta))
    return Decided(metrics.fbeta_score, threshold, options)
