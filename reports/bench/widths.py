"""A pytest plugin, `-p training_claims.reports.bench.widths`: arms trained side by side, by width.

The claims' arms are gathered instead of decided. `training-claims gpu-check` starts it, since
TensorFloat-32 can be set only before anything trains.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from training_claims.arm import Arm
from training_claims.reports.bench.machine import forget_peak, peak_mib
from training_claims.reports.gather import GatheringArms
from training_claims.session import outputs

# Enough to outlast what a launch costs; the whole budget of some arms takes minutes by `fit`.
EPOCHS = 3


@dataclass(frozen=True)
class Timed:
    """One arm at one width.

    Args:
        arm: Its name.
        replicas: How many seeds trained side by side; 0 for `keras.Model.fit`, traced
            before.
        seconds: Of a seed and an epoch, beginning and validation included.
        mib: The most memory held: on the GPU, or by the process where there is none.
    """

    arm: str
    replicas: int
    seconds: float
    mib: float


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what `gpu-check` tells."""
    parser.addoption("--widths", default="1", help="seeds side by side, such as 1,2,4")
    parser.addoption("--widths-seconds", type=float, help="begin no further one after this long")
    parser.addoption("--widths-tf32", action="store_true", help="allow TensorFloat-32")
    parser.addoption("--widths-output", type=Path, help="the JSON file")


def pytest_configure(config: pytest.Config) -> None:
    """Gather the arms."""
    Widths(config).register()


@dataclass(eq=False)
class Widths(GatheringArms):
    """A session that measures arms side by side."""

    option = "widths"

    def act(self) -> int:
        """Measure and write; nothing of it fails."""
        from training_claims import training

        option = self.config.option
        training.prepare(1)
        _allow_tf32(option.widths_tf32)
        widths = [int(width) for width in option.widths.split(",")]
        ends = time.monotonic() + option.widths_seconds
        timed, arms = [], list(self.arms.values())
        for number, arm in enumerate(arms, 1):  # each has its share of what is left
            share = (ends - time.monotonic()) / (len(arms) - number + 1)
            timed += by_width(arm, widths, time.monotonic() + share)
        told = {"environment": training.environment(), "timed": [asdict(each) for each in timed]}
        outputs.write(option.widths_output, json.dumps(told, indent=1) + "\n")
        return 0


def by_width(arm: Arm, widths: list[int], ends: float) -> list[Timed]:
    """Time an arm by `keras.Model.fit`, then side by side until memory or time ends.

    Args:
        arm: The arm; what cannot train side by side is timed by `fit` alone.
        widths: How many seeds to train at once, ascending.
        ends: When to begin no further width, by `time.monotonic`.
    """
    import tensorflow as tf

    from training_claims.training.choice import train_by_fit, train_together

    short, seeds = arm.replace(epochs=EPOCHS, min_steps=0), count()
    found: list[Timed] = []
    for replicas in (0, *widths):
        if found and time.monotonic() > ends:
            break
        train = train_together if replicas else train_by_fit
        _forget()
        try:
            train(short, list(islice(seeds, replicas or 1)))  # traces and compiles
            begin = time.perf_counter()
            train(short, list(islice(seeds, replicas or 1)))
        except (NotImplementedError, tf.errors.ResourceExhaustedError):
            break
        seconds = (time.perf_counter() - begin) / (replicas or 1) / EPOCHS
        found.append(Timed(arm.name, replicas, seconds, _peak()))
    return found


def _allow_tf32(allowed: bool) -> None:
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(allowed)


def _gpu() -> Any:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _forget() -> None:
    import tensorflow as tf

    if _gpu():
        tf.config.experimental.reset_memory_stats("GPU:0")
    forget_peak()


def _peak() -> float:
    import tensorflow as tf

    if _gpu():
        return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 2**20
    return peak_mib()
