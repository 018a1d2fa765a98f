"""The baselines of several sessions as one: a bank is trained in parts.

`python -m reports.join PART PART ... --output FILE [--only-read]`

Seeds of one arm are put together. Exit status: 0, or 4 if a part cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixtures.status import Status
from reports import provenance
from reports.baseline import Baseline
from reports.baseline_file import UnusableBaseline, path_of, read, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the parts, write the whole; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reports.join")
    parser.add_argument("parts", nargs="+", help="names in reports/baselines, or FILE.json")
    parser.add_argument("--output", required=True, help="a name, or a FILE.json")
    parser.add_argument(
        "--only-read",
        action="store_true",
        help="leave out the curves that no claim reads, so that what is committed stays small",
    )
    given = parser.parse_args(arguments)
    here = Path.cwd()
    output = path_of(given.output, here)
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
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
