"""Recurrent layers compute their documented formulas, step by step, over what is not masked."""

from functools import cache, partial

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, correlation
from training_claims.claims.contracts.recurrent_formulas import (
    CELLS,
    FEATURES,
    STEPS,
    UNITS,
    layer_of,
    masks,
    run,
    weighted,
    zero_states,
)

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/recurrent_layers/"
MASKING = "https://keras.io/guides/understanding_masking_and_padding/"
CELL = "https://github.com/keras-team/keras/blob/master/keras/src/layers/rnn/dropout_rnn_cell.py"


@contract("outputs", "last", "states", numbers=4 * STEPS * UNITS)
def recurred(seed, name, mask=None, zero=False, backwards=False, **options):
    """A recurrent layer of random weights over random sequences."""
    rng = np.random.default_rng(seed)
    cell, kind, own, count = CELLS[name]
    if "activation" in options:
        gates = {"gate": hard_sigmoid} if "recurrent_activation" in options else {}
        cell = partial(cell, new=softsign, **gates)
    rows = int(rng.integers(2, 5))
    x = rng.normal(size=(rows, STEPS, FEATURES)).astype("float32")
    seen = masks(rng, mask, rows) if mask else None
    own = own | options | {"go_backwards": backwards, "zero_output_for_mask": zero}
    layer = layer_of(kind, *own.items(), ("return_sequences", True), ("return_state", True))
    short, weights = layer_of(kind, *own.items()), weighted(rng, layer)
    short.set_weights(weights)
    outputs, *states = layer(x, mask=seen)
    turned = (x[:, ::-1], seen if seen is None else seen[:, ::-1]) if backwards else (x, seen)
    oracle, ends = run(cell, turned[0], weights, zero_states(count, rows), turned[1])
    return {
        "outputs": (outputs, oracle * turned[1][..., None] if zero else oracle),
        "last": (short(x, mask=seen), oracle[:, -1]),
        "states": (np.stack(states), np.stack(ends)),
    }


def softsign(x):
    return x / (1 + np.abs(x))


def hard_sigmoid(x):
    return np.clip(x / 6 + 0.5, 0, 1)


KINDS = {"SimpleRNN": ["SimpleRNN"], "LSTM": ["LSTM"], "GRU": ["GRU", "GRU, reset before"]}
OWN = {"activation": "softsign"}
GATED = OWN | {"recurrent_activation": "hard_sigmoid"}


def of(kind):
    """Variants of a kind of layer."""
    own = OWN if kind == "SimpleRNN" else GATED
    variants = {"": {}, ", unrolled": {"unroll": True, "use_bias": False}, ", activated": own}
    return {f"{kind}{told}": {"name": kind, **options} for told, options in variants.items()}


OF = {name: {k: v for kind in KINDS[name] for k, v in of(kind).items()} for name in KINDS}
MASKS = {mask: {"mask": mask} for mask in ("right padding", "left padding", "scattered")}
NOWHERE = "reported nowhere that we found"
UNROLLED = {"scattered, unrolled": {"mask": "scattered", "unroll": True}}
every_cell = pytest.mark.parametrize("name", KINDS)


@every_cell
@claim("{name} computes its documented formula at every step, and its last states", source=PAGES)
def test_outputs(judge, name):
    assert judge(agreement(("outputs", "last", "states"), recurred.each(OF[name])))


@every_cell
@claim("{name} skips masked steps, where it repeats its last output", source=MASKING)
def test_masked(judge, name):
    experiment = recurred.each(MASKS | UNROLLED, name)
    assert judge(agreement(("outputs", "last", "states"), experiment))


@claim(
    "A recurrent layer with go_backwards reads its steps, masked ones too, in reverse", source=PAGES
)
def test_backwards(judge):
    variants = {name: {"name": name} for name in ("LSTM", "GRU")}
    variants["unrolled"] = {"name": "LSTM", "unroll": True}
    experiment = recurred.each(variants, mask="left padding", backwards=True)
    assert judge(agreement(("outputs", "last", "states"), experiment))


