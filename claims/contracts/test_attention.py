"""Attention, embeddings and what reads a mask, against sums written out."""

from functools import cache

import numpy as np
import pytest
from scipy.special import expit, softmax

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.laws import ERRORS, share

pytestmark = pytest.mark.contract
ATTENTION = "https://keras.io/api/layers/attention_layers/"
MASKING = "https://keras.io/guides/understanding_masking_and_padding/"


def attended(scores, values, mask):
    """The mean of the values by the softmax of the scores that the mask leaves."""
    weights = softmax(np.where(mask, scores, -np.inf), axis=-1)
    return weights, weights @ values


def seen_of(rng, rows, steps):
    """Padding masks: as many first steps of each row as its length."""
    return np.arange(steps) < rng.integers(2, steps + 1, size=(rows, 1))


def drawn_anew(rng, layer):
    """The layer's weights, random ones from now on, by their layer's name and their own."""
    own = {}
    for weight in layer.weights:
        own["/".join(weight.path.split("/")[1:])] = drawn = rng.normal(size=weight.shape)
        weight.assign(drawn)
    return own


def mask_of(rng, kind, rows, queries, keys):
    """What Keras is given, and which (head, query, key) are left."""
    full, causal = np.ones((rows, 1, queries, keys), bool), np.tri(queries, keys, dtype=bool)
    seen = seen_of(rng, rows, keys)
    if kind == "a mask of pairs":
        left = rng.random(full.shape) < 0.6
        left[..., 0] = True
        return {"attention_mask": left[:, 0]}, left
    if kind == "a causal mask":
        return {"use_causal_mask": True}, full & causal
    if kind in ("padding of values", "padding of keys"):
        return {kind.split()[-1][:-1] + "_mask": seen}, full & seen[:, None, None]
    if kind == "padding and a causal mask":
        return {"value_mask": seen, "use_causal_mask": True}, full & seen[:, None, None] & causal
    return {}, full


HEADS = {
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3, "value_dim": 2},
    "GroupQueryAttention": {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
}


@cache
def layer_of(name, batched, *options):
    """A built layer that serves all seeds, for to make it takes longer than to call it."""
    import keras

    layer = getattr(keras.layers, name)(**HEADS[name] | dict(options))
    layer.build(*[(*[None] * batched, 5, 4)] * 3)
    return layer


