"""What recurrent layers make of their gates: dropout of each, convolutions, cells in a stack."""

from functools import cache
from itertools import product

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation, share
from training_claims.claims.contracts.recurrent_formulas import (
    CELLS,
    FEATURES,
    STEPS,
    UNITS,
    lstm,
    masks,
    run,
    weighted,
    zero_states,
)

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/recurrent_layers/"
CELL = "https://github.com/keras-team/keras/blob/master/keras/src/layers/rnn/dropout_rnn_cell.py"
WIDTH, ROWS = 10, 60


def seen_through(gates):
    """Weights and states of linear cells whose units are blocks that hand on one gate each.

    Returns:
        A matrix that reads the first block into each gate's own, the biases, and the states: of
        the first block none.
    """
    blocks = len(gates) + 1
    reading = np.zeros((WIDTH, len(gates), blocks, WIDTH))
    for gate in range(len(gates)):
        reading[:, gate, gate + 1] = np.eye(WIDTH)
    bias = np.zeros((2, len(gates), blocks, WIDTH))
    states = np.zeros((2, ROWS, blocks, WIDTH))
    if gates == "zrh":  # h = z * state + (1 - z) * (new + r * bias), where z alone has a state
        bias[0, 1, 3] = bias[1, 2, 2] = states[0, :, 1] = 1
        bias = bias.reshape(2, -1)
    else:  # h = o * (f * carry + i * new), where f alone has a carry, and it no other
        bias[0] = 1
        bias[0, range(4), range(1, 5)] = bias[0, 0, 2] = 0
        states[1, :, 2] = 1
        bias = bias[0].ravel()
    return reading.reshape(WIDTH, -1), bias, states.reshape(2, ROWS, -1)


GATES = {"LSTM": "ifco", "GRU": "zrh", "ConvLSTM1D": "ifco"}


@contract("share", "kept", "inference", "apart", numbers=4)
def gate_by_gate(seed, name, dropout, recurrent_dropout):
    """What dropout makes of what each gate reads: inputs, or if these are not dropped, states."""
    import keras

    rng = np.random.default_rng(seed)
    gates, rate = GATES[name], float(rng.uniform(0.3, 0.7))
    reading, bias, states = seen_through(gates)
    x, units = rng.uniform(1, 2, size=(ROWS, WIDTH)), (len(gates) + 1) * WIDTH
    place = [1] * (name == "ConvLSTM1D")  # one place of a convolution as wide
    layer = getattr(keras.layers, name)(
        units,
        *place,
        activation=None,
        recurrent_activation=None,
        recurrent_initializer="zeros",
        unroll=True,
        dropout=rate * dropout,
        recurrent_dropout=rate * recurrent_dropout,
        seed=seed,
    )
    kernel, recurrent = reading, np.zeros((units, units * len(gates)))
    if not dropout:
        kernel, recurrent[:WIDTH] = 0 * reading, reading
        states[0, :, :WIDTH] = x
    layer.build((ROWS, 1, *place, WIDTH))
    layer.set_weights([k.reshape(*place, *k.shape) for k in (kernel, recurrent)] + [bias])
    start = [s.reshape(ROWS, *place, units) for s in states[: 2 - (name == "GRU")]]
    start = [keras.ops.convert_to_tensor(each, "float32") for each in start]
    steps = x.reshape(ROWS, 1, *place, WIDTH).astype("float32")
    trained, inferred = (
        np.reshape(layer(steps, initial_state=start, training=on), (ROWS, -1, WIDTH))[:, 1:]
        for on in (True, False)
    )
    drops, oracle = trained == 0, np.repeat(x[:, None], len(gates), axis=1)
    pairs = [correlation(drops[:, k], drops[:, k - 1]) for k in range(len(gates))]
    return {
        "share": np.transpose([share(drops[:, k], rate) for k in range(len(gates))]),
        "kept": (np.max(np.abs(trained - np.where(drops, 0, oracle / (1 - rate)))), 0),
        "inference": (np.max(np.abs(inferred - oracle)), 0),
        "apart": np.transpose(pairs),
    }


