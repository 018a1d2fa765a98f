"""Two saved baselines against each other, without training anything.

`training-claims compare BEFORE NOW [--output FILE]`

Prints a table of what moved, and writes a page with the curves. Exit status: 0, nothing drifted;
7, an arm drifted; 4, the baselines cannot be compared; 3, the page could not be written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from training_claims.reports import places
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift import table as drift_table
from training_claims.reports.drift.file import UnusableBaseline, path_of, read
from training_claims.reports.drift.rule import SuiteDrift, TooFewSeeds
from training_claims.reports.page import drift_page
from training_claims.session import outputs
from training_claims.session.options import given_name, given_path
from training_claims.status import Status, or_fault


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print and write; the exit status."""
    parser = Parser(prog="training-claims compare")
    known = "a name in reports/baselines, or a FILE.json"
    parser.add_argument("before", type=given_name, help=known)
    parser.add_argument("now", type=given_name, help=known)
    parser.add_argument(
        "--output", type=given_path, default=places.home() / "compare.html", metavar="FILE"
    )
    given = parser.parse_args(arguments)
    here = Path.cwd()
    return compare(path_of(given.before, here), path_of(given.now, here), given.output)


def compare(before: Path, now: Path, output: Path) -> int:
    """Compare two baselines, print what moved and write the page; the exit status.

    Raises:
        Unwritable: If it shows before that the page cannot be written.
    """
    outputs.check_file(output)
    try:
        suite = SuiteDrift.of(read(before), read(now))
    except (UnusableBaseline, TooFewSeeds) as fault:
        print(f"Cannot compare: {fault}", file=sys.stderr)
        return Status.USAGE
    if not suite.pairs:
        reasons = "\n".join(suite.left_out)
        print(f"Cannot compare: no arm can be compared.\n{reasons}", file=sys.stderr)
        return Status.USAGE
    print("\n".join([*drift_table.terminal_table(suite.arms), *suite.left_out]))
    drifted = any(arm.outcome == "drifted" for arm in suite.arms)
    status = Status.DRIFTED if drifted else Status.OK
    try:
        outputs.write(output, drift_page.comparison_page(suite))
    except OSError as fault:
        print(f"Not written: {output}: {fault.strerror}", file=sys.stderr)
        return or_fault(status)
    print(f"Page: {os.path.relpath(output)}")
    return status
