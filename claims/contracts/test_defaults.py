"""What Keras takes where nothing is asked for."""

import inspect

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/"
EXACT = 1e-31  # below the smallest number here

ADAM = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
MOVING = {"learning_rate": 1e-3, "rho": 0.9, "momentum": 0, "epsilon": 1e-7}
FOCAL = {"alpha": 0.25, "gamma": 2, "from_logits": 0, "label_smoothing": 0}
# What each room documents, by class.
DOCUMENTED = {
    "optimizers": {
        "SGD": {"learning_rate": 0.01, "momentum": 0, "nesterov": 0},
        "RMSprop": MOVING | {"centered": 0},
        "Adam": ADAM | {"amsgrad": 0},
        "AdamW": ADAM | {"weight_decay": 0.004},
        "Adadelta": {"learning_rate": 1e-3, "rho": 0.95, "epsilon": 1e-7},
        "Adagrad": {"learning_rate": 1e-3, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "Adamax": ADAM,
        "Nadam": ADAM,
        "Ftrl": {
            "learning_rate": 1e-3,
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0,
            "l2_regularization_strength": 0,
            "l2_shrinkage_regularization_strength": 0,
            "beta": 0,
        },
        "Adafactor": {
            "learning_rate": 1e-3,
            "beta_2_decay": -0.8,
            "epsilon_1": 1e-30,
            "epsilon_2": 1e-3,
            "clip_threshold": 1,
        },
        "Lion": {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.99},
        "LossScaleOptimizer": {"initial_scale": 2**15, "dynamic_growth_steps": 2000},
    },
    "optimizers.schedules": {
        "CosineDecay": {"alpha": 0, "warmup_steps": 0},
        "CosineDecayRestarts": {"t_mul": 2, "m_mul": 1, "alpha": 0},
        "PolynomialDecay": {"end_learning_rate": 1e-4, "power": 1, "cycle": 0},
        "ExponentialDecay": {"staircase": 0},
        "InverseTimeDecay": {"staircase": 0},
    },
    "losses": {
        "Huber": {"delta": 1},
        "BinaryCrossentropy": {"from_logits": 0, "label_smoothing": 0},
        "CategoricalCrossentropy": {"from_logits": 0, "label_smoothing": 0},
        "SparseCategoricalCrossentropy": {"from_logits": 0},
        "BinaryFocalCrossentropy": FOCAL | {"apply_class_balancing": 0},
        "CategoricalFocalCrossentropy": FOCAL,
        "Tversky": {"alpha": 0.5, "beta": 0.5},
    },
    "metrics": {
        "BinaryAccuracy": {"threshold": 0.5},
        "TopKCategoricalAccuracy": {"k": 5},
        "SparseTopKCategoricalAccuracy": {"k": 5},
        "AUC": {"num_thresholds": 200, "multi_label": 0, "from_logits": 0},
        "FBetaScore": {"beta": 1},
    },
    "layers": {
        "BatchNormalization": {"axis": -1, "momentum": 0.99, "epsilon": 1e-3},
        "LayerNormalization": {"axis": -1, "epsilon": 1e-3},
        "GroupNormalization": {"groups": 32, "axis": -1, "epsilon": 1e-3},
        "UnitNormalization": {"axis": -1},
        "RMSNormalization": {"axis": -1, "epsilon": 1e-6},
        "LeakyReLU": {"negative_slope": 0.3},
        "ELU": {"alpha": 1},
        "Softmax": {"axis": -1},
        "Masking": {"mask_value": 0},
        "Embedding": {"mask_zero": 0},
        "LSTM": {"dropout": 0, "recurrent_dropout": 0, "unit_forget_bias": 1, "stateful": 0},
        "GRU": {"dropout": 0, "recurrent_dropout": 0, "reset_after": 1, "stateful": 0},
        "MultiHeadAttention": {"dropout": 0, "use_bias": 1},
    },
    "callbacks": {
        "EarlyStopping": {
            "min_delta": 0,
            "patience": 0,
            "restore_best_weights": 0,
            "start_from_epoch": 0,
        },
        "ReduceLROnPlateau": {
            "factor": 0.1,
            "patience": 10,
            "min_delta": 1e-4,
            "cooldown": 0,
            "min_lr": 0,
        },
        "ModelCheckpoint": {"save_best_only": 0, "save_weights_only": 0},
    },
    "initializers": {
        "RandomNormal": {"mean": 0, "stddev": 0.05},
        "RandomUniform": {"minval": -0.05, "maxval": 0.05},
        "TruncatedNormal": {"mean": 0, "stddev": 0.05},
        "VarianceScaling": {"scale": 1},
        "Orthogonal": {"gain": 1},
    },
    "regularizers": {
        "L1": {"l1": 0.01},
        "L2": {"l2": 0.01},
        "L1L2": {"l1": 0, "l2": 0},
        "OrthogonalRegularizer": {"factor": 0.01},
    },
    "constraints": {
        "MaxNorm": {"max_value": 2, "axis": 0},
        "MinMaxNorm": {"min_value": 0, "max_value": 1, "rate": 1, "axis": 0},
        "UnitNorm": {"axis": 0},
    },
}


@contract("numbers", numbers=60)
def defaults(_, room):
    """What the classes of a room take by default; those that this release has."""
    import keras

    made = keras
    for part in room.split("."):
        made = getattr(made, part)
    found, told = [], []
    for name, documented in DOCUMENTED[room].items():
        if stated := getattr(made, name, None):
            taken = inspect.signature(stated.__init__).parameters
            found += [float(taken[each].default) for each in documented]
            told += documented.values()
    return {"numbers": (found, np.float64(told))}


@pytest.mark.parametrize("room", DOCUMENTED)
@claim("What keras.{room} takes by default is what it documents", source=PAGES)
def test_defaults(judge, room):
    assert judge(agreement("numbers", defaults(room), within=EXACT))


FIT = {"epochs": 1, "validation_split": 0, "shuffle": 1, "initial_epoch": 0, "validation_freq": 1}
COMPILE = {"steps_per_execution": 1, "run_eagerly": 0, "auto_scale_loss": 1}


@contract("fit", "compile", numbers=5)
def asked_for_nothing(_):
    """What `fit` and `compile` do unless told otherwise."""
    import keras

    def taken(method, documented):
        of = inspect.signature(method).parameters
        return [float(of[each].default) for each in documented], [*documented.values()]

    return {"fit": taken(keras.Model.fit, FIT), "compile": taken(keras.Model.compile, COMPILE)}


@claim(
    "By default fit takes one shuffled epoch, and compile one step at a time, in a graph",
    source=PAGES,
)
def test_fit(judge):
    assert judge(agreement(("fit", "compile"), asked_for_nothing(), within=EXACT))
