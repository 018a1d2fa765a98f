"""What every optimizer takes: clipping, decay, averages, accumulation, scaling, constraints."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract
from training_claims.claims.contracts.stepping import (
    QUICK,
    STEPS,
    applied,
    clipped_by,
    flat,
    problem,
    variables_of,
)
from training_claims.claims.contracts.update_rules import trained

pytestmark = pytest.mark.contract
PAGE = "https://keras.io/api/optimizers/"
SCALING = "https://keras.io/api/mixed_precision/"
CONSTRAINTS = "https://keras.io/api/layers/constraints/"


@contract("weights", numbers=STEPS * 10)
def clipped(seed, option):
    """Plain descent with a bound that some of the gradients exceed."""
    import keras

    rng, weights, gradients = problem(seed)
    bound = float(rng.uniform(3, 6))
    found = applied(keras.optimizers.SGD(1.0, **{option: bound}), variables_of(weights), gradients)
    cut = [clipped_by(option, bound, step) for step in gradients]
    oracle = [flat(step) for step in trained("SGD", weights, cut, learning_rate=1.0)]
    return {"weights": (found, oracle)}


CLIPPED = {option: {"option": option} for option in ("clipnorm", "global_clipnorm", "clipvalue")}


@claim("Clipping bounds each gradient's norm, that of all, or each number, as asked", source=PAGE)
def test_clipped(judge):
    assert judge(agreement("weights", clipped.each(CLIPPED)))


@contract("kernel", "bias", numbers=STEPS * 6)
def decayed(seed, excluded):
    """Descent with a rate that falls and a decay, which a variable may be excluded from."""
    import keras

    rng, weights, gradients = problem(seed)
    decay, schedule = float(rng.uniform(0.1, 0.5)), (0.5, 1, 0.7)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.InverseTimeDecay(*schedule), weight_decay=decay
    )
    variables = variables_of(weights)
    if excluded == "name":
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    elif excluded == "list":
        optimizer.exclude_from_weight_decay(var_list=[variables[1]])
    found = np.array(applied(optimizer, variables, gradients, traced=excluded == "nothing"))
    (kernel, bias), oracle = weights, []
    for t, step in enumerate(gradients):
        rate = 0.5 / (1 + 0.7 * t)
        kernel = kernel - rate * (decay * kernel + step[0])
        bias = bias - rate * (decay * bias * (excluded == "nothing") + step[1])
        oracle.append(flat([kernel, bias]))
    oracle = np.array(oracle)
    return {
        "kernel": (found[:, : kernel.size], oracle[:, : kernel.size]),
        "bias": (found[:, kernel.size :], oracle[:, kernel.size :]),
    }


@claim("weight_decay takes its share times the rate of the step from a weight", source=PAGE)
def test_decay_times_rate(judge):
    assert judge(agreement("kernel", decayed("nothing")))


EXCLUDED = {"one by name": {"excluded": "name"}, "one in a list": {"excluded": "list"}}


@claim("weight decay leaves out what is excluded by name or in a list, and no other", source=PAGE)
def test_decay_excluded(judge):
    assert judge(agreement(("bias", "kernel"), decayed.each(EXCLUDED)))


@contract("weights", "iterations", "first moments", numbers=STEPS * 10)
def decoupled(seed):
    """Adam with a decay, which must not enter its moments."""
    import keras

    _, weights, gradients = problem(seed)
    options = {"learning_rate": 0.3} | QUICK["Adam"]
    optimizer, variables = keras.optimizers.Adam(weight_decay=0.4, **options), variables_of(weights)
    found, moments = applied(optimizer, variables, gradients), []
    oracle = trained("AdamW", weights, gradients, weight_decay=0.4, **options)
    for place in range(2):
        moment = 0
        for step in gradients:
            moment = 0.6 * moment + 0.4 * step[place]
        moments.append(moment)
    named = [v for v in optimizer.variables if "momentum" in v.path]
    return {
        "weights": (found, [flat(step) for step in oracle]),
        "iterations": (optimizer.iterations.value.numpy(), STEPS),
        "first moments": (flat([v.value.numpy() for v in named]), flat(moments)),
    }


@claim("Adam's weight_decay acts on the weights as AdamW's, and not on its moments", source=PAGE)
def test_decoupled(judge):
    assert judge(agreement(("weights", "first moments", "iterations"), decoupled()))


def constrained_to(name, matrix, axis=0, min_value=0.0, max_value=2.0, rate=1.0):
    """The closest matrix that a constraint allows, or a part of the way there."""
    if name == "NonNeg":
        return np.maximum(matrix, 0)
    norms = np.linalg.norm(matrix, axis=axis, keepdims=True)
    bounds = (1, 1) if name == "UnitNorm" else (min_value, max_value)
    return matrix * (rate * np.clip(norms, *bounds) + (1 - rate) * norms) / (1e-7 + norms)


@contract("kernel", "bias", numbers=STEPS * 6)
def constrained(seed, name, **options):
    """Descent of a kernel under a constraint, and of a bias that has none."""
    import keras

    _, (kernel, bias), gradients = problem(seed)
    variables = variables_of((kernel, bias))
    variables[0].constraint = getattr(keras.constraints, name)(**options)
    found = np.array(applied(keras.optimizers.SGD(0.3), variables, gradients))
    oracle = []
    for step in gradients:
        kernel = constrained_to(name, kernel - 0.3 * step[0], **options)
        bias = bias - 0.3 * step[1]
        oracle.append(flat([kernel, bias]))
    oracle = np.array(oracle)
    return {
        "kernel": (found[:, : kernel.size], oracle[:, : kernel.size]),
        "bias": (found[:, kernel.size :], oracle[:, kernel.size :]),
    }


ALLOWED = {
    "NonNeg": {"name": "NonNeg"},
    "UnitNorm": {"name": "UnitNorm"},
    "UnitNorm of rows": {"name": "UnitNorm", "axis": 1},
    "MaxNorm": {"name": "MaxNorm"},
    "MaxNorm of 0.5": {"name": "MaxNorm", "max_value": 0.5, "axis": 1},
    "MinMaxNorm": {"name": "MinMaxNorm", "min_value": 1.0, "max_value": 1.5, "rate": 0.6},
}


@claim("A constraint holds its weights, and no others, after every step", source=CONSTRAINTS)
def test_constrained(judge):
    assert judge(agreement(("kernel", "bias"), constrained.each(ALLOWED)))


@contract("weights", "averages", "finalized", numbers=STEPS * 10)
def averaged(seed, every, traced=False):
    """Descent with an average of the weights, which may overwrite them."""
    import keras

    rng, weights, gradients = problem(seed)
    momentum = float(rng.uniform(0.3, 0.9))
    optimizer = keras.optimizers.SGD(
        0.1, use_ema=True, ema_momentum=momentum, ema_overwrite_frequency=every
    )
    variables = variables_of(weights)
    found = applied(optimizer, variables, gradients, traced=traced)
    kept = [v.value.numpy() for v in optimizer.variables if "average" in v.path]
    optimizer.finalize_variable_values(variables)
    now, average, oracle = flat(weights), 0, []
    for t, step in enumerate(gradients, 1):
        now = now - 0.1 * flat(step)
        average = now if t == 1 else momentum * average + (1 - momentum) * now
        now = average if every and t % every == 0 else now
        oracle.append(now)
    return {
        "weights": (found, oracle),
        "averages": (flat(kept), average),
        "finalized": (flat([v.value.numpy() for v in variables]), average),
    }


EVERY = {"never": {"every": None}, "every 2": {"every": 2}}
EVERY |= {"every 3, traced": {"every": 3, "traced": True}}


@claim("use_ema overwrites the weights as often as ema_overwrite_frequency, or never", source=PAGE)
def test_overwritten(judge):
    assert judge(agreement("weights", averaged.each(EVERY)))


@claim("use_ema averages by ema_momentum, and finalizing takes the averages", source=PAGE)
def test_averages(judge):
    kept = tuple(f"{name} of never" for name in ("averages", "finalized"))
    assert judge(agreement(kept, averaged.each(EVERY)))


@contract("weights", "iterations", numbers=STEPS * 10)
def accumulated(seed, every, traced=False):
    """Momentum descent that updates once in some steps, by a rate that falls step by step."""
    import keras

    _, weights, gradients = problem(seed)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.InverseTimeDecay(0.5, 1, 0.7),
        momentum=0.6,
        clipnorm=2.0,
        weight_decay=0.1,
        gradient_accumulation_steps=every,
    )
    found = applied(optimizer, variables_of(weights), gradients, traced=traced)
    velocity, now, oracle = [0, 0], weights, []
    for t in range(STEPS):
        if (t + 1) % every == 0:
            rate = 0.5 / (1 + 0.7 * t)
            seen = gradients[t + 1 - every : t + 1]
            mean = [np.mean(each, axis=0) for each in zip(*seen, strict=True)]
            cut = clipped_by("clipnorm", 2.0, mean)
            velocity = [0.6 * v - rate * g for v, g in zip(velocity, cut, strict=True)]
            now = [w * (1 - 0.1 * rate) + v for w, v in zip(now, velocity, strict=True)]
        oracle.append(flat(now))
    return {
        "weights": (found, oracle),
        "iterations": (np.asarray(optimizer.iterations), STEPS // every),
    }


@claim("gradient_accumulation_steps updates by the mean of so many gradients", source=PAGE)
def test_accumulation(judge):
    every = {"2 steps": {"every": 2}, "3 steps, traced": {"every": 3, "traced": True}}
    experiment = accumulated.each(every)
    assert judge(agreement(("weights", "iterations"), experiment))


@contract("weights", "scales", "iterations", "scaled loss", numbers=STEPS * 10)
def rescaled(seed):
    """Adam with clipping under dynamic loss scaling; a step of the six overflows."""
    import keras

    rng, weights, gradients = problem(seed)
    lost, loss = int(rng.integers(1, 4)), float(rng.uniform(1, 2))
    options = {"learning_rate": 0.3} | QUICK["Adam"]
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(clipnorm=4.0, **options), initial_scale=64.0, dynamic_growth_steps=2
    )
    variables, scale, since, scales, found = variables_of(weights), 64.0, 0, [], []
    optimizer.build(variables)
    first = float(optimizer.scale_loss(loss))
    told, counted = [], []
    for t, step in enumerate(gradients):
        scaled = [np.where(t == lost, np.inf, g * scale) for g in step]
        found += applied(optimizer, variables, [scaled])
        told.append(float(optimizer.scale_loss(1.0)))
        counted.append(int(optimizer.iterations))
        since = 0 if t == lost else since + 1
        scale = scale / 2 if t == lost else scale * 2 if since == 2 else scale
        since = since % 2
        scales.append(scale)
    cut = [clipped_by("clipnorm", 4.0, step) for step in gradients]
    oracle = trained("Adam", weights, cut[:lost] + cut[lost + 1 :], **options)
    oracle = [flat(step) for step in oracle]
    oracle.insert(lost, oracle[lost - 1])
    return {
        "weights": (found, oracle),
        "scales": (told, scales),
        "iterations": (counted, [t + (t < lost) for t in range(STEPS)]),
        "scaled loss": (first, 64 * loss),
    }


@claim("LossScaleOptimizer divides gradients by its scale, skips what overflows", source=SCALING)
def test_rescaled(judge):
    assert judge(agreement(("weights", "iterations"), rescaled()))


@claim("LossScaleOptimizer halves its scale on an overflow, and doubles it in time", source=SCALING)
def test_scales(judge):
    assert judge(agreement(("scales", "scaled loss"), rescaled()))


@contract("weights", "scaled loss", numbers=STEPS * 10)
def fixed_scale(seed):
    """Descent with a loss scale that stays."""
    import keras

    rng, weights, gradients = problem(seed)
    scale = float(2.0 ** rng.integers(1, 12))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5, loss_scale_factor=scale)
    scaled = [[scale * g for g in step] for step in gradients]
    found = applied(optimizer, variables_of(weights), scaled)
    oracle = trained("SGD", weights, gradients, learning_rate=0.1, momentum=0.5)
    return {
        "weights": (found, [flat(step) for step in oracle]),
        "scaled loss": (float(optimizer.scale_loss(3.0)), 3 * scale),
    }


@claim("loss_scale_factor divides gradients, and scale_loss multiplies by it", source=PAGE)
def test_fixed_scale(judge):
    assert judge(agreement(("weights", "scaled loss"), fixed_scale()))
