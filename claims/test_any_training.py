"""Training of every kind: models, targets and pipelines beyond the textbook's dense classifiers.

Each claim has small data made for it, in which its statement can be seen in a second of training.
"""

import numpy as np
import pytest

from training_claims import (
    Arm,
    Curve,
    Data,
    Experiment,
    Pipeline,
    Sample,
    builder,
    callbacks,
    claim,
    ended,
    final,
    late,
    losses,
    metrics,
    models,
    statistics,
)

# Two inputs, a number to predict.


@builder
def two_towers(width, *, weather=True):
    """Load and weather of a day, joined late, to tomorrow's demand."""
    import keras

    load, sky = keras.Input((24,), name="load"), keras.Input((6,), name="sky")
    hidden = keras.layers.Dense(width, "relu")(load)
    joined = keras.layers.Concatenate()([hidden, sky]) if weather else hidden
    return keras.Model({"load": load, "sky": sky}, keras.layers.Dense(1)(joined))


@pytest.fixture(scope="module")
def grid():
    """Days whose demand follows their load and, as strongly, the forecast; in MW."""
    rng = np.random.default_rng(0)
    load, sky = rng.normal(size=(500, 24)), rng.normal(size=(500, 6))
    demand = 10 * load[:, -6:].mean(axis=1) + 10 * sky.mean(axis=1) + rng.normal(size=500)
    days = Data("days", {"load": load, "sky": sky}, demand[:, None], split=Sample(400, 100))
    return Arm(
        "with the weather",
        days,
        two_towers(16),
        losses.huber(unit="MW"),
        builder("keras.optimizers.AdamW")(0.01),
        metrics.mae(unit="MW"),
        batch_size=20,
    )


# A fifth of the noise that no model can predict.
@claim("A model that sees the weather too predicts the demand better", source="Two inputs")
def test_two_inputs(judge, grid):
    blind = grid.replace(name="load alone", model=two_towers(16, weather=False))
    assert judge(late("val_mae", grid).below(late("val_mae", blind), by=0.2))


# Sequences.


@builder
def lstm(units):
    """A sequence of tokens to the chance that it is wanted."""
    import keras
    from keras import layers

    return keras.Sequential(
        [layers.Embedding(10, 4), layers.LSTM(units), layers.Dense(1, "sigmoid")]
    )


