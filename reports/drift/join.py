"""The baselines of several sessions as one, which a hundred seeds may be trained in.

`training-claims join PART PART ... --output FILE [--only-read]`

Seeds of one arm are put together. Exit status: 0; 4, a part cannot be used; 3, the whole could
not be written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training_claims.reports import provenance
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift.baseline import Baseline
from training_claims.reports.drift.file import UnusableBaseline, path_of, read, write
from training_claims.session import outputs
from training_claims.session.options import given_name
from training_claims.status import Status


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Read the parts, write the whole; the exit status."""
    parser = Parser(prog="training-claims join")
    parser.add_argument(
        "parts", nargs="+", type=given_name, help="names in reports/baselines, or FILE.json"
    )
    parser.add_argument("--output", required=True, type=given_name, help="a name, or a FILE.json")
    parser.add_argument(
        "--only-read",
        action="store_true",
        help="leave out the curves that no claim reads, so that what is committed stays small",
    )
    given = parser.parse_args(arguments)
    here = Path.cwd()
    output = path_of(given.output, here)
    outputs.check_file(output)
    try:
        parts = [read(path_of(name, here)) for name in given.parts]
    except UnusableBaseline as fault:
        print(f"Cannot join: {fault}", file=sys.stderr)
        return Status.USAGE
    about = provenance.joined(part.provenance for part in parts)
    whole = Baseline.of(output.stem, about, (arm for part in parts for arm in part.arms))
    if given.only_read:
        whole = replace(whole, arms=tuple(arm.trimmed(also=()) for arm in whole.arms))
    write(whole, output)
    print(f"Baseline: {os.path.relpath(output)}, {len(whole.arms)} arms")
    return Status.OK
