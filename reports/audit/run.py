"""`training-claims audit BASELINE ... [options of pytest]`: see `audit.plugin`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from training_claims.reports.command_line import Parser, command
from training_claims.session.options import given_name


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Gather the claims and try their operating characteristics; pytest's exit status."""
    parser = Parser(prog="training-claims audit", epilog="Other options go to pytest.")
    known = "a baseline of seeds that the suite does not use: a name, or a FILE.json"
    parser.add_argument("baselines", nargs="+", type=given_name, help=known)
    given, rest = parser.parse_known_args(arguments)
    told = [f"--claims-audit={name}" for name in given.baselines]
    return int(pytest.main(["-n", "0", *told, "--claims-no-report", *rest]))
