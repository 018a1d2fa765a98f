"""Recurrent layers compute their documented formulas, step by step, over what is not masked."""

import numpy as np
import pytest
from scipy.special import expit

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/recurrent_layers/"
MASKING = "https://keras.io/guides/understanding_masking_and_padding/"
CELL = "https://github.com/keras-team/keras/blob/master/keras/src/layers/rnn/dropout_rnn_cell.py"
UNITS, FEATURES, STEPS = 3, 2, 6


def simple(x, states, kernel, recurrent, bias):
    (h,) = states
    h = np.tanh(x @ kernel + h @ recurrent + bias)
    return h, (h,)


def lstm(x, states, kernel, recurrent, bias):
    h, c = states
    i, f, new, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = expit(f) * c + expit(i) * np.tanh(new)
    h = expit(o) * np.tanh(c)
    return h, (h, c)


def gru(x, states, kernel, recurrent, bias):
    """The reset gate after the product, which has a bias of its own."""
    (h,) = states
    z, r, new = np.split(x @ kernel + bias[0], 3, axis=-1)
    own_z, own_r, own = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = expit(z + own_z), expit(r + own_r)
    h = z * h + (1 - z) * np.tanh(new + r * own)
    return h, (h,)


def gru_before(x, states, kernel, recurrent, bias):
    """The reset gate before the product."""
    (h,) = states
    z, r, new = np.split(x @ kernel + bias, 3, axis=-1)
    to_z, to_r, to_new = np.split(recurrent, 3, axis=-1)
    z, r = expit(z + h @ to_z), expit(r + h @ to_r)
    h = z * h + (1 - z) * np.tanh(new + (r * h) @ to_new)
    return h, (h,)


CELLS = {
    "SimpleRNN": (simple, "SimpleRNN", {}, 1),
    "LSTM": (lstm, "LSTM", {}, 2),
    "GRU": (gru, "GRU", {}, 1),
    "GRU, reset before": (gru_before, "GRU", {"reset_after": False}, 1),
}


def run(cell, x, weights, states, mask=None):
    """The output of each step and the last states; a masked step repeats what was before."""
    outputs, before = [], np.zeros((len(x), UNITS))
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
    """Which steps are seen, at least one of each row."""
    if kind == "scattered":
        seen = rng.random((rows, STEPS)) < 0.6
        seen[:, rng.integers(STEPS)] = True
        return seen
    lengths = rng.integers(1, STEPS + 1, size=(rows, 1))
    steps = np.arange(STEPS)
    return steps >= STEPS - lengths if kind == "left padding" else steps < lengths


def zero_states(count, rows):
    return tuple(np.zeros((rows, UNITS)) for _ in range(count))


