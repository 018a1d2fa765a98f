"""Weights, their gradients at each step, and an optimizer that is given them."""

import numpy as np

STEPS = 6
# Options by which a few steps tell.
QUICK = {"Adam": {"beta_1": 0.6, "beta_2": 0.8, "epsilon": 1e-3}, "SGD": {"momentum": 0.5}}


def problem(seed, steps=STEPS):
    """Weights of two shapes, and their gradients at each step."""
    rng = np.random.default_rng(seed)
    shapes = [(2, int(rng.integers(2, 4))), (int(rng.integers(2, 5)),)]
    weights = [rng.normal(size=shape) for shape in shapes]
    gradients = [[3 * rng.normal(size=shape) for shape in shapes] for _ in range(steps)]
    return rng, weights, gradients


def flat(weights):
    return np.concatenate([np.ravel(weight) for weight in weights])


def applied(optimizer, variables, gradients, *, traced=False):
    """The variables after each step, flat; the steps may be traced, as `fit` does."""
    import keras
    import tensorflow as tf

    def apply(step):
        optimizer.apply(step, variables)

    if traced:
        optimizer.build(variables)
        apply = tf.function(apply)
    found = []
    for step in gradients:
        apply([keras.ops.convert_to_tensor(g, "float32") for g in step])
        found.append(flat([variable.value.numpy() for variable in variables]))
    return found


def variables_of(weights):
    import keras

    names = ("kernel", "bias")
    return [keras.Variable(w, dtype="float32", name=n) for w, n in zip(weights, names, strict=True)]


def clipped_by(option, bound, step):
    if option == "clipvalue":
        return [np.clip(g, -bound, bound) for g in step]
    norms = [np.linalg.norm(g) for g in step]
    if option == "global_clipnorm":
        norms = [np.linalg.norm(norms)] * len(step)
    return [g * min(1, bound / norm) for g, norm in zip(step, norms, strict=True)]
