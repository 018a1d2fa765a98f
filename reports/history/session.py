"""Claims decided under one version, in an environment of its own."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from training_claims.reports import places
from training_claims.reports.command_line import CommandFailed, output_of
from training_claims.reports.history.record import Record, read
from training_claims.reports.upgrade.environments import WARNINGS, Environment, UnusableVersion

LAST_LINES = 12
COMMIT = re.compile(r"-g([0-9a-f]{7,40})$")  # as `git describe` ends


def environment_of(requirements: str) -> Environment:
    """The environment of some requirements, made unless it is there.

    Raises:
        UnusableVersion: If it cannot be.
    """
    environment = Environment.of(requirements)
    environment.make()
    return environment


def decide(environment: Environment, arguments: Sequence[str], seeds: int) -> Record:
    """What the claims that pytest's arguments select give there, by so many seeds.

    Raises:
        UnusableVersion: If no claim was decided.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        line = [str(environment.python), "-m", "pytest", "-q", *WARNINGS]
        line += ["--claims-no-report", "--claims-seeds", str(seeds)]
        line += ["--claims-history", str(path), *arguments]
        done = subprocess.run(  # noqa: S603
            line, cwd=places.root(), capture_output=True, text=True, check=False
        )
        found = read(path)
    if not found:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
        raise UnusableVersion(
            f"Expected a claim decided by pytest {' '.join(arguments)} with "
            f"{' '.join(environment.requirements)}. Received: none (exit status "
            f"{done.returncode}):\n{said}"
        )
    return found


def commit_of(environment: Environment) -> str:
    """The commit that TensorFlow was built of, as its wheel says; empty if it does not."""
    ask = [str(environment.python), "-c", "import tensorflow as tf; print(tf.version.GIT_VERSION)"]
    try:
        said = output_of(ask, {"TF_CPP_MIN_LOG_LEVEL": "3"})
    except CommandFailed:
        return ""
    found = COMMIT.search(said.strip())
    return found[1] if found else ""
