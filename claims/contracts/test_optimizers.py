"""Every optimizer steps by its documented rule, with its documented defaults."""

from functools import cache

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import ROUNDING, agreement, contract
from training_claims.claims.contracts.update_rules import trained

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/optimizers/"
KERNELS = "https://www.tensorflow.org/api_docs/python/tf/raw_ops/"
STEPS = 3
# 1 - 0.999**t keeps no more than four of float32's seven digits; Muon's iteration loses two.
WIDER = {"Adam": 1e-4, "AdamW": 1e-4, "Nadam": 1e-4, "Lamb": 1e-4, "Muon": 1e-4}
HAT = "https://github.com/tensorflow/tensorflow/issues/58412"
NOWHERE = "reported nowhere that we found"


SHAPES = ((3, 4), (5,), (3,)), ((5, 2), (4,), (3,))


def flat(steps, unit):
    return np.concatenate([np.ravel(weight) / unit for step in steps for weight in step])


@cache
def in_a_graph(name, shapes, options):
    """Variables, a step that is traced once for all seeds, and what it starts from."""
    import keras
    import tensorflow as tf

    variables = [keras.Variable(np.zeros(shape), dtype="float32") for shape in shapes]
    optimizer = getattr(keras.optimizers, name)(**dict(options))
    optimizer.build(variables)
    start = [(slot, slot.value.numpy()) for slot in optimizer.variables]
    return variables, tf.function(lambda step: optimizer.apply(step, variables)), start


def as_started(name, weights, options):
    """Variables of these weights, and an optimizer's step in a graph."""
    shapes = tuple(weight.shape for weight in weights)
    variables, step, start = in_a_graph(name, shapes, tuple(options.items()))
    for variable, value in (*zip(variables, weights, strict=True), *start):
        variable.assign(value)
    return variables, step


def eagerly(name, weights, options):
    """Variables of these weights, and an optimizer's step."""
    import keras

    variables = [keras.Variable(each, dtype="float32") for each in weights]
    optimizer = getattr(keras.optimizers, name)(**options)
    return variables, lambda step: optimizer.apply(step, variables)


@contract("weights", "in a graph", numbers=STEPS * 20)
def stepped(seed, name, unit, rule=None, **options):
    """A matrix and two vectors after each of three steps, in units of a step's usual size.

    The gradients' sizes go from 1e-5 to 1, so that an epsilon shows; the last vector starts at 0.
    """
    import keras

    rng, shapes = np.random.default_rng(seed), SHAPES[seed % 2]
    scales = 2 * unit, 2 * unit, 0
    weights = [s * rng.normal(size=shape) for s, shape in zip(scales, shapes, strict=True)]
    sizes = [10 ** rng.uniform(-5, 0, size=shape) for shape in shapes]
    gradients = [[size * rng.normal(size=size.shape) for size in sizes] for _ in range(STEPS)]
    oracle, found = flat(trained(name, weights, gradients, rule, **options), unit), {}
    for quantity, way in (("weights", eagerly), ("in a graph", as_started)):
        variables, apply = way(name, weights, options)
        steps = []
        for step in gradients:
            apply([keras.ops.convert_to_tensor(g, "float32") for g in step])
            steps.append([variable.value.numpy() for variable in variables])
        found[quantity] = flat(steps, unit), oracle
    return found


# A step's usual size with the defaults, and options to go by beside them.
UNITS = {
    "SGD": 0.01,
    "RMSprop": 1e-3,
    "Adam": 1e-3,
    "AdamW": 1e-3,
    "Adamax": 1e-3,
    "Nadam": 1e-3,
    "Adagrad": 1e-3,
    "Adadelta": 1e-6,
    "Ftrl": 1e-3,
    "Lion": 1e-3,
    "Lamb": 1.0,
    "Adafactor": 1e-6,
    "Muon": 1e-3,
}
DECAY = {"weight_decay": 0.2}
OPTIONS = {
    "SGD": {
        "momentum": {"momentum": 0.8},
        "Nesterov's": {"momentum": 0.8, "nesterov": True} | DECAY,
    },
    "RMSprop": {
        "momentum": {"rho": 0.8, "momentum": 0.7, "epsilon": 1e-4},
        "centered": {"centered": True, "epsilon": 1e-3} | DECAY,
    },
    "Adam": {
        "betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
        "amsgrad": {"beta_1": 0.7, "beta_2": 0.6, "amsgrad": True},
    },
    "AdamW": {"amsgrad": {"beta_2": 0.6, "weight_decay": 0.3, "amsgrad": True}},
    "Adamax": {"betas": {"beta_1": 0.7, "beta_2": 0.5, "epsilon": 1e-3} | DECAY},
    "Nadam": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3} | DECAY},
    "Adagrad": {"a start": {"initial_accumulator_value": 0.01, "epsilon": 1e-3} | DECAY},
    "Adadelta": {"rho": {"rho": 0.7, "epsilon": 1e-2} | DECAY},
    "Ftrl": {
        "power": {"learning_rate_power": -0.8, "beta": 0.5},
        "L1": {"l1_regularization_strength": 0.3} | DECAY,
        "shrinkage": {"l2_shrinkage_regularization_strength": 0.2},
    },
    "Lion": {"betas": {"beta_1": 0.6, "beta_2": 0.8} | DECAY},
    "Lamb": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3} | DECAY},
    "Adafactor": {
        "clipping": {"clip_threshold": 0.5, "epsilon_1": 1e-3, "epsilon_2": 3.0},
        "decay": {"beta_2_decay": -0.5, "clip_threshold": 9.0} | DECAY,
    },
    "Muon": {
        "momentum": {"momentum": 0.8, "nesterov": False, "ns_steps": 3, "weight_decay": 0.3},
        "no scale": {"rms_rate": None, "adam_weight_decay": 0.3, "adam_lr_ratio": 0.4},
        "coefficients": {"muon_a": 2.0, "muon_b": -1.5, "muon_c": 0.5, "adam_beta_1": 0.7},
        "AdamW's": {"adam_beta_2": 0.8, "epsilon": 1e-3},
    },
}