@pytest.fixture(scope="module")
def mail():
    """Messages of 6 tokens. Of those with token 1, a fifth of all, three in ten are wanted."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 10, (1_000, 6))
    marked = np.flatnonzero(rng.random(1_000) < 0.2)
    tokens[marked, rng.integers(0, 6, len(marked))] = 1
    wanted = np.zeros(1_000)
    wanted[marked] = rng.random(len(marked)) < 0.3
    return Arm(
        "unweighted",
        Data("mail", tokens, wanted, split=Sample(500, 500)),
        lstm(8),
        losses.binary_crossentropy,
        builder("keras.optimizers.Adam")(0.02),
        metrics.recall(),
        callbacks.early_stopping(5),
        epochs=15,
        batch_size=50,
    )


# A quarter of the rare messages.
@claim("Class weights raise the recall of the rare class", source="Imbalanced classes")
def test_class_weights(judge, mail):
    weighted = mail.replace(name="rare counts ten times", class_weight={0: 1, 1: 10})
    assert judge(ended("val_recall", weighted).exceeds(ended("val_recall", mail), by=0.25))


@builder
def transformer(*, positions):
    """One block of self-attention over 8 tokens, to one of two classes."""
    import keras
    from keras import layers

    token, place = (keras.Input((8,), dtype="int32", name=name) for name in ("token", "place"))
    embedded = layers.Embedding(10, 16)(token)
    if positions:
        embedded += layers.Embedding(8, 16)(place)
    attended = layers.MultiHeadAttention(2, 8)(embedded, embedded)
    hidden = layers.LayerNormalization()(embedded + attended)
    hidden += layers.Dense(16)(layers.Dense(32, "relu")(hidden))
    pooled = layers.GlobalMaxPooling1D()(hidden)
    return keras.Model({"token": token, "place": place}, layers.Dense(1, "sigmoid")(pooled))


@pytest.fixture(scope="module")
def halves():
    """Sequences of 8 tokens with one 1, in the first half or in the second."""
    rng = np.random.default_rng(0)
    tokens, place = rng.integers(2, 10, (1_200, 8)), rng.integers(0, 8, 1_200)
    tokens[np.arange(1_200), place] = 1
    x = {"token": tokens, "place": np.tile(np.arange(8), (1_200, 1))}
    return Arm(
        "with positions",
        Data("where token 1 is", x, place // 4, split=Sample(1_000, 200)),
        transformer(positions=True),
        losses.binary_crossentropy,
        builder("keras.optimizers.Adam")(0.01),
        epochs=6,
        batch_size=50,
    )


# Half of what lies between chance, which is a half, and no error.
@claim(
    "Self-attention cannot tell where a token is without positions", source="Vaswani et al. 2017"
)
def test_positions(judge, halves):
    blind = halves.replace(name="without positions", model=transformer(positions=False))
    assert judge(final("val_accuracy", halves).exceeds(final("val_accuracy", blind), by=0.25))


# Images.


@builder
def convolutions(*, normalized=False, averaged=False, moved=0.0):
    """A small convolution net for 12 x 12 images of four classes."""
    import keras
    from keras import layers

    def block(filters):
        convolution = layers.Conv2D(filters, 3, padding="same")
        between = [layers.BatchNormalization(momentum=0.9)] if normalized else []
        return [convolution, *between, layers.ReLU(), layers.MaxPooling2D(2)]

    move = [layers.RandomTranslation(moved, moved, fill_mode="wrap")] if moved else []
    flat = layers.GlobalAveragePooling2D() if averaged else layers.Flatten()
    return keras.Sequential([*move, *block(8), *block(16), flat, layers.Dense(4, "softmax")])


@pytest.fixture(scope="module")
def stripes():
    """Noisy waves in four directions: 12 x 12 pixels."""
    rng = np.random.default_rng(0)
    kind, phase = rng.integers(0, 4, 600), rng.uniform(0, 2 * np.pi, (600, 1, 1))
    angle = (kind * np.pi / 4)[:, None, None]
    across, down = np.mgrid[:12, :12]
    waves = np.sin(1.2 * (np.cos(angle) * across + np.sin(angle) * down) + phase)
    images = waves + rng.normal(size=waves.shape)
    return Arm(
        "plain",
        Data("stripes", images[..., None], kind, split=Sample(400, 200)),
        convolutions(averaged=True),
        optimizer=builder("keras.optimizers.SGD")(1.0),
        epochs=6,
        batch_size=40,
    )


# Of training images, a fifth: chance is a quarter.
@claim(
    "Batch normalization trains at a rate at which the plain network fails",
    source="Ioffe and Szegedy 2015",
)
def test_batch_normalization(judge, stripes):
    normalized = stripes.replace(
        name="normalized", model=convolutions(averaged=True, normalized=True)
    )
    assert judge(late("accuracy", normalized).exceeds(late("accuracy", stripes), by=0.2))


# A tenth of a nat.
@claim("Augmentation narrows the generalization gap", source="Data augmentation")
def test_augmentation(judge, stripes):
    plain = stripes.replace(
        data=stripes.data.replace(split=Sample(32, 240)),
        model=convolutions(),
        optimizer=builder("keras.optimizers.Adam")(0.02),
        epochs=15,
        batch_size=16,
    )
    moved = plain.replace(name="moved at random", model=convolutions(moved=0.5))

    def gap(arm):
        return statistics.gap(late("val_loss", arm), late("loss", arm))

    assert judge(gap(moved).below(gap(plain), by=0.1))


@builder
def autoencoder(code):
    """12 x 12 pixels through a few numbers and back."""
    import keras
    from keras import layers

    return keras.Sequential([layers.Flatten(), layers.Dense(code), layers.Dense(144)])


# Of a variance of 1.5 a pixel.
@claim("A wider code lets an autoencoder restore more", source="Autoencoders")
def test_autoencoder(judge, stripes):
    pixels = stripes.data.x.reshape(-1, 144)
    narrow = Arm(
        "2 numbers",
        Data("stripes, by themselves", pixels, pixels, split=Sample(400, 200)),
        autoencoder(2),
        losses.mse(),
        builder("keras.optimizers.Adam")(0.005),
        (),
        epochs=10,
        batch_size=20,
    )
    wide = narrow.replace(name="16 numbers", model=autoencoder(16))
    assert judge(late("val_loss", wide).below(late("val_loss", narrow), by=0.1))


# Optimizers.


@builder
def momentum(rate, **clipping):
    """SGD with momentum, whose rate grows to its peak in 20 steps and then decays to 0."""
    import keras

    warmed_up = keras.optimizers.schedules.CosineDecay(
        0.0, 180, warmup_target=rate, warmup_steps=20
    )
    return keras.optimizers.SGD(warmed_up, momentum=0.9, **clipping)


@pytest.fixture(scope="module")
def quadrants():
    """Points in 16 dimensions, by which of four curved scores is highest."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 16))
    scores = x @ rng.normal(size=(16, 4)) + 0.3 * x**2 @ rng.normal(size=(16, 4))
    data = Data("curved classes", x, scores.argmax(axis=1), split=Sample(400, 200))
    adam = builder("keras.optimizers.Adam")(0.01)
    return Arm("plain", data, models.mlp(32, classes=4), optimizer=adam, epochs=20, batch_size=40)


