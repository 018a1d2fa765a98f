"""The claims under two versions of TensorFlow, and what moved from one to the other.

`training-claims upgrade "tensorflow==2.20.0" "tensorflow==2.21.0" [--args=...] [--to-args=...]`

Each version gets an environment of its own. The claims run in both, on the same seeds and data,
and every arm of the second is compared with the first. Run it again after an interruption: what
is installed and what is trained is kept.

Exit status: that of the claims under the second version (see `status`), so 0 only if there
nothing was refuted and nothing drifted; 3 if they could not be run under the first, or the
report could not be written; 4 if another upgrade is running; 8 if a version cannot be installed or
imported, or sees fewer GPUs than the first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from training_claims.reports import places
from training_claims.reports.allure.generate import NotGenerated, Report, generate
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift.baseline import NEW_SEEDS
from training_claims.reports.drift.compare import compare
from training_claims.reports.upgrade.before import NOTHING
from training_claims.reports.upgrade.environments import (
    WARNINGS,
    Environment,
    UnusableVersion,
    Versions,
)
from training_claims.session import outputs
from training_claims.session.options import given_words
from training_claims.status import Status, or_fault

DECIDED = (
    Status.OK,
    Status.REFUTED,
    Status.INCONCLUSIVE,
    Status.DRIFTED,
)  # statuses of sessions that tried all they should
SEEDS = str(NEW_SEEDS)  # one look: ten seeds against ten can show no drift

T = TypeVar("T")


def _folder() -> Path:
    return places.home() / "upgrade"


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Args:
        role: "from" or "to".
        environment: Where it is installed.
        arguments: Of its pytest session.
    """

    role: str
    environment: Environment
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its requirements, as given."""
        return " ".join(Path(each).name for each in self.environment.requirements)

    @property
    def results(self) -> Path:
        """Where its Allure results go."""
        return _folder() / f"allure-{self.role}"

    @property
    def baseline(self) -> Path:
        """Where its runs go."""
        return _folder() / f"{self.role}.json"

    @property
    def record(self) -> Path:
        """Where its verdicts go."""
        return _folder() / f"{self.role}-claims.json"

    def claims(self, version: str, *more: str) -> int:
        """Run the claims; pytest's exit status, or that of a fault if it was killed.

        Args:
            version: What the report calls it.
            *more: Arguments of pytest beside its own.
        """
        self.baseline.unlink(missing_ok=True)
        line = [str(self.environment.python), "-m", "pytest", "-n", "auto", *WARNINGS]
        line += ["--claims-seeds", SEEDS, "--claims-report-as", version]
        line += ["--claims-results", str(self.results), "--claims-clean-results"]
        line += ["--claims-save-baseline", str(self.baseline), "--continue-on-collection-errors"]
        line += [*more, *self.arguments]
        status = subprocess.run(line, cwd=places.root(), check=False).returncode  # noqa: S603
        return status if status >= 0 else Status.FAULT


@dataclass
class Steps:
    """Tells what each step is and what it cost."""

    costs: list[tuple[str, float]] = field(default_factory=list)

    def take(self, name: str, step: Callable[[], T]) -> T:
        """Take a step, and note the time whatever comes of it."""
        print(f"== {name}", flush=True)
        started = time.monotonic()
        try:
            return step()
        finally:
            self.costs.append((name, time.monotonic() - started))
            print(f"== {name}: {self.costs[-1][1]:.0f} s", flush=True)

    def tell(self) -> None:
        """Print all costs, once more and together."""
        print("\n".join(["== cost", *(f"{cost:7.0f} s  {name}" for name, cost in self.costs)]))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; the exit status."""
    parser = Parser(prog="training-claims upgrade")
    parser.add_argument("old", metavar="FROM", help='requirements, as "tensorflow==2.20.0"')
    parser.add_argument("new", metavar="TO", help="requirements, or a wheel file")
    parser.add_argument(
        "--args", type=given_words, default=(), help="arguments of pytest, for both"
    )
    parser.add_argument(
        "--to-args", type=given_words, default=(), help="arguments of pytest, for TO alone"
    )
    given = parser.parse_args(arguments)
    try:
        old = Side("from", Environment.of(given.old), given.args)
        new = Side("to", Environment.of(given.new), (*given.args, *given.to_args))
    except ValueError as fault:
        parser.error(str(fault))
    outputs.check_folder(_folder())
    try:
        with FileLock(places.home() / ".upgrade.lock", timeout=0):
            return _timed(old, new)
    except Timeout:
        parser.error(
            f"Expected no other upgrade that writes to {os.path.relpath(_folder())}. "
            "Received: one that is running. Wait for it to end."
        )


