"""Every optimizer steps by its documented rule, with its documented defaults."""

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


def flat(steps, unit):
    return np.concatenate([np.ravel(weight) / unit for step in steps for weight in step])


@contract("weights", numbers=STEPS * 36)
def stepped(seed, name, unit, rule=None, **options):
    """A matrix and a vector after each of three steps, in units of a step's usual size.

    The gradients' sizes go from 1e-5 to 1, so that an epsilon shows.
    """
    import keras

    rng = np.random.default_rng(seed)
    shapes = [tuple(rng.integers(2, 6, size=2)), (int(rng.integers(3, 8)),)]
    weights = [unit * 2 * rng.normal(size=shape) for shape in shapes]
    sizes = [10 ** rng.uniform(-5, 0, size=shape) for shape in shapes]
    gradients = [[size * rng.normal(size=size.shape) for size in sizes] for _ in range(STEPS)]
    optimizer = getattr(keras.optimizers, name)(**options)
    variables, found = [keras.Variable(each, dtype="float32") for each in weights], []
    for step in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in step], variables)
        found.append([variable.value.numpy() for variable in variables])
    oracle = trained(name, weights, gradients, rule, **options)
    return {"weights": (flat(found, unit), flat(oracle, unit))}


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
OPTIONS = {
    "SGD": {"momentum": {"momentum": 0.8}, "Nesterov's": {"momentum": 0.8, "nesterov": True}},
    "RMSprop": {
        "momentum": {"rho": 0.8, "momentum": 0.7, "epsilon": 1e-4},
        "centered": {"centered": True, "epsilon": 1e-3},
    },
    "Adam": {
        "betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
        "amsgrad": {"beta_1": 0.7, "beta_2": 0.6, "amsgrad": True},
    },
    "AdamW": {"amsgrad": {"beta_2": 0.6, "weight_decay": 0.3, "amsgrad": True}},
    "Adamax": {"betas": {"beta_1": 0.7, "beta_2": 0.5, "epsilon": 1e-3}},
    "Nadam": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}},
    "Adagrad": {"a start": {"initial_accumulator_value": 0.01, "epsilon": 1e-3}},
    "Adadelta": {"rho": {"rho": 0.7, "epsilon": 1e-2}},
    "Ftrl": {
        "power": {"learning_rate_power": -0.8, "beta": 0.5},
        "L1": {"l1_regularization_strength": 0.3},
        "shrinkage": {"l2_shrinkage_regularization_strength": 0.2},
    },
    "Lion": {"betas": {"beta_1": 0.6, "beta_2": 0.8}},
    "Lamb": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}},
    "Adafactor": {
        "clipping": {"clip_threshold": 0.5, "epsilon_1": 1e-3, "epsilon_2": 3.0},
        "decay": {"beta_2_decay": -0.5, "clip_threshold": 9.0},
    },
    "Muon": {
        "momentum": {"momentum": 0.8, "nesterov": False, "ns_steps": 3, "weight_decay": 0.3},
        "no scale": {"rms_rate": None, "adam_weight_decay": 0.3},
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
    assert judge(agreement("weights", stepped.each(variants, name), within=within))


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
