"""Where a session's numbers come from, beyond what its runs say of themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from training_claims.arm import Arm
from training_claims.condition import Condition
from training_claims.evidence.design import LOOKS
from training_claims.reports.command_line import CommandFailed, output_of
from training_claims.session.session import SETTINGS

# What changes precision or kernels, if it is set in the environment.
FLAGS = (
    "NVIDIA_TF32_OVERRIDE",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
# Packages that bring TensorFlow.
TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu")
# Between the values of what was joined.
BOTH = " | "


def joined(environments: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What trained runs of several arms; where they differ, both values."""
    found: dict[str, list[str]] = {}
    for environment in environments:
        for name, value in environment.items():
            found.setdefault(name, []).extend(value.split(BOTH))
    return {name: BOTH.join(dict.fromkeys(values)) for name, values in found.items()}


def of_session(config: pytest.Config) -> dict[str, str]:
    """When, from what and on what a session ran."""
    settings = config.stash[SETTINGS]
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _commit(config.rootpath),
        "cores": str(os.cpu_count()),
        **of_data(config),
        "first seed": str(settings.first_seed),
        "seeds": ",".join(map(str, settings.looks or LOOKS)),
        "flags": " ".join(f"{name}={os.environ[name]}" for name in FLAGS if name in os.environ),
    }
    driver = _said("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return {**about, "driver": driver.splitlines()[0]} if driver else about


def of_data(config: pytest.Config) -> dict[str, str]:
    """Where a session's data come from: of a file, its name."""
    settings = config.stash[SETTINGS]
    return {"mnist": Path(settings.mnist).name, "imdb": Path(settings.imdb).name}


def data_of(arm: Condition) -> str:
    """The name of the data that an arm trains on."""
    return arm.data.name if isinstance(arm, Arm) else "an experiment's own"


def tensorflow_version() -> str:
    """The version of the package that brings TensorFlow, found without importing it."""
    for name in TENSORFLOW:
        with suppress(PackageNotFoundError):
            return version(name)
    return "unknown"


def _commit(root: Path) -> str:
    """The repository's commit, marked if files differ from it; "unknown" outside one."""
    return (
        _said("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12") or "unknown"
    )


def _said(*command: str) -> str:
    """What a command prints; nothing if it is not there or fails."""
    try:
        return output_of(command, {}, seconds=30).strip()
    except (OSError, CommandFailed, subprocess.TimeoutExpired):
        return ""
