"""Steps of gradient descent by hand, on a loss written as a function of all weights."""

import numpy as np

RATE = 0.1
# Central differences in float64 are then exact to about 1e-10.
WIDTH = 1e-5


def slope(loss, weights):
    """The gradient of a loss at weights, by central differences."""
    steps = WIDTH * np.eye(len(weights))
    return np.array([loss(weights + step) - loss(weights - step) for step in steps]) / (2 * WIDTH)


def stepped(loss, weights):
    """The weights after one step of gradient descent."""
    return weights - RATE * slope(loss, weights)


def anew(seed, model):
    """A compiled model as it was before any seed, but for its weights, which are drawn.

    One model serves all seeds of a process: to trace it takes longer than to train it.
    """
    rng = np.random.default_rng([seed, 1])
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    for state in model.non_trainable_variables:
        state.assign(np.zeros(state.shape))
    model.optimizer.iterations.assign(0)
    model.reset_metrics()  # until Keras 3.15 train_on_batch and test_on_batch go on from there
    return model


def flat(model):
    """All trainable weights of a model, one vector."""
    kept = [np.float64(each.numpy()).ravel() for each in model.trainable_variables]
    return np.concatenate(kept)


def parts(weights, *shapes):
    """A vector of weights in arrays of these shapes."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    pieces = np.split(weights, ends[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
