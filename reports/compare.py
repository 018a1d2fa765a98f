"""Two saved baselines against each other, without training anything.

`python -m reports.compare BEFORE NOW [--output FILE]`

Prints a table of what moved, and writes a page with the curves. Exit status: 0, nothing drifted;
7, an arm drifted; 4, the baselines cannot be compared.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures.status import Status
from reports import drift_page, drift_table
from reports.baseline_file import UnusableBaseline, path_of, read
from reports.drift import SuiteDrift, TooFewSeeds
from reports.folder import OUT


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print and write; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reports.compare")
    parser.add_argument("before", help="a name in reports/baselines, or a FILE.json")
    parser.add_argument("now", help="a name in reports/baselines, or a FILE.json")
    parser.add_argument("--output", type=Path, default=OUT / "compare.html", metavar="FILE")
    given = parser.parse_args(arguments)
    here = Path.cwd()
    try:
        suite = SuiteDrift.of(read(path_of(given.before, here)), read(path_of(given.now, here)))
    except (UnusableBaseline, TooFewSeeds) as fault:
        print(f"Cannot compare: {fault}", file=sys.stderr)
        return Status.USAGE
    if not suite.pairs:
        reasons = "\n".join(suite.left_out)
        print(f"Cannot compare: no arm can be compared.\n{reasons}", file=sys.stderr)
        return Status.USAGE
    print("\n".join([*drift_table.terminal_table(suite.arms), *suite.left_out]))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(drift_page.comparison_page(suite), encoding="utf-8")
    print(f"Page: {os.path.relpath(given.output)}")
    return Status.DRIFTED if any(arm.outcome == "drifted" for arm in suite.arms) else 0


if __name__ == "__main__":
    raise SystemExit(main())
