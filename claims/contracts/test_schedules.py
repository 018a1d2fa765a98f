"""Schedules give the rates that they document, and fit trains by the rate of its step."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGE = "https://keras.io/api/optimizers/learning_rate_schedules/"
STEPS = 40


def exponential(step, start, steps, rate, staircase):
    power = step // steps if staircase else step / steps
    return start * rate**power


def inverse_time(step, start, steps, rate, staircase):
    times = step // steps if staircase else step / steps
    return start / (1 + rate * times)


def piecewise(step, boundaries, values):
    return values[np.searchsorted(boundaries, step)]


def polynomial(step, start, steps, end, power, cycle):
    steps = steps * max(1, np.ceil(step / steps)) if cycle else steps
    return (start - end) * (1 - min(step, steps) / steps) ** power + end


def cosine(step, start, steps, alpha, target=None, warmup=0):
    if step < warmup:
        return start + (target - start) * step / warmup
    share = min(step - warmup, steps) / steps
    decayed = (1 - alpha) * 0.5 * (1 + np.cos(np.pi * share)) + alpha
    return (start if target is None else target) * decayed


def cosine_restarts(step, start, steps, t_mul, m_mul, alpha):
    period = 0
    while step >= steps:
        step, steps, period = step - steps, steps * t_mul, period + 1
    decayed = 0.5 * (1 + np.cos(np.pi * step / steps)) * m_mul**period
    return start * ((1 - alpha) * decayed + alpha)


def drawn(seed, kind):
    """A schedule's arguments from the seed, Keras's and the oracle's."""
    rng = np.random.default_rng(seed)
    start, end = float(rng.uniform(0.5, 1)), float(rng.uniform(0.01, 0.1))
    steps, rate = int(rng.integers(5, 12)), float(rng.uniform(0.3, 0.9))
    given = {"initial_learning_rate": start, "decay_steps": steps}
    if kind in ("ExponentialDecay", "InverseTimeDecay"):
        return given | {"decay_rate": rate}, (start, steps, rate)
    if kind == "PolynomialDecay":
        more = {"end_learning_rate": end, "power": 2 * rate}
        return given | more, (start, steps, end, 2 * rate)
    if kind == "CosineDecay":
        return given | {"alpha": end}, (start, steps, end)
    bounds = [steps, 2 * steps + 1, 3 * steps]
    values = rng.uniform(size=4).tolist()
    return {"boundaries": bounds, "values": values}, (bounds, values)


ORACLES = {
    "ExponentialDecay": exponential,
    "InverseTimeDecay": inverse_time,
    "PiecewiseConstantDecay": piecewise,
    "PolynomialDecay": polynomial,
    "CosineDecay": cosine,
}


@contract("rates", numbers=STEPS)
def scheduled(seed, kind, **options):
    """The rates of the first steps."""
    import keras

    given, positional = drawn(seed, kind)
    own = {name: value for name, value in options.items() if name not in ("target", "warmup")}
    if "warmup" in options:
        own = {"warmup_target": options["target"], "warmup_steps": options["warmup"]}
    schedule = getattr(keras.optimizers.schedules, kind)(**given | own)
    rates = [float(schedule(step)) for step in range(STEPS)]
    return {"rates": (rates, [ORACLES[kind](t, *positional, **options) for t in range(STEPS)])}


@contract("rates", numbers=STEPS)
def restarted(seed, **options):
    """The rates of the first periods."""
    import keras

    rng = np.random.default_rng(seed)
    start, steps = float(rng.uniform(0.5, 1)), int(rng.integers(4, 9))
    schedule = keras.optimizers.schedules.CosineDecayRestarts(start, steps, **options)
    told = {"t_mul": 2.0, "m_mul": 1.0, "alpha": 0.0} | options
    oracle = [cosine_restarts(step, start, steps, **told) for step in range(STEPS)]
    return {"rates": ([float(schedule(step)) for step in range(STEPS)], oracle)}


SMOOTH_OR_NOT = {"smooth": {"staircase": False}, "a staircase": {"staircase": True}}


@pytest.mark.parametrize("kind", ["ExponentialDecay", "InverseTimeDecay"])
@claim("{kind} gives the rates it documents, smooth or by a staircase", source=PAGE)
def test_staircase(judge, kind):
    assert judge(agreement("rates", scheduled.each(SMOOTH_OR_NOT, kind)))


@claim("PolynomialDecay gives the rates it documents, once or in cycles", source=PAGE)
def test_polynomial(judge):
    variants = {"once": {"cycle": False}, "cycles": {"cycle": True}}
    assert judge(agreement("rates", scheduled.each(variants, "PolynomialDecay")))


@claim("PiecewiseConstantDecay keeps a value up to its boundary, that step included", source=PAGE)
def test_piecewise(judge):
    assert judge(agreement("rates", scheduled("PiecewiseConstantDecay")))


COSINES = {"at once": {}, "after a warmup": {"target": 1.5, "warmup": 7}}


@claim("CosineDecay falls by half a cosine to alpha, at once or after a warmup's line", source=PAGE)
def test_cosine(judge):
    assert judge(agreement("rates", scheduled.each(COSINES, "CosineDecay")))


RESTARTS = {
    "equal periods": {"t_mul": 1.0, "m_mul": 0.6, "alpha": 0.1},
    "longer periods": {"t_mul": 1.7, "m_mul": 0.6, "alpha": 0.1},
    "the defaults": {},
}


@claim(
    "CosineDecayRestarts starts anew by t_mul and m_mul; by default in double periods", source=PAGE
)
def test_restarts(judge):
    # Cosines of shares that lost two of float32's seven digits to a logarithm.
    assert judge(agreement("rates", restarted.each(RESTARTS), within=1e-4))


@contract("weights", "rate after", "steps", numbers=8)
def fitted(seed):
    """Two epochs of four batches of a loss whose gradient is always 1."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    start, rate, weights = float(rng.uniform(0.1, 1)), float(rng.uniform(0.3, 0.9)), []
    schedule = keras.optimizers.schedules.ExponentialDecay(start, 1, rate)
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    first = model.get_weights()[0].item()
    model.compile(
        keras.optimizers.SGD(schedule),
        lambda _, prediction: keras.ops.sum(prediction, axis=-1),
        jit_compile=False,
    )

    def record(*_, **__):
        weights.append(model.get_weights()[0].item())

    kept = keras.callbacks.LambdaCallback(on_train_batch_end=record)
    ones = np.ones((8, 1), "float32")
    batches = tf.data.Dataset.from_tensor_slices((ones, ones)).batch(2)
    model.fit(batches, epochs=2, shuffle=False, verbose=0, callbacks=[kept])
    return {
        "weights": (weights, first - np.cumsum(start * rate ** np.arange(8))),
        "rate after": (float(model.optimizer.learning_rate), start * rate**8),
        "steps": (int(model.optimizer.iterations), 8),
    }


@claim("fit updates by the schedule's rate of the steps done so far, none at first", source=PAGE)
def test_step_of_fit(judge):
    assert judge(agreement("weights", fitted()))


@claim("fit counts each batch a step; learning_rate is then the next one's", source=PAGE)
def test_rate_after_fit(judge):
    assert judge(agreement(("rate after", "steps"), fitted()))
