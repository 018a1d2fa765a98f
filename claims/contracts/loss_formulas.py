"""What each loss documents of one example, in NumPy: the classes are along the last axis."""

import numpy as np
from scipy.special import expit, log_softmax, logsumexp, softmax, xlogy

# What Keras documents to put in the place of chances and numbers of 0.
EPSILON = 1e-7


def examples(seed, kind):
    """Targets and predictions in 3 to 6 rows of 4 to 6 steps of 3 classes or columns.

    Probabilities are above 0.01, so that the 1e-7 that Keras adds to them does not show.
    """
    rng = np.random.default_rng(seed)
    shape = (*(int(size) for size in rng.integers((3, 4), (7, 7))), 3)
    real, logits = rng.normal(size=(2, *shape))
    classes, chances = rng.integers(3, size=shape[:-1]), 0.02 + 0.94 * softmax(logits, axis=-1)
    normed = chances / chances.sum(axis=-1, keepdims=True)
    # A third of the steps are sure of a class, which is the right one or any.
    third = rng.random(shape[:-1]) < 1 / 3
    right = np.where(third[..., None], np.eye(3)[classes], normed)
    sure = np.where(third[..., None], np.eye(3)[rng.integers(3, size=shape[:-1])], normed)
    counts = rng.poisson(1, size=shape)
    kinds = {
        "real": (real, logits),
        "positive": (np.exp(real), np.exp(logits)),
        "signs": (np.sign(real), logits),
        "zeros": (real > 0, logits),
        "chances": (0.1 + 0.8 * softmax(real, axis=-1), chances),
        "several labels": (real > 0, rng.uniform(0.02, 0.98, size=shape)),
        "logits of several": (real > 0, logits),
        "one-hot": (np.eye(3)[classes], normed),
        "logits": (np.eye(3)[classes], 3 * logits),
        "classes": (classes, normed),
        "logits of classes": (classes, 3 * logits),
        "far apart": (100 * real, 100 * logits),
        "some zeros": (real * (real > 0), np.where(real > 1, logits, 0)),
        "rows of zeros": (real * third[..., None], logits),
        "counts": (counts, np.where(counts > 0, np.exp(logits), 0)),
        "beyond chances": (1.4 * normed - 0.1, 0.1 + 1.2 * softmax(logits, axis=-1)),
        "right": (np.eye(3)[classes], right),
        "sure": (np.eye(3)[classes], sure),
        "sure of classes": (classes, sure),
    }
    y, p = kinds[kind]
    return np.asarray(y, "float32"), np.asarray(p, "float32")


def squared(y, p):
    return np.mean((y - p) ** 2, axis=-1)


def absolute(y, p):
    return np.mean(np.abs(y - p), axis=-1)


def percentage(y, p):
    return 100 * np.mean(np.abs(y - p) / np.maximum(np.abs(y), EPSILON), axis=-1)


def squared_logarithmic(y, p):
    y, p = (np.maximum(each, EPSILON) for each in (y, p))
    return np.mean((np.log1p(y) - np.log1p(p)) ** 2, axis=-1)


def cosine(y, p):
    lengths = np.linalg.norm(y, axis=-1) * np.linalg.norm(p, axis=-1)
    return -np.sum(y * p, axis=-1) / np.where(lengths > 0, lengths, 1)


def huber(y, p, delta=1.0):
    error = np.abs(y - p)
    linear = delta * error - delta**2 / 2
    return np.mean(np.where(error <= delta, error**2 / 2, linear), axis=-1)


def log_cosh(y, p):
    return np.mean(np.logaddexp(p - y, y - p) - np.log(2), axis=-1)


def hinge(y, p):
    return np.mean(np.maximum(1 - y * p, 0), axis=-1)


def squared_hinge(y, p):
    return np.mean(np.maximum(1 - y * p, 0) ** 2, axis=-1)


def hinge_of_zeros(y, p):
    """Labels of 0 and 1 stand for -1 and 1."""
    return hinge(2 * y - 1, p)


def categorical_hinge(y, p):
    return np.maximum(np.max((1 - y) * p, axis=-1) - np.sum(y * p, axis=-1) + 1, 0)