def _timed(old: Side, new: Side) -> int:
    steps = Steps()
    try:
        return _upgrade(old, new, steps)
    except UnusableVersion as fault:
        print(f"Cannot be tried: {fault}", file=sys.stderr)
        return Status.UNUSABLE
    finally:
        steps.tell()


def _upgrade(old: Side, new: Side, steps: Steps) -> int:
    versions = [_installed(side, steps) for side in (old, new)]
    _check_gpus(*versions)
    before, now = _names(*versions)
    outputs.write(nothing := _folder() / "nothing.json", json.dumps(NOTHING))
    old.record.unlink(missing_ok=True)
    first = ("--claims-before", str(nothing), "--claims-summary", str(old.record))
    seen = replace(old, arguments=(*old.arguments, *first))
    status = steps.take(f"claims with {old.name}", lambda: seen.claims(before))
    if status not in DECIDED or not _decided(old.record):
        print(f"No comparison: with {old.name} pytest ended with {status}.", file=sys.stderr)
        return Status.FAULT
    summary = _folder() / "summary.md"
    more = ["--claims-baseline", str(old.baseline), "--claims-before", str(old.record)]
    more += ["--claims-summary", str(summary)]
    status = steps.take(f"claims with {new.name}", lambda: new.claims(now, *more))
    written = steps.take("report", lambda: _report(old, new))
    return status if written else or_fault(status)


def _decided(record: Path) -> bool:
    """Whether a session's record has any claim."""
    return record.is_file() and bool(json.loads(record.read_text(encoding="utf-8"))["claims"])


def _installed(side: Side, steps: Steps) -> Versions:
    made = steps.take(f"environment of {side.name}", side.environment.make)
    print(f"   {'installed' if made else 'reused'}: {side.environment.folder.name}")
    versions = steps.take(f"import of {side.name}", side.environment.probe)
    print(f"   {versions}")
    return versions


def _check_gpus(old: Versions, new: Versions) -> None:
    if new.gpus < old.gpus:
        raise UnusableVersion(
            f"Expected TensorFlow {new.tensorflow} to see the {old.gpus} GPU(s) that "
            f"{old.tensorflow} sees. Received: {new.gpus}. Look for CUDA libraries that it needs "
            "and this machine or its driver lacks."
        )


def _names(old: Versions, new: Versions) -> tuple[str, str]:
    """What the report calls the versions: by TensorFlow's, and by more where that is the same."""
    short, long = (
        [each.tensorflow for each in (old, new)],
        [f"{each.tensorflow} with Keras {each.keras}" for each in (old, new)],
    )
    before, now = short if len({*short}) == 2 else long
    return (before, now) if before != now else (f"{before} (FROM)", f"{now} (TO)")


def _report(old: Side, new: Side) -> bool:
    """Both versions in one Allure report, and what moved on one page; whether all was written."""
    output, compared = _folder() / "report.html", True
    if old.baseline.is_file() and new.baseline.is_file():
        page = _folder() / "compare.html"
        compared = compare(old.baseline, new.baseline, page) != Status.FAULT
    if "--claims-no-report" in (*old.arguments, *new.arguments):
        return compared  # the results of an earlier run may lie there still
    try:
        generate(Report((old.results, new.results), output))
    except (NotGenerated, OSError) as fault:
        print(f"No report: {fault}", file=sys.stderr)
        return False
    print(f"Report: {os.path.relpath(output)}")
    return compared
