"""What commands share: how they tell of wrong usage, how they end, how they run others'."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import NoReturn, TypeAlias

from training_claims.session.outputs import Unwritable
from training_claims.status import Status

LAST_LINES = 12
Main: TypeAlias = Callable[[Sequence[str] | None], int]


class Parser(argparse.ArgumentParser):
    """Ends with the project's status for wrong usage, which for argparse is 2."""

    def error(self, message: str) -> NoReturn:
        """Print how the command is used and what was wrong."""
        self.print_usage(sys.stderr)
        self.exit(Status.USAGE, f"{self.prog}: error: {message}\n")


def command(main: Main) -> Callable[..., int]:
    """Give a command's main the project's exit statuses.

    Status 1 says that something was refuted: whatever else goes wrong does not end with it.
    """

    @wraps(main)
    def ends(arguments: Sequence[str] | None = None) -> int:
        try:
            return main(arguments)
        except Unwritable as fault:
            print(f"Cannot write: {fault}", file=sys.stderr)
            return Status.USAGE
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            return Status.INTERRUPTED
        except OSError as fault:
            print(f"Not written or read: {fault}", file=sys.stderr)
            return Status.FAULT
        except Exception:
            traceback.print_exc()
            return Status.FAULT

    return ends


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
    command: Sequence[str | Path],
    settings: Mapping[str, str],
    *,
    cwd: Path | None = None,
    seconds: float | None = None,
) -> str:
    """What a program prints; what it says otherwise is kept for its failure.

    Args:
        command: The program and its arguments.
        settings: Environment variables beside the process's own.
        cwd: Where it runs; here unless given.
        seconds: How long it may take; any time unless given.

    Raises:
        CommandFailed: If its exit status is not 0.
        subprocess.TimeoutExpired: If it takes longer.
    """
    done = subprocess.run(  # noqa: S603 - callers name the program themselves
        command,
        cwd=cwd,
        timeout=seconds,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise CommandFailed(done.returncode, "\n".join(lines[-LAST_LINES:]))
    return done.stdout
