"""Times the ways to train, and reads off a Keras model what it must compute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice, product
from typing import Any

import keras

from training_claims.arm import Arm
from training_claims.data.data import Data
from training_claims.reports.bench.flops import LayerShape, epoch_flop, largest
from training_claims.reports.bench.limit import product_rate
from training_claims.reports.bench.timing import Timing, Way, from_seeds, from_stamps, timed_enough
from training_claims.training.batches import data_of
from training_claims.training.choice import TRAINERS
from training_claims.training.fit import compile_as, compiled_model, fit

# No look adds more.
MOST_SEEDS = 30


class Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes when each epoch of a `fit` ends, and stops it once enough were timed."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras's names
        """Keras calls this after validation."""
        self.stamps.append(time.perf_counter())
        self.model.stop_training = timed_enough(self.stamps)


def figures(way: Way, arm: Arm, seeds: Iterator[int]) -> dict[str, Any]:
    """What a way to train shows of an arm: fields of `Measured`, by name."""
    if way == "stock":
        return {"timing": stock_timing(arm, seeds)}
    if way == "tuned":
        return dict(zip(("timing", "options"), tuned_timing(arm, seeds), strict=True))
    try:
        timing = compiled_timing(arm, seeds)
    except NotImplementedError as reason:
        return {"reason": str(reason)}
    if (layers := layer_shapes(arm)) is None:
        return {"timing": timing}
    biggest, data = largest(layers), data_of(arm)
    flop = epoch_flop(layers, data.training, len(data) - data.training)
    limit = product_rate(arm.batch_size, biggest.inputs, biggest.outputs)
    return {"timing": timing, "flop": flop, "limit": limit}


def stock_timing(arm: Arm, seeds: Iterator[int]) -> Timing:
    """Time `keras.Model.fit` on a fresh seed."""
    watch = Stopwatch()
    begin = time.perf_counter()
    fit(arm, next(seeds), callbacks=[watch])
    return from_stamps(begin, watch.stamps, time.perf_counter())


def tuned_timing(arm: Arm, seeds: Iterator[int]) -> tuple[Timing, str]:
    """Time `keras.Model.fit` under each of the options that hasten it; the best, and its options.

    What Keras cannot do under one, as XLA with sparse inputs, is left out.
    """
    timed = {}
    for jit, steps in product((False, True), sorted({1, 32, arm.steps_per_epoch})):
        options = {"jit_compile": jit, "steps_per_execution": steps}
        seed, watch = next(seeds), Stopwatch()
        begin = time.perf_counter()
        model = compiled_model(arm, seed)
        compile_as(arm, model, **options)
        with suppress(Exception):
            fit(arm, seed, callbacks=[watch], model=model)
            told = ", ".join(f"{name}={value}" for name, value in options.items())
            timed[told] = from_stamps(begin, watch.stamps, time.perf_counter())
    best = min(timed, key=lambda told: timed[told].seed(arm.budget))
    return timed[best], best


def compiled_timing(arm: Arm, seeds: Iterator[int]) -> Timing:
    """Time the compiled trainer on fresh seeds, so that none finds its batch order known.

    Seeds that train side by side, on a GPU, are timed together and share the time.

    Raises:
        NotImplementedError: If the arm cannot be compiled.
    """
    trainer = TRAINERS["compiled"]
    replicas = min(MOST_SEEDS, trainer.width(arm, 1.0))

    def seconds(epochs: int) -> float:
        sampled = arm.replace(epochs=epochs, min_steps=0)
        begin = time.perf_counter()
        trainer.train(sampled, list(islice(seeds, replicas)))
        return time.perf_counter() - begin

    timing = from_seeds(seconds, arm.budget)
    return replace(timing, start=timing.start / replicas, epoch=timing.epoch / replicas)


def layer_shapes(arm: Arm) -> list[LayerShape] | None:
    """The dense layers of an arm's model; None if it is no chain of such layers on one array."""
    model = compiled_model(arm, 0)
    if not (isinstance(model, keras.Sequential) and isinstance(arm.data, Data)):
        return None
    draw = arm.data.draw(0)
    model.build((None, *draw.input_shape))
    layers = [layer for layer in model.layers if layer.weights]
    if not all(type(layer) is keras.layers.Dense for layer in layers):
        return None
    kernels = [tuple(layer.kernel.shape) for layer in layers]
    shapes = [LayerShape(inputs, outputs, inputs) for inputs, outputs in kernels]
    if shapes and draw.is_sparse:
        shapes[0] = replace(shapes[0], used=draw.x.nnz / len(arm.data))
    return shapes or None