WAYS = {
    "inputs": {"dropout": 1, "recurrent_dropout": 0},
    "inputs beside states": {"dropout": 1, "recurrent_dropout": 1},
    "states": {"dropout": 0, "recurrent_dropout": 1},
}
DROPPED = gate_by_gate.each(
    {f"{way} of {name}": {"name": name} | WAYS[way] for name, way in product(GATES, WAYS)}
)


@claim("LSTM, GRU and ConvLSTM drop what each gate reads at their rates in training", source=PAGES)
def test_gates_share(judge):
    assert judge(agreement("share", DROPPED, within=ERRORS))


@claim(
    "LSTM, GRU and ConvLSTM scale what dropout keeps, and drop nothing in inference", source=PAGES
)
def test_gates_kept(judge):
    assert judge(agreement(("kept", "inference"), DROPPED))


@claim("Recurrent dropout draws what is dropped for each gate apart", source=CELL)
def test_gates_apart(judge):
    names = (f"apart of {way} of {name}" for name, way in product(GATES, WAYS) if way != "inputs")
    assert judge(agreement(tuple(names), DROPPED, within=ERRORS))


def convolved(x, kernel, padding="same"):
    """Windows of 3 along each axis of places, times a kernel."""
    places = kernel.ndim - 2
    if padding == "same":
        x = np.pad(x, [(0, 0), *[(1, 1)] * places, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(
        x, (3,) * places, tuple(range(1, places + 1))
    )
    kernel = np.moveaxis(kernel, -2, 0)
    return np.tensordot(windows, kernel, places + 1)


@cache
def convolutional(places, padding):
    import keras

    kind, given = getattr(keras.layers, f"ConvLSTM{places}D"), {"return_state": True}
    layer = kind(UNITS, 3, padding=padding, return_sequences=True, **given)
    layer.build((None, STEPS, *[5] * places, FEATURES))
    return layer


@contract("outputs", "states", numbers=2 * STEPS * 5 * 5 * UNITS)
def convolved_states(seed, places, padding="same"):
    """A ConvLSTM of random weights."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, STEPS, *[5] * places, FEATURES)).astype("float32")
    layer = convolutional(places, padding)
    kernel, recurrent, bias = weighted(rng, layer)
    outputs, *states = layer(x)
    steps = np.stack([convolved(x[:, t], kernel, padding) for t in range(STEPS)], axis=1)
    start = (np.zeros((*steps[:, 0].shape[:-1], UNITS)),) * 2

    def cell(read, states):
        return lstm(read, states, None, recurrent, bias, product=multiplied)

    def multiplied(read, by):
        return read if by is None else convolved(read, by)

    oracle, ends = run(cell, steps, (), start)
    return {"outputs": (outputs, oracle), "states": (np.stack(states), np.stack(ends))}


CONVOLVED = {"1D": {"places": 1}, "2D, valid": {"places": 2, "padding": "valid"}}


@claim("ConvLSTM layers compute LSTM's formula with convolutions for its products", source=PAGES)
def test_convolved_states(judge):
    assert judge(agreement(("outputs", "states"), convolved_states.each(CONVOLVED)))


@cache
def two_cells():
    import keras

    cells = [keras.layers.LSTMCell(UNITS), keras.layers.GRUCell(UNITS)]
    layer = keras.layers.RNN(cells, return_sequences=True, return_state=True)
    layer.build((None, STEPS, FEATURES))
    return layer


@contract("outputs", "states", numbers=3 * STEPS * UNITS)
def stacked(seed, mask=None):
    """An LSTM's cell under a GRU's, in one layer."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")
    seen, layer = masks(rng, mask, 3) if mask else None, two_cells()
    weights = weighted(rng, layer)
    outputs, first, second = layer(x, mask=seen)
    under, ends = run(lstm, x, weights[:3], zero_states(2, 3), seen)
    oracle, last = run(CELLS["GRU"][0], under, weights[3:], zero_states(1, 3), seen)
    return {"outputs": (outputs, oracle), "states": (np.stack([*first, *second]), [*ends, *last])}


@claim("RNN runs the cells it is given one on the other, step by step", source=PAGES)
def test_stacked(judge):
    variants = {str(mask): {"mask": mask} for mask in (None, "scattered")}
    assert judge(agreement(("outputs", "states"), stacked.each(variants)))