@claim("A recurrent layer with zero_output_for_mask gives zeros at masked steps", source=PAGES)
def test_zero_output(judge):
    variants = {name: {"name": name} for name in KINDS}
    variants["unrolled"] = {"name": "GRU", "unroll": True}
    assert judge(agreement("outputs", recurred.each(variants, mask="scattered", zero=True)))


@claim(
    "zero_output_for_mask leaves the last output alone where only that is returned",
    source=PAGES,
    known="https://github.com/keras-team/keras/issues/17596",
)
def test_zero_output_of_the_last(judge):
    assert judge(agreement("last", recurred("GRU", "right padding", zero=True)))


@claim(
    "An unrolled recurrent layer with go_backwards gives zeros at the steps that are masked",
    source=PAGES,
    known=NOWHERE,
)
def test_zero_output_backwards(judge):
    given = {"zero": True, "backwards": True, "unroll": True}
    assert judge(agreement("outputs", recurred("GRU", "scattered", **given)))


@cache
def bidirectional(name, back, merge, sequences):
    import keras

    given = {"return_sequences": sequences, "return_state": True}
    one, other = (getattr(keras.layers, kind) for kind in (name, back))
    own = {} if name == back else {"backward_layer": other(UNITS, go_backwards=True, **given)}
    layer = keras.layers.Bidirectional(one(UNITS, **given), merge_mode=merge, **own)
    layer.build((None, STEPS, FEATURES))
    return layer


@contract("outputs", "states", numbers=3 * STEPS * 2 * UNITS)
def both_ways(seed, merge="concat", mask=None, short=False, told=False, name="LSTM", back="LSTM"):
    """A Bidirectional layer of random weights."""
    import keras

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")
    seen = masks(rng, mask, 3) if mask else None
    layer = bidirectional(name, back, merge, not short)
    weights = weighted(rng, layer)
    cells = [CELLS[kind] for kind in (name, back)]
    starts = [tuple(rng.normal(size=(3, UNITS)) * told for _ in range(cell[-1])) for cell in cells]
    start = [keras.ops.convert_to_tensor(each, "float32") for pair in starts for each in pair]
    turned = seen if seen is None else seen[:, ::-1]
    there, ends = run(cells[0][0], x, weights[:3], starts[0], seen)
    back, back_ends = run(cells[1][0], x[:, ::-1], weights[3:], starts[1], turned)
    pair = np.stack([there[:, -1], back[:, -1]] if short else [there, back[:, ::-1]])
    pair = pair * seen[..., None] if mask and not short else pair
    merged = {"concat": np.concatenate(pair, -1), "sum": sum(pair), "mul": np.prod(pair, axis=0)}
    merged |= {"ave": np.mean(pair, axis=0), None: pair}
    found = layer(x, mask=seen, initial_state=start if told else None)
    places = 1 if merge else 2
    return {
        "outputs": (np.reshape(found[:places], merged[merge].shape), merged[merge]),
        "states": (np.stack(found[places:]), np.stack([*ends, *back_ends])),
    }


MERGES = {str(merge): {"merge": merge} for merge in ("concat", "sum", "mul", "ave", None)}
TOLD = {
    "two kinds": {"name": "GRU", "back": "SimpleRNN", "told": True},
    "no sequence": {"short": True, "told": True},
    "no sequence, unmerged": {"short": True, "merge": None},
}


@claim("Bidirectional joins both directions' outputs step by step by its merge_mode", source=PAGES)
def test_bidirectional(judge):
    assert judge(agreement("outputs", both_ways.each(MERGES)))


@claim(
    "Bidirectional hands each direction its initial state, and returns both's last", source=PAGES
)
def test_bidirectional_states(judge):
    assert judge(agreement(("outputs", "states"), both_ways.each(TOLD)))


@claim("Bidirectional skips masked steps both ways, and gives zeros there", source=PAGES)
def test_bidirectional_masked(judge):
    padded = {mask: MASKS[mask] for mask in ("right padding", "left padding")}
    assert judge(agreement(("outputs", "states"), both_ways.each(padded)))


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