@contract("outputs", "weights", "alone", numbers=4 * 4 * 5 * 6)
def many_headed(seed, kind="no mask", name="MultiHeadAttention", batch=(3,), **options):
    """A layer of several heads and of random weights, with its shares returned and without."""
    rng = np.random.default_rng(seed)
    rows, queries, keys = int(np.prod(batch)), int(rng.integers(3, 6)), 5
    x = [rng.normal(size=(rows, steps, 4)).astype("float32") for steps in (queries, keys, keys)]
    given, left = mask_of(rng, kind, rows, queries, keys)
    layer = layer_of(name, len(batch), *options.items())
    inputs = [each.reshape(*batch, *each.shape[1:]) for each in x]
    own = drawn_anew(rng, layer)

    def projected(of, part):
        bias = own.get(f"{part}/bias", np.zeros((1, 1)))
        return np.einsum("btd,dhs->bhts", of, own[f"{part}/kernel"]) + bias[:, None]

    query, value, key = map(projected, x, ("query", "value", "key"))
    value, key = (np.repeat(each, query.shape[1] // key.shape[1], axis=1) for each in (value, key))
    apart = np.abs(np.arange(queries)[:, None] - np.arange(keys))
    left = left & (apart < (options.get("sliding_window") or keys))
    oracle, mixed = attended(query @ key.swapaxes(2, 3) / np.sqrt(3), value, left)
    mixed = mixed * expit(projected(x[0], "gate")) if "gate/kernel" in own else mixed
    out = np.einsum("bhts,hs...->bt...", mixed, own["attention_output/kernel"])
    out += own.get("attention_output/bias", 0.0)
    outputs, shares = layer(*inputs, return_attention_scores=True, **given)
    return {
        "outputs": (np.reshape(outputs, out.shape), out),
        "weights": (np.reshape(shares, oracle.shape), oracle),
        "alone": (np.reshape(layer(*inputs, **given), out.shape), out),
    }


KINDS = ["no mask", "a mask of pairs", "a causal mask"]
KINDS += ["padding of values", "padding of keys", "padding and a causal mask"]
OPTIONS = {
    "no bias": {"use_bias": False, "value_dim": None, "kind": "a causal mask"},
    "an output shape": {"output_shape": (2, 3), "kind": "padding of values"},
    "an axis": {"batch": (2, 2), "attention_axes": -2},
}
# Newer than the layer itself, so claimed apart: else older releases could be asked for neither.
NEWER = {
    "a window": {"sliding_window": 2, "kind": "a causal mask"},
    "a gate": {"use_gate": True},
}
SHARED = {kind: {"kind": kind} for kind in ("no mask", "a causal mask", "a mask of pairs")}


@claim("MultiHeadAttention mixes by its documented weights, and returns them", source=ATTENTION)
def test_heads(judge):
    experiment = many_headed.each({kind: {"kind": kind} for kind in KINDS} | OPTIONS)
    assert judge(agreement(("outputs", "weights", "alone"), experiment))


@claim("MultiHeadAttention sees its window, and lets through what its gate does", source=ATTENTION)
def test_newer_heads(judge):
    assert judge(agreement(("outputs", "weights", "alone"), many_headed.each(NEWER)))


@claim("GroupQueryAttention lets groups of heads share their keys and values", source=ATTENTION)
def test_shared_heads(judge):
    experiment = many_headed.each(SHARED, name="GroupQueryAttention")
    assert judge(agreement(("outputs", "weights", "alone"), experiment))


@contract("outputs", "weights", numbers=3 * 5 * 5)
def one_headed(seed, name, options, kind):
    """Attention and AdditiveAttention; without a mask, the values are the keys."""
    import keras

    rng = np.random.default_rng(seed)
    query, value, key = (rng.normal(size=(3, steps, 4)).astype("float32") for steps in (4, 5, 5))
    inputs = [query, value] if kind == "no mask" else [query, value, key]
    layer = getattr(keras.layers, name)(**options)
    layer.build([each.shape for each in inputs])
    own = drawn_anew(rng, layer)
    scale, key = own.get("scale", 1.0), inputs[-1]
    pairs = np.float64(query)[:, :, None] + key[:, None]
    if name == "AdditiveAttention":
        scores = np.sum(scale * np.tanh(pairs), axis=-1)
    elif "score_mode" in options:
        scores = own["concat_score_weight"] * np.sum(np.tanh(scale * pairs), axis=-1)
    else:
        scores = scale * np.float64(query) @ key.swapaxes(1, 2)
    left, given, seen = np.ones(scores.shape, bool), {}, np.ones((3, 4), bool)
    if kind != "no mask":
        seen, values = seen_of(rng, 3, 4), seen_of(rng, 3, 5)
        given, left = {"mask": [seen, values]}, left & values[:, None]
    if kind == "padding and a causal mask":
        given, left = given | {"use_causal_mask": True}, left & np.tri(4, 5, dtype=bool)
    outputs, shares = layer(inputs, return_attention_scores=True, **given)
    oracle, mixed = attended(scores, value, left)
    return {"outputs": (outputs, mixed * seen[..., None]), "weights": (shares, oracle)}


ATTENDED = {
    "Attention": [{}, {"use_scale": True}, {"score_mode": "concat", "use_scale": True}],
    "AdditiveAttention": [{}, {"use_scale": False}],
}


@pytest.mark.parametrize("name", ATTENDED)
@claim("{name} gives its documented mean of values, under any mask", source=ATTENTION)
def test_attention(judge, name):
    variants = {
        f"{kind}, {options}": {"options": options, "kind": kind}
        for options in ATTENDED[name]
        for kind in ("no mask", "padding", "padding and a causal mask")
    }
    assert judge(agreement(("outputs", "weights"), one_headed.each(variants, name)))


def plain(name, size, **options):
    """A layer of attention of one head that projects nothing, as of query, value and key."""
    import keras

    if name not in HEADS:
        layer = getattr(keras.layers, name)(**options)
        return lambda query, value, key, **given: layer([query, value, key], **given)
    heads = (1, size) if name == "MultiHeadAttention" else (size, 1, 1)
    layer = getattr(keras.layers, name)(*heads, **options)
    layer.build(*[(None, size, size)] * 3)
    for weight in layer.weights:
        if weight.name == "kernel":
            weight.assign(np.eye(size).reshape(weight.shape))
    return layer


@contract("weights", "share", "inference", numbers=4 * 12 * 12)
def dropped(seed, name):
    """The weights that dropout leaves, under a causal mask: what is mixed of one-hot values."""
    rng = np.random.default_rng(seed)
    x, rate = 0.5 * rng.normal(size=(4, 12, 12)), float(rng.uniform(0.2, 0.7))
    values = np.broadcast_to(np.eye(12), x.shape)
    layer = plain(name, 12, dropout=rate, seed=seed)
    given = [each.astype("float32") for each in (x, values, x)]
    trained, inferred = (
        np.asarray(layer(*given, use_causal_mask=True, training=training))
        for training in (True, False)
    )
    scores = x @ x.swapaxes(1, 2) / (np.sqrt(12) if name in HEADS else 1)
    seen = np.tri(12, dtype=bool)
    oracle, _ = attended(scores, values, seen)
    drops = trained == 0
    return {
        "weights": (trained, np.where(drops, 0, oracle / (1 - rate))),
        "share": share(drops[:, seen], rate),
        "inference": (inferred, oracle),
    }


DROPPED = dropped.each({name: {"name": name} for name in ("Attention", *HEADS)})


@claim(
    "Attention in training drops weights of what it may see, and scales the rest", source=ATTENTION
)
def test_dropped(judge):
    assert judge(agreement(("weights", "inference"), DROPPED))


@claim("Attention in training drops weights at its dropout's rate", source=ATTENTION)
def test_dropped_share(judge):
    assert judge(agreement("share", DROPPED, within=ERRORS))


@contract("weights", numbers=2 * 16 * 16)
def in_half(seed, name):
    """The weights of scores nearly as large as float16 holds, the highest where padding is."""
    rng = np.random.default_rng(seed)
    x, seen = np.zeros((3, 2, 16, 16), "float16"), seen_of(rng, 2, 16)
    x[0, ..., 0], x[2, ..., 0] = 4 if name in HEADS else 1, 3500 * np.arange(-7, 9)
    given = {"value_mask": seen} if name in HEADS else {"mask": [None, seen]}
    _, found = plain(name, 16, dtype="float16")(*x, return_attention_scores=True, **given)
    scores = np.broadcast_to(3500.0 * np.arange(-7, 9), (2, 16, 16))
    oracle, _ = attended(scores, np.float64(x[1]), seen[:, None])
    return {"weights": (np.reshape(found, oracle.shape), oracle)}


@claim("Attention in float16 leaves out what is masked, however high its score", source=ATTENTION)
def test_in_half(judge):
    assert judge(
        agreement("weights", in_half.each({n: {"name": n} for n in ("Attention", *HEADS)}))
    )


@contract(
    *("vectors", "mask", "recurrent", "pooled", "attended", "dense", "masking", "of masking"),
    numbers=200,
)
def embedded(seed):
    """Words, 0 being none, through an embedding and what comes after it in a model."""
    import keras

    rng = np.random.default_rng(seed)
    words = rng.integers(1, 6, size=(4, 5))
    words[~seen_of(rng, 4, 5)] = 0
    table, seen = rng.normal(size=(6, 3)), words > 0
    inputs = keras.Input((5,), dtype="int32")
    embedding = keras.layers.Embedding(6, 3, mask_zero=True)
    vectors = embedding(inputs)
    each = keras.layers.TimeDistributed(keras.layers.Dense(2))(vectors)
    adding = {"kernel_initializer": "identity", "recurrent_initializer": "identity"}
    summed = keras.layers.SimpleRNN(3, "linear", use_bias=False, **adding)(vectors)
    pooled = keras.layers.GlobalAveragePooling1D()(each)
    heads = keras.layers.MultiHeadAttention(1, 3, use_bias=False)
    attention = [heads(vectors, vectors), keras.layers.Attention()([vectors, vectors])]
    means = [keras.layers.GlobalAveragePooling1D()(x) for x in attention]
    model = keras.Model(inputs, [vectors, summed, pooled, each, *means])
    for weight in heads.weights:
        weight.assign(np.eye(3).reshape(weight.shape))
    model.layers[1].set_weights([table])
    kernel, bias = rng.normal(size=(3, 2)), rng.normal(size=2)
    next(x for x in model.layers if "distributed" in x.name).set_weights([kernel, bias])
    found = model(words)
    dense = table[words] @ kernel + bias
    scores = table[words] @ table[words].swapaxes(1, 2)
    mixed = [attended(scores / a, table[words], seen[:, None])[1] for a in (np.sqrt(3), 1)]
    weight = seen[..., None] / seen.sum(1)[:, None, None]
    x = rng.normal(size=(4, 5, 3)) * (rng.random((4, 5, 1)) < 0.6)
    masking = keras.layers.Masking(0.0)
    return {
        "vectors": (found[0], table[words]),
        "mask": (embedding.compute_mask(words), seen),
        "recurrent": (found[1], np.sum(table[words] * seen[..., None], axis=1)),
        "pooled": (found[2], np.sum(dense * seen[..., None], 1) / seen.sum(1, keepdims=True)),
        "attended": (found[4:], [np.sum(each * weight, axis=1) for each in mixed]),
        "dense": (found[3], dense),
        "of masking": (masking.compute_mask(x), np.any(x != 0, axis=-1)),
        "masking": (masking(x.astype("float32")), x),
    }


EMBEDDED = {
    "Embedding looks its table's rows up, and masks the zeros alone": ("vectors", "mask"),
    "What comes after an Embedding reads what is not masked": ("recurrent", "pooled", "attended"),
    "TimeDistributed applies its layer to each step": ("dense",),
    "Masking masks the steps whose features all are its value": ("of masking",),
}


@pytest.mark.parametrize("sentence", EMBEDDED)
@claim("{sentence}", source=MASKING)
def test_embedded(judge, sentence):
    assert judge(agreement(EMBEDDED[sentence], embedded()))
