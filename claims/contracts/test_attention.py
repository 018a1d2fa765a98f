"""Attention, embeddings and what reads a mask, against sums written out."""

import numpy as np
import pytest
from scipy.special import softmax

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

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


def mask_of(rng, kind, rows, queries, keys):
    """What Keras is given, and which (query, key) pairs are left."""
    full = np.ones((rows, queries, keys), bool)
    if kind == "a mask of pairs":
        left = rng.random(full.shape) < 0.6
        left[..., 0] = True
        return {"attention_mask": left}, left
    if kind == "a causal mask":
        return {"use_causal_mask": True}, full & np.tri(queries, keys, dtype=bool)
    if kind == "padding of values":
        seen = seen_of(rng, rows, keys)
        return {"value_mask": seen}, full & seen[:, None]
    if kind == "padding and a causal mask":
        seen = seen_of(rng, rows, keys)
        left = full & seen[:, None] & np.tri(queries, keys, dtype=bool)
        return {"value_mask": seen, "use_causal_mask": True}, left
    return {}, full


@contract("outputs", "weights", numbers=3 * 2 * 5 * 5)
def many_headed(seed, kind):
    """MultiHeadAttention of random weights."""
    import keras

    rng = np.random.default_rng(seed)
    rows, queries, keys, heads, size = 3, int(rng.integers(3, 6)), 5, 2, 3
    query, value, key = (
        rng.normal(size=(rows, steps, 4)).astype("float32") for steps in (queries, keys, keys)
    )
    layer = keras.layers.MultiHeadAttention(heads, size, value_dim=2)
    given, left = mask_of(rng, kind, rows, queries, keys)
    layer(query, value, key)
    weights = [rng.normal(size=each.shape) for each in layer.get_weights()]
    layer.set_weights(weights)
    outputs, shares = layer(query, value, key, return_attention_scores=True, **given)
    of_query, of_key, of_value = (
        np.einsum("btd,dhs->bhts", x, kernel) + bias[:, None]
        for x, kernel, bias in (
            (query, *weights[:2]), (key, *weights[2:4]), (value, *weights[4:6])
        )
    )  # fmt: skip
    scores = of_query @ of_key.swapaxes(2, 3) / np.sqrt(size)
    oracle, mixed = attended(scores, of_value, left[:, None])
    return {
        "outputs": (outputs, np.einsum("bhts,hsd->btd", mixed, weights[6]) + weights[7]),
        "weights": (shares, oracle),
    }


KINDS = ["no mask", "a mask of pairs", "a causal mask"]
KINDS += ["padding of values", "padding and a causal mask"]


@claim("MultiHeadAttention mixes by its documented weights, and returns them", source=ATTENTION)
def test_heads(judge):
    experiment = many_headed.each({kind: {"kind": kind} for kind in KINDS})
    assert judge(agreement(("outputs", "weights"), experiment))


@contract("outputs", "weights", numbers=3 * 5 * 5)
def one_headed(seed, name, options, kind):
    """Attention and AdditiveAttention."""
    import keras

    rng = np.random.default_rng(seed)
    query, value, key = (rng.normal(size=(3, steps, 4)).astype("float32") for steps in (4, 5, 5))
    layer = getattr(keras.layers, name)(**options)
    layer.build([query.shape, value.shape, key.shape])
    scale = [rng.uniform(0.5, 2, size=each.shape) for each in layer.get_weights()]
    layer.set_weights(scale)
    scale = scale[0] if scale else 1.0
    if name == "AdditiveAttention":
        scores = np.sum(scale * np.tanh(query[:, :, None] + key[:, None]), axis=-1)
    elif options.get("score_mode") == "concat":
        scores = np.sum(np.tanh(query[:, :, None] + key[:, None]), axis=-1)
    else:
        scores = scale * np.float64(query) @ key.swapaxes(1, 2)
    left, given, seen = np.ones(scores.shape, bool), {}, np.ones((3, 4), bool)
    if kind == "padding":
        seen, values = seen_of(rng, 3, 4), seen_of(rng, 3, 5)
        given, left = {"mask": [seen, values]}, left & values[:, None]
    elif kind == "a causal mask":
        given, left = {"use_causal_mask": True}, left & np.tri(4, 5, dtype=bool)
    outputs, shares = layer([query, value, key], return_attention_scores=True, **given)
    oracle, mixed = attended(scores, value, left)
    return {"outputs": (outputs, mixed * seen[..., None]), "weights": (shares, oracle)}


ATTENDED = {"Attention": [{}, {"use_scale": True}], "AdditiveAttention": [{}]}


@pytest.mark.parametrize("name", ATTENDED)
@claim("{name} gives its documented mean of values, under any mask", source=ATTENTION)
def test_attention(judge, name):
    variants = {
        f"{kind}, {options}": {"options": options, "kind": kind}
        for options in ATTENDED[name]
        for kind in ("no mask", "padding", "a causal mask")
    }
    assert judge(agreement("outputs", one_headed.each(variants, name)))


@contract("vectors", "mask", "recurrent", "pooled", "dense", "masking", "of masking", numbers=200)
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
    model = keras.Model(inputs, [vectors, summed, pooled, each])
    model.layers[1].set_weights([table])
    kernel, bias = rng.normal(size=(3, 2)), rng.normal(size=2)
    next(x for x in model.layers if "distributed" in x.name).set_weights([kernel, bias])
    found = model(words)
    dense = table[words] @ kernel + bias
    x = rng.normal(size=(4, 5, 3)) * (rng.random((4, 5, 1)) < 0.6)
    masking = keras.layers.Masking(0.0)
    return {
        "vectors": (found[0], table[words]),
        "mask": (embedding.compute_mask(words), seen),
        "recurrent": (found[1], np.sum(table[words] * seen[..., None], axis=1)),
        "pooled": (found[2], np.sum(dense * seen[..., None], 1) / seen.sum(1, keepdims=True)),
        "dense": (found[3], dense),
        "of masking": (masking.compute_mask(x), np.any(x != 0, axis=-1)),
        "masking": (masking(x.astype("float32")), x),
    }


EMBEDDED = {
    "Embedding looks its table's rows up, and masks the zeros alone": ("vectors", "mask"),
    "What comes after an Embedding reads what is not masked": ("recurrent", "pooled"),
    "TimeDistributed applies its layer to each step": ("dense",),
    "Masking masks the steps whose features all are its value": ("of masking",),
}


@pytest.mark.parametrize("sentence", EMBEDDED)
@claim("{sentence}", source=MASKING)
def test_embedded(judge, sentence):
    assert judge(agreement(EMBEDDED[sentence], embedded()))