@pytest.mark.parametrize("name", UNITS)
@claim("{name} moves weights by its documented rule, by default and by its options", source=PAGES)
def test_rule(judge, name):
    variants = {"the defaults": {"unit": UNITS[name]}} | {
        option: {"unit": 1.0, "learning_rate": 0.7, **given}
        for option, given in OPTIONS[name].items()
    }
    within = WIDER.get(name, ROUNDING)
    stated = agreement(("weights", "in a graph"), stepped.each(variants, name), within=within)
    assert judge(stated)


@contract("by Muon", "by AdamW", numbers=STEPS * 36)
def shared_out(seed):
    """A matrix; a kernel of rank 3, an embedding's table and an excluded layer's matrix."""
    import keras

    rng, names = np.random.default_rng(seed), ("dense", "kernel", "embeddings", "output")
    weights = [rng.normal(size=(2, 3) if name != "kernel" else (2, 3, 2)) for name in names]
    gradients = [[rng.normal(size=weight.shape) for weight in weights] for _ in range(STEPS)]
    variables = [
        keras.Variable(w, dtype="float32", name=n) for w, n in zip(weights, names, strict=True)
    ]
    optimizer = keras.optimizers.Muon(0.1, exclude_layers=["out.*"])
    found = []
    for step in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in step], variables)
        found.append([variable.value.numpy() for variable in variables])
    quantities = {}
    for name, rule, part in (
        ("by Muon", "Muon", slice(1)),
        ("by AdamW", "Muon, by AdamW", slice(1, 4)),
    ):
        its = [step[part] for step in gradients]
        oracle = trained("Muon", weights[part], its, rule, learning_rate=0.1)
        quantities[name] = flat([step[part] for step in found], 1), flat(oracle, 1)
    return quantities


@claim(
    "Muon leaves to AdamW what is no matrix, an embedding's table, and layers it excludes",
    source=PAGES,
)
def test_muon_or_adamw(judge):
    assert judge(agreement(("by Muon", "by AdamW"), shared_out(), within=WIDER["Muon"]))


@claim("RMSprop adds its epsilon under the root, as ApplyRMSProp does", source=KERNELS)
def test_epsilon_under_the_root(judge):
    experiment = stepped("RMSprop", 1.0, learning_rate=0.7, epsilon=1e-4)
    assert judge(agreement("weights", experiment))


@claim(
    "RMSprop's epsilon is the Adam paper's epsilon hat, beside the root", source=PAGES, known=HAT
)
def test_epsilon_hat(judge):
    experiment = stepped("RMSprop", 1.0, "RMSprop, epsilon hat", learning_rate=0.7, epsilon=1e-4)
    assert judge(agreement("weights", experiment))


@claim("Ftrl adds twice its L2 strength to the denominator, as ApplyFtrl does", source=KERNELS)
def test_ftrl_l2_doubled(judge):
    options = {"learning_rate": 0.7, "l2_regularization_strength": 0.3}
    assert judge(agreement("weights", stepped("Ftrl", 1.0, "Ftrl, twice the L2", **options)))


@claim("Ftrl adds its L2 strength to the denominator once", source=PAGES, known=NOWHERE)
def test_ftrl_l2(judge):
    options = {"learning_rate": 0.7, "l2_regularization_strength": 0.3}
    assert judge(agreement("weights", stepped("Ftrl", 1.0, **options)))


@claim("Adafactor with relative_step=False keeps its rate as given", source=PAGES, known=NOWHERE)
def test_adafactor_absolute_step(judge):
    experiment = stepped("Adafactor", 1.0, learning_rate=0.9, relative_step=False)
    assert judge(agreement("weights", experiment))


@claim("ScheduleFreeAdamW steps as in its paper, at a constant rate", source=PAGES, known=NOWHERE)
def test_schedule_free(judge):
    assert judge(agreement("weights", stepped("ScheduleFreeAdamW", 1e-3), within=1e-4))
