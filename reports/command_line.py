"""What the commands of the project share: how they tell of wrong usage, and how they end."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import NoReturn, TypeAlias

from training_claims.session.outputs import Unwritable
from training_claims.status import Status

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
