"""What each recurrent cell documents of one step, and what a layer makes of its cell, in NumPy."""

from functools import cache

import numpy as np
from scipy.special import expit

UNITS, FEATURES, STEPS = 3, 2, 4


def simple(x, states, kernel, recurrent, bias=0.0, new=np.tanh):
    (h,) = states
    h = new(x @ kernel + h @ recurrent + bias)
    return h, (h,)


def lstm(x, states, kernel, recurrent, bias=0.0, new=np.tanh, gate=expit, product=np.matmul):
    h, c = states
    pre = product(x, kernel) + bias + product(h, recurrent)
    i, f, candidate, o = np.split(pre, 4, axis=-1)
    c = gate(f) * c + gate(i) * new(candidate)
    h = gate(o) * new(c)
    return h, (h, c)


def gru(x, states, kernel, recurrent, bias=(0.0, 0.0), new=np.tanh, gate=expit):
    """The reset gate after the product, which has a bias of its own."""
    (h,) = states
    z, r, candidate = np.split(x @ kernel + bias[0], 3, axis=-1)
    own_z, own_r, own = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = gate(z + own_z), gate(r + own_r)
    h = z * h + (1 - z) * new(candidate + r * own)
    return h, (h,)


def gru_before(x, states, kernel, recurrent, bias=0.0, new=np.tanh, gate=expit):
    """The reset gate before the product."""
    (h,) = states
    z, r, candidate = np.split(x @ kernel + bias, 3, axis=-1)
    to_z, to_r, to_new = np.split(recurrent, 3, axis=-1)
    z, r = gate(z + h @ to_z), gate(r + h @ to_r)
    h = z * h + (1 - z) * new(candidate + (r * h) @ to_new)
    return h, (h,)


CELLS = {
    "SimpleRNN": (simple, "SimpleRNN", {}, 1),
    "LSTM": (lstm, "LSTM", {}, 2),
    "GRU": (gru, "GRU", {}, 1),
    "GRU, reset before": (gru_before, "GRU", {"reset_after": False}, 1),
}


@cache
def layer_of(kind, *options):
    """A built layer that serves all seeds, for to make it takes as long as to call it."""
    import keras

    layer = getattr(keras.layers, kind)(UNITS, **dict(options))
    layer.build((None, STEPS, FEATURES))
    return layer


def weighted(rng, layer):
    """The layer's weights, random ones from now on."""
    weights = [0.7 * rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    return weights


def run(cell, x, weights, states, mask=None):
    """The output of each step and the last states; a masked step repeats what was before."""
    outputs, before = [], np.zeros_like(states[0])
    for t in range(x.shape[1]):
        out, new = cell(x[:, t], states, *weights)
        if mask is not None:
            seen = mask[:, t, None]
            out = np.where(seen, out, before)
            new = tuple(np.where(seen, *pair) for pair in zip(new, states, strict=True))
        before, states = out, new
        outputs.append(out)
    return np.stack(outputs, axis=1), states


def masks(rng, kind, rows):
    """Which steps are seen, at least one of each row, and of the first not all."""
    if kind == "scattered":
        seen = rng.random((rows, STEPS)) < 0.6
        seen[:, rng.integers(STEPS)] = True
        return seen
    lengths = rng.integers(1, STEPS + 1, size=(rows, 1))
    lengths[0] = rng.integers(1, STEPS)
    steps = np.arange(STEPS)
    return steps >= STEPS - lengths if kind == "left padding" else steps < lengths


def zero_states(count, rows):
    return tuple(np.zeros((rows, UNITS)) for _ in range(count))
