"""`training-claims bench [files] [options of pytest]`, or `pytest --claims-bench FILE`.

The claims' arms are gathered instead of decided, and then measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from training_claims.reports import places, provenance
from training_claims.reports.bench.whole import MeasuringFailed, measure_whole
from training_claims.reports.command_line import Parser, command
from training_claims.reports.gather import GatheringArms
from training_claims.session import outputs
from training_claims.session.options import given_count, given_name, given_path
from training_claims.session.session import SETTINGS
from training_claims.session.settings import parsed
from training_claims.status import Status


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


def pytest_configure(config: pytest.Config) -> None:
    """Measure, if asked to; refuse at once options that cannot be used."""
    option = config.option
    workers = parsed("--claims-bench-workers", option.claims_bench_workers, given_count, 0)
    if option.claims_bench is None:
        return
    with outputs.refused("--claims-bench"):
        file = config.invocation_params.dir / given_name(option.claims_bench)
        outputs.check_file(file)
    Bench(config, file, workers or None).register()


@dataclass(eq=False)
class Bench(GatheringArms):
    """A session that measures the claims' arms.

    Args:
        config: pytest's.
        file: Where the figures go.
        workers: How many processes train compiled at once; None to choose.
    """

    option = "--claims-bench"
    file: Path
    workers: int | None

    def act(self) -> int:
        """Measure and write; nothing of it fails."""
        if not self.arms:
            return 0
        seed = self.config.stash[SETTINGS].first_seed
        arms, root = list(self.arms.values()), self.config.rootpath
        try:
            whole = measure_whole(arms, self.workers, seed, root)
        except MeasuringFailed as fault:
            pytest.exit(f"--claims-bench: {fault}", returncode=Status.FAULT)
        self.lines += [*whole.lines(), "", f"Figures: {self.config.option.claims_bench}"]
        options = {**provenance.of_data(self.config), "first_seed": seed}
        with outputs.noted(self.config, "--claims-bench"):
            outputs.write(self.file, json.dumps(whole.as_json(options), indent=1) + "\n")
        return 0