def divergence(y, p):
    """Both are clipped to chances."""
    y, p = (np.clip(each, 0, 1) for each in (y, p))
    return np.sum(xlogy(y, y) - xlogy(y, p), axis=-1)


def poisson(y, p):
    return np.mean(p - xlogy(y, p), axis=-1)


def binary(y, p, from_logits=False, label_smoothing=0.0):
    p = expit(p) if from_logits else p
    y = y * (1 - label_smoothing) + label_smoothing / 2
    return -np.mean(xlogy(y, p) + xlogy(1 - y, 1 - p), axis=-1)


def binary_focal(
    y,
    p,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
):
    p = expit(p) if from_logits else p
    y = y * (1 - label_smoothing) + label_smoothing / 2
    balance = y * alpha + (1 - y) * (1 - alpha) if apply_class_balancing else 1
    miss = 1 - y * p - (1 - y) * (1 - p)
    entropy = -xlogy(y, p) - xlogy(1 - y, 1 - p)
    return np.mean(balance * miss**gamma * entropy, axis=-1)


def smoothed(y, label_smoothing):
    return y * (1 - label_smoothing) + label_smoothing / y.shape[-1]


def categorical(y, p, from_logits=False, label_smoothing=0.0):
    return -np.sum(smoothed(y, label_smoothing) * _logs(p, from_logits), axis=-1)


def categorical_focal(y, p, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0):
    p = softmax(p, axis=-1) if from_logits else p
    focal = np.asarray(alpha) * (1 - p) ** gamma * _logs(p)
    return -np.sum(smoothed(y, label_smoothing) * focal, axis=-1)


def sparse(y, p, from_logits=False):
    logs = _logs(p, from_logits)
    return -np.take_along_axis(logs, y.astype(int)[..., None], axis=-1)[..., 0]


def _logs(p, from_logits=False):
    return log_softmax(p, axis=-1) if from_logits else np.log(np.maximum(p, EPSILON))


def generalized(y, p, q=0.5):
    chosen = np.take_along_axis(p, y.astype(int)[..., None], axis=-1)[..., 0]
    return (1 - chosen**q) / q


def dice(y, p, axis=None):
    return 1 - 2 * np.sum(y * p, axis=axis) / (np.sum(y, axis=axis) + np.sum(p, axis=axis))


def tversky(y, p, alpha=0.5, beta=0.5, axis=None):
    true, false = np.sum(y * p, axis=axis), np.sum((1 - y) * p, axis=axis)
    missed = np.sum(y * (1 - p), axis=axis)
    return 1 - true / (true + alpha * false + beta * missed)


def circle(y, p, gamma=80.0, margin=0.4, remove_diagonal=True):
    """Of embeddings of length 1: pairs of a class apart, pairs of two classes together."""
    apart = 1 - p @ p.T
    alike = y[:, None] == y
    others = alike & ~(np.eye(len(y), dtype=bool) & remove_diagonal)
    near = -gamma * np.maximum(margin + apart, 0) * (margin - apart)
    far = gamma * np.maximum(1 + margin - apart, 0) * (1 - margin - apart)
    inside = logsumexp(np.where(others, near, -np.inf), axis=1)
    outside = logsumexp(np.where(alike, -np.inf, far), axis=1)
    return np.logaddexp(0, inside + outside)


def connectionist(y, p):
    """The negative logarithm of the probability of a label sequence, by its forward recursion."""
    return np.array(
        [
            -_forward(log_softmax(each, axis=-1), row[row > 0])
            for row, each in zip(y, p, strict=True)
        ]
    )


def _forward(logs, labels):
    path = np.zeros(2 * len(labels) + 1, int)
    path[1::2] = labels
    skips = np.array([i > 1 and s != 0 and s != path[i - 2] for i, s in enumerate(path)])
    alpha = np.where(np.arange(len(path)) < 2, logs[0, path], -np.inf)
    for step in logs[1:]:
        one = np.concatenate([[-np.inf], alpha[:-1]])
        two = np.where(skips, np.concatenate([[-np.inf, -np.inf], alpha[:-2]]), -np.inf)
        alpha = logsumexp([alpha, one, two], axis=0) + step[path]
    return logsumexp(alpha[-2:])