@contract("outputs", "last", "states", numbers=4 * STEPS * UNITS)
def recurred(seed, name, mask=None, backwards=False, zero=False):
    """A recurrent layer of random weights over random sequences."""
    import keras

    rng = np.random.default_rng(seed)
    cell, kind, options, count = CELLS[name]
    rows = int(rng.integers(2, 5))
    x = rng.normal(size=(rows, STEPS, FEATURES)).astype("float32")
    seen = masks(rng, mask, rows) if mask else None
    layer = getattr(keras.layers, kind)(
        UNITS, return_sequences=True, return_state=True, go_backwards=backwards,
        zero_output_for_mask=zero, **options,
    )  # fmt: skip
    layer.build(x.shape)
    weights = [0.7 * rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    outputs, *states = layer(x, mask=seen)
    short = getattr(keras.layers, kind)(UNITS, go_backwards=backwards, **options)
    short.build(x.shape)
    short.set_weights(weights)
    turned = (x[:, ::-1], seen if seen is None else seen[:, ::-1]) if backwards else (x, seen)
    oracle, ends = run(cell, turned[0], weights, zero_states(count, rows), turned[1])
    return {
        "outputs": (outputs, oracle * seen[..., None] if zero else oracle),
        "last": (short(x, mask=seen), oracle[:, -1]),
        "states": (np.stack(states), np.stack(ends)),
    }


OF = {
    "SimpleRNN": {"SimpleRNN": {"name": "SimpleRNN"}},
    "LSTM": {"LSTM": {"name": "LSTM"}},
    "GRU": {
        "GRU, reset after": {"name": "GRU"},
        "GRU, reset before": {"name": "GRU, reset before"},
    },
}
MASKS = {mask: {"mask": mask} for mask in ("right padding", "left padding", "scattered")}
every_cell = pytest.mark.parametrize("name", OF)


@every_cell
@claim("{name} computes its documented formula at every step, and its last states", source=PAGES)
def test_outputs(judge, name):
    assert judge(agreement(("outputs", "last", "states"), recurred.each(OF[name])))


@every_cell
@claim("{name} skips masked steps, where it repeats its last output", source=MASKING)
def test_masked(judge, name):
    assert judge(agreement(("outputs", "last"), recurred.each(MASKS, name)))


@claim(
    "A recurrent layer with go_backwards reads its steps, masked ones too, in reverse", source=PAGES
)
def test_backwards(judge):
    variants = {name: {"name": name} for name in ("LSTM", "GRU")}
    experiment = recurred.each(variants, mask="left padding", backwards=True)
    assert judge(agreement("outputs", experiment))


@claim("LSTM with zero_output_for_mask gives zeros at masked steps", source=PAGES)
def test_zero_output(judge):
    assert judge(agreement("outputs", recurred("LSTM", "scattered", zero=True)))


@contract("outputs", numbers=4 * STEPS * 2 * UNITS)
def both_ways(seed, merge, mask):
    """A Bidirectional LSTM of random weights."""
    import keras

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")
    seen = masks(rng, mask, 3) if mask else None
    layer = keras.layers.Bidirectional(
        keras.layers.LSTM(UNITS, return_sequences=True), merge_mode=merge
    )
    layer.build(x.shape)
    weights = [0.7 * rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    there, _ = run(lstm, x, weights[:3], zero_states(2, 3), seen)
    turned = seen if seen is None else seen[:, ::-1]
    back, _ = run(lstm, x[:, ::-1], weights[3:], zero_states(2, 3), turned)
    back = back[:, ::-1]
    if mask:
        there, back = there * seen[..., None], back * seen[..., None]
    merged = {
        "concat": np.concatenate([there, back], axis=-1),
        "sum": there + back,
        "mul": there * back,
        "ave": (there + back) / 2,
    }
    return {"outputs": (layer(x, mask=seen), merged[merge])}


MERGES = {merge: {"merge": merge, "mask": None} for merge in ("concat", "sum", "mul", "ave")}


@claim("Bidirectional joins both directions' outputs step by step by its merge_mode", source=PAGES)
def test_bidirectional(judge):
    assert judge(agreement("outputs", both_ways.each(MERGES)))


@claim("Bidirectional skips masked steps both ways, and gives zeros there", source=PAGES)
def test_bidirectional_masked(judge):
    padded = {mask: MASKS[mask] for mask in ("right padding", "left padding")}
    assert judge(agreement("outputs", both_ways.each(padded, merge="concat")))


@contract("goes on", "reset", "told", numbers=2 * STEPS * UNITS)
def stateful(seed, name):
    """Two batches one after the other, a third after a reset, a fourth from given states."""
    import keras

    rng = np.random.default_rng(seed)
    cell, kind, options, count = CELLS[name]
    batches = rng.normal(size=(4, 2, STEPS, FEATURES)).astype("float32")
    layer = getattr(keras.layers, kind)(UNITS, return_sequences=True, stateful=True, **options)
    layer.build(batches[0].shape)
    weights = [0.7 * rng.normal(size=each.shape) for each in layer.get_weights()[:3]]
    for variable, weight in zip(layer.trainable_variables, weights, strict=True):
        variable.assign(weight)
    nothing = zero_states(count, 2)
    given = tuple(rng.normal(size=(2, UNITS)) for _ in range(count))
    _, states = run(cell, batches[0], weights, nothing)
    layer(batches[0])
    found = [np.asarray(layer(batches[1]))]
    layer.reset_states() if hasattr(layer, "reset_states") else layer.reset_state()
    found.append(np.asarray(layer(batches[2])))
    start = [keras.ops.convert_to_tensor(state, "float32") for state in given]
    found.append(layer(batches[3], initial_state=start))
    return {
        "goes on": (found[0], run(cell, batches[1], weights, states)[0]),
        "reset": (found[1], run(cell, batches[2], weights, nothing)[0]),
        "told": (found[2], run(cell, batches[3], weights, given)[0]),
    }


STATEFUL = {name: {"name": name} for name in ("LSTM", "GRU")}


@claim(
    "A recurrent layer starts from the states before, from zero if reset, or as told", source=PAGES
)
def test_stateful(judge):
    assert judge(agreement(("goes on", "reset", "told"), stateful.each(STATEFUL)))


@contract(
    *("inputs", "states", "kept inputs", "kept states", "inference"),
    *("steps", "states after two steps", "batches"),
    numbers=2 * 3000,
)
def dropping(seed):
    """SimpleRNNs that copy their input, or their state, through dropout."""
    import keras

    rng = np.random.default_rng(seed)
    rate, width = float(rng.uniform(0.3, 0.7)), 50
    of_inputs = keras.layers.SimpleRNN(
        width, None, use_bias=False, kernel_initializer="identity",
        recurrent_initializer="zeros", dropout=rate, return_sequences=True,
    )  # fmt: skip
    of_states = keras.layers.SimpleRNN(
        width, None, use_bias=False, kernel_initializer="zeros",
        recurrent_initializer="identity", recurrent_dropout=rate,
    )  # fmt: skip
    x = rng.uniform(1, 2, size=(60, 1, width)).astype("float32")
    start = keras.ops.convert_to_tensor(x[:, 0])
    inputs = np.asarray(of_inputs(x, training=True))
    states = np.asarray(of_states(0 * x, initial_state=start, training=True))
    quiet = np.asarray(of_states(0 * x, initial_state=start, training=False))
    twice = np.repeat(x, 2, axis=1)
    steps, again = (np.asarray(of_inputs(twice, training=True)) == 0 for _ in range(2))
    later = np.asarray(of_states(0 * twice, initial_state=start, training=True))

    def share(out):
        return (np.mean(out == 0) - rate) / np.sqrt(rate * (1 - rate) / out.size), 0.0

    return {
        "inputs": share(inputs),
        "states": share(states),
        "kept inputs": (inputs, np.where(inputs == 0, 0, x / (1 - rate))),
        "kept states": (states, np.where(states == 0, 0, x[:, 0] / (1 - rate))),
        "steps": (steps[:, 0], steps[:, 1]),
        "states after two steps": share(later),
        "batches": correlation(steps[:, 0], again[:, 0]),
        "inference": (np.stack([of_inputs(x, training=False)[:, 0], quiet]), [x[:, 0]] * 2),
    }


@claim("A recurrent layer's dropout of inputs and of states has its rate in training", source=PAGES)
def test_dropout_share(judge):
    assert judge(agreement(("inputs", "states"), dropping(), within=ERRORS))


@claim("A recurrent layer scales what dropout keeps, and drops nothing in inference", source=PAGES)
def test_dropout_kept(judge):
    assert judge(agreement(("kept inputs", "kept states", "inference"), dropping()))


@claim("A recurrent layer drops the same inputs at each step of a batch", source=CELL)
def test_dropout_of_steps(judge):
    assert judge(agreement("steps", dropping()))


@claim("A recurrent layer drops the same states at each step of a batch", source=CELL)
def test_dropout_of_states(judge):
    assert judge(agreement("states after two steps", dropping(), within=ERRORS))


@claim("A recurrent layer's dropout is drawn anew for each batch", source=CELL)
def test_dropout_of_batches(judge):
    assert judge(agreement("batches", dropping(), within=ERRORS))
