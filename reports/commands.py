"""Programs of others, run quietly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

LAST_LINES = 12


class CommandFailed(RuntimeError):
    """A program that failed, with the last of what it said.

    Args:
        status: Its exit status.
        said: The last lines of its output and errors.
    """

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"exit status {status}:\n{said}")
        self.status = status
        self.said = said


def output_of(
    command: Sequence[str | Path], settings: Mapping[str, str], *, cwd: Path | None = None
) -> str:
    """What a program prints; what it says otherwise is kept for its failure.

    Args:
        command: The program and its arguments.
        settings: Environment variables beside the process's own.
        cwd: Where it runs; here unless given.

    Raises:
        CommandFailed: If its exit status is not 0.
    """
    done = subprocess.run(  # noqa: S603 - callers name the program themselves
        command,
        cwd=cwd,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise CommandFailed(done.returncode, "\n".join(lines[-LAST_LINES:]))
    return done.stdout
