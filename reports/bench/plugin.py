"""`--claims-bench FILE`: the claims' arms are gathered instead of decided, and then measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from training_claims.arm import Arm
from training_claims.evidence.statistic import Comparison
from training_claims.reports.bench.part import Way, measure_part
from training_claims.reports.bench.whole import MeasuringFailed, Whole, measure_whole
from training_claims.session import outputs
from training_claims.session.options import given_name
from training_claims.session.session import SETTINGS
from training_claims.status import Status


def pytest_configure(config: pytest.Config) -> None:
    """Measure, if asked to; refuse at once options that cannot be used."""
    option = config.option
    workers = option.claims_bench_workers
    if workers is not None and not (workers.isdecimal() and int(workers)):
        raise pytest.UsageError(
            f"--claims-bench-workers: expected a whole number of at least 1. Received: {workers}"
        )
    if option.claims_bench is None:
        return
    with outputs.refused("--claims-bench"):
        file = config.invocation_params.dir / given_name(option.claims_bench)
    if getattr(option, "numprocesses", None):
        raise pytest.UsageError(
            "--claims-bench: expected -n 0, since it starts the processes that it measures itself. "
            f"Received: -n {option.numprocesses}"
        )
    count = None if workers is None else int(workers)
    bench = Bench(config, file, option.claims_bench_part, count)
    config.pluginmanager.register(bench, "training_claims.bench")


@dataclass(eq=False)  # pytest keeps plugins in a set
class Bench:
    """A session that measures: gathers the claims' arms, and acts when all claims have asked.

    A claim's arms hold functions and cannot be handed to another process, so each measuring
    process runs this session's own command line again, as one `part` of it.

    Args:
        config: pytest's.
        file: Where the figures go.
        part: What this process measures; None in the one that starts the others.
        workers: How many processes train compiled at once; None to choose.
        arms: Those that claims have asked about; gathered.
    """

    config: pytest.Config
    file: Path
    part: Way | None
    workers: int | None
    arms: list[Arm] = field(default_factory=list)
    whole: Whole | None = None

    def __post_init__(self) -> None:
        """Refuse at once a file that cannot be written."""
        with outputs.refused("--claims-bench"):
            outputs.check_file(self.file)

    @property
    def first_seed(self) -> int:
        """The first seed to time."""
        return self.config.stash[SETTINGS].first_seed

    def pytest_claim_asked(self, comparison: Comparison) -> None:
        """Take note of a claim's arms, and skip it."""
        self.arms += comparison.arms
        pytest.skip("measured by --claims-bench")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Measure, once every claim has been asked and none went wrong."""
        outcome = yield
        if self.arms and not session.testsfailed:
            self._measure()
        return outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if self.whole:
            terminalreporter.section("bench")
            for line in self.whole.lines():
                terminalreporter.write_line(line)
            terminalreporter.write_line(f"\nFigures: {self.config.option.claims_bench}")

    def _measure(self) -> None:
        if self.part:
            self._measure_part(self.part)
            return
        try:
            with self._terminal():
                self.whole = measure_whole(self._command, self.workers)
        except (MeasuringFailed, ValueError) as fault:
            pytest.exit(f"--claims-bench: {fault}", returncode=Status.FAULT)
        figures = json.dumps(self.whole.as_json(self._options()), indent=1)
        with outputs.noted(self.config, "--claims-bench"):
            outputs.write(self.file, figures + "\n")

    def _measure_part(self, way: Way) -> None:
        # Between tests pytest captures nothing; TensorFlow greets on standard error.
        capture = self.config.pluginmanager.getplugin("capturemanager")
        capture.resume_global_capture()
        try:
            found = measure_part(
                way,
                self.arms,
                workers=self.workers or 1,
                first_seed=self.first_seed,
                say=self._say,
            )
        finally:
            capture.suspend_global_capture()
        capture.read_global_capture()  # else pytest prints it at the end
        found.write(self.file)

    def _command(self, way: str, workers: int, file: Path) -> list[str]:
        """This session's command line, told to measure one way."""
        given = [str(argument) for argument in self.config.invocation_params.args]
        told = [
            f"--claims-bench={file}",
            f"--claims-bench-part={way}",
            f"--claims-bench-workers={workers}",
            "-n",
            "0",
        ]
        return [sys.executable, "-m", "pytest", *given, *told, "-p", "no:cacheprovider"]

    def _terminal(self) -> AbstractContextManager[None]:
        """Where what is written reaches the user."""
        capture = self.config.pluginmanager.getplugin("capturemanager")
        terminal: AbstractContextManager[None] = capture.global_and_fixture_disabled()
        return terminal

    def _options(self) -> dict[str, Any]:
        settings = self.config.stash[SETTINGS]
        data = {"mnist": Path(settings.mnist).name, "imdb": Path(settings.imdb).name}
        return {**data, "first_seed": self.first_seed}

    def _say(self, what: str) -> None:
        """One of the processes that do the same speaks for all."""
        if self.file.stem == "0":
            with self._terminal():
                print(f"\n{what}", file=sys.stderr, end="", flush=True)