# A tenth of a nat.
@claim(
    "Clipping the gradient's norm trains a deep network further at a high rate",
    source="Pascanu, Mikolov and Bengio 2013",
)
def test_clipping(judge, quadrants):
    deep = quadrants.replace(model=models.mlp(*[32] * 8, classes=4), optimizer=momentum(0.5))
    clipped = deep.replace(name="clipped", optimizer=momentum(0.5, global_clipnorm=0.3))
    assert judge(late("loss", clipped).below(late("loss", deep), by=0.1))


@builder
def penalized(l2):
    """One hidden layer with an L2 penalty."""
    import keras
    from keras import layers

    hidden = layers.Dense(32, "relu", kernel_regularizer=keras.regularizers.L2(l2))
    return keras.Sequential([hidden, layers.Dense(4, "softmax")])


def rare_weights(model):
    """Mean magnitude of the weights of the input that is seldom not zero."""
    return float(abs(model.layers[0].kernel.numpy()[0]).mean())


# Under L2, Adam divides the penalty by the size of the gradients, which are small for this input.
@claim(
    "Under Adam, decoupled weight decay is not L2: it shrinks a rare input's weights less",
    source="Loshchilov and Hutter 2019",
)
def test_decoupled_decay(judge, quadrants):
    x = quadrants.data.x.copy()
    x[np.arange(len(x)) % 20 > 0, 0] = 0
    decoupled = quadrants.replace(
        name="weight decay",
        data=quadrants.data.replace(x=x),
        optimizer=builder("keras.optimizers.AdamW")(0.005, weight_decay=0.01),
        callbacks=callbacks.of_model("rare weights", rare_weights, better="less"),
    )
    l2 = decoupled.replace(
        name="L2", model=penalized(0.005), optimizer=builder("keras.optimizers.Adam")(0.005)
    )
    assert judge(final("rare weights", decoupled).exceeds(final("rare weights", l2), by=0.05))


# Two hundredths of a nat.
@claim("Training in bfloat16 ends where float32 ends", source="Mixed precision")
def test_mixed_precision(judge, quadrants):
    exact = quadrants.replace(name="float32", epochs=5)
    mixed = exact.replace(name="bfloat16", policy="mixed_bfloat16")
    distance = statistics.distance(late("val_loss", mixed), late("val_loss", exact))
    assert judge(distance.equivalent_to(0, within=0.02))


# Steps and pipelines of one's own.


@builder
def mixup(width):
    """A classifier whose own training step blends each example with another, and their labels."""
    import keras
    from keras import layers, ops

    class Mixup(keras.Sequential):
        def train_step(self, data):
            inputs, labels = data
            part = keras.random.uniform((), 0.5, 1.0)
            blended = part * inputs + (1 - part) * ops.flip(inputs, axis=0)
            targets = part * labels + (1 - part) * ops.flip(labels, axis=0)
            return super().train_step((blended, targets))

    return Mixup([layers.Dense(width, "relu"), layers.Dense(4, "softmax")])


