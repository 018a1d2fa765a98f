"""What `fit` reports is the mean over the examples it has seen."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import agreement, contract

pytestmark = pytest.mark.contract
TRAINING = "https://keras.io/api/models/model_training_apis"


@contract("loss", "mae", numbers=3)
def reported(seed):
    """A linear model's mean squared and absolute error in each epoch, at rate 0."""
    import keras

    rng = np.random.default_rng(seed)
    rows, batch = int(rng.integers(20, 40)), int(rng.integers(3, 8))
    x, y = rng.normal(size=(rows, 4)).astype("float32"), rng.normal(size=(rows, 1))
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    logs = model.fit(x, y, batch_size=batch, epochs=3, verbose=0).history
    kernel, bias = (np.float64(weight) for weight in model.get_weights())
    error = x @ kernel + bias - y
    return {
        "loss": (logs["loss"], [np.mean(error**2)] * 3),
        "mae": (logs["mae"], [np.mean(np.abs(error))] * 3),
    }


@pytest.mark.parametrize("quantity", ["loss", "mae"])
@claim("fit reports {quantity} as the mean over examples, the last batch too", source=TRAINING)
def test_mean_over_examples(judge, quantity):
    assert judge(agreement(quantity, reported()))
