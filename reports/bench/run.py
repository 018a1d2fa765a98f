"""`training-claims bench [files] [options of pytest]`: see `bench.plugin`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from training_claims.reports import places
from training_claims.reports.command_line import Parser, command
from training_claims.session.options import given_path


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the arms of claims, stock and compiled; pytest's exit status."""
    parser = Parser(prog="training-claims bench", epilog="Other options go to pytest.")
    parser.add_argument("files", nargs="*", help="the claims to measure; all unless given")
    parser.add_argument(
        "--output", type=given_path, default=places.home() / "bench.json", metavar="FILE"
    )
    given, rest = parser.parse_known_args(arguments)
    told = ["-n", "0", f"--claims-bench={given.output}", "--claims-no-report"]
    return int(pytest.main([*given.files, *told, *rest]))