# A fifth of a nat.
@claim("Mixup keeps the validation loss low under label noise", source="Zhang et al. 2018")
def test_own_training_step(judge, quadrants):
    rng = np.random.default_rng(1)
    labels = np.where(rng.random(600) < 0.3, rng.integers(0, 4, 600), quadrants.data.y)
    plain = quadrants.replace(
        data=Data("noisy labels", quadrants.data.x, np.eye(4)[labels], split=Sample(400, 200)),
        model=models.mlp(128, classes=4),
        loss=losses.categorical_crossentropy(),
        optimizer=builder("keras.optimizers.Adam")(0.03),
        epochs=15,
        batch_size=80,
    )
    mixed = plain.replace(name="mixup", model=mixup(128))
    assert judge(late("val_loss", mixed).below(late("val_loss", plain), by=0.2))


@builder
def batches(x, y, *, window=0, seed=0):
    """A tf.data pipeline that shuffles within a window of so many examples."""
    import tensorflow as tf

    examples = tf.data.Dataset.from_tensor_slices((x, y))
    if window:
        examples = examples.shuffle(window, seed=seed)
    return examples.batch(40)


# A twentieth of a nat.
@claim("A shuffle window smaller than a class spoils training on sorted examples", source="tf.data")
def test_pipeline(judge, quadrants):
    (x, y, _), (held_out, labels, _) = quadrants.data.draw(0).parts()
    by_class = np.argsort(y, kind="stable")
    validation = batches(held_out, labels)

    def loss(window):
        training = batches(x[by_class], y[by_class], window=window)
        data = Pipeline(f"sorted by class, window {window}", training, validation)
        rate = builder("keras.optimizers.Adam")(0.02)
        name = f"window of {window}"
        return late("val_loss", quadrants.replace(name=name, data=data, optimizer=rate, epochs=5))

    assert judge(loss(400).below(loss(10), by=0.05))


# Experiments.


@builder
def transferred(seed, x, y, *, pretrained):
    """The accuracy of a head for digits 5 to 9 on a frozen base: of 0 to 4, or as drawn."""
    import keras
    from keras import layers
    from sklearn.linear_model import LogisticRegression

    keras.utils.set_random_seed(seed)
    base = keras.Sequential([layers.Dense(64, "relu"), layers.Dense(16, "relu")])
    rows = np.random.default_rng(seed).permutation(len(y))
    low, high = rows[y[rows] < 5][:1_000], rows[y[rows] > 4]
    if pretrained:
        model = keras.Sequential([base, layers.Dense(5, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(x[low], y[low], batch_size=50, epochs=5, verbose=0)
    seen, tested = high[:100], high[-500:]
    head = LogisticRegression(max_iter=1_000).fit(base(x[seen]), y[seen])
    return {"accuracy": head.score(base(x[tested]), y[tested])}


# Five images in a hundred.
@claim("A base trained on other digits lets a head learn from a hundred", source="Transfer")
def test_transfer(judge, mnist):
    def accuracy(name, *, pretrained):
        run = transferred(mnist.x[:5_000], mnist.y[:5_000], pretrained=pretrained)
        return final("accuracy", Experiment(name, run, Curve("accuracy", "more")))

    drawn = accuracy("base as drawn", pretrained=False)
    assert judge(accuracy("pretrained base", pretrained=True).exceeds(drawn, by=0.05))


@builder
def by_scikit_learn(seed, data):
    """The accuracy of scikit-learn's logistic regression on a seed's split."""
    from sklearn.linear_model import LogisticRegression

    (x, y, _), (held_out, labels, _) = data.draw(seed).parts()
    fitted = LogisticRegression(C=np.inf, max_iter=1_000).fit(x, y)
    return {"val_accuracy": fitted.score(held_out, labels)}


# Five points in a hundred.
@claim("Keras's logistic regression ends where scikit-learn's does", source="scikit-learn")
def test_against_scikit_learn(judge, quadrants):
    ours = quadrants.replace(name="Keras", model=models.mlp(classes=4), epochs=60)
    run = by_scikit_learn(quadrants.data)
    theirs = Experiment("scikit-learn", run, Curve("val_accuracy", "more"))
    distance = statistics.distance(late("val_accuracy", ours), final("val_accuracy", theirs))
    assert judge(distance.equivalent_to(0, within=0.05))
