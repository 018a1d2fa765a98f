"""`make faults`: train with each fault injected, and hold compiled epochs against `fit` with it.

Runs go to the run store, so that an experiment that was cut off goes on where it was; `make audit`
reads them there. Options for pytest may follow: `make faults ARGS="--claims-mnist mnist.npz"`.
Thirty seeds an arm are trained; `ARGS="--claims-seeds 60"` is what it takes to show that a fault
whose runs lie beyond all of the baseline is caught in 95 % of suites, with 95 % confidence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from training_claims.faults.injection import FAULTS, mark
from training_claims.reports import places
from training_claims.reports.audit.detection import FIRST_SEED
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift.baseline import NEW_SEEDS
from training_claims.session import outputs
from training_claims.status import Status

# The claims whose arms are cheapest to train, and those of the faults that do not show there.
CHEAPEST = ("claims/test_training_step.py",)
_DROPOUT = ("claims/test_regularization_strength.py", "-k", "dropout_is_o")
_DATA = ("claims/test_learning_rate.py",)
_FIT = ("claims/test_conformance.py", "-k", "convex")
WATCHED = {
    "dropout-not-applied": _DROPOUT,
    "dropout-in-evaluation": _DROPOUT,
    "inputs-not-scaled": _DATA,
    "labels-wrong": _DATA,
    "validation-from-the-front": _FIT,
}
CONFORMANCE = (
    "fixtures/training/conformance_test.py",
    "-k",
    "notebook or order or weights or formulas",
)
DECIDED = (Status.OK, Status.REFUTED)


class ExperimentFailed(RuntimeError):
    """A training session ended without verdicts.

    Args:
        status: Of the command: pytest's own for wrong usage, and else a fault.
    """

    def __init__(self, text: str, status: Status) -> None:
        super().__init__(text)
        self.status = status


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Train each fault's arms; compare trainers where that has not been done; the exit status."""
    parser = Parser(
        prog="training-claims faults",
        usage="%(prog)s [--help] [options of pytest]",
        allow_abbrev=False,
    )
    _, options = parser.parse_known_args(arguments)
    outputs.check_folder(places.home() / "faults")
    try:
        for name in FAULTS:
            print(f"{name}:", flush=True)
            watched = ("-n", "auto", *WATCHED.get(name, CHEAPEST), *_seeds())
            _pytest(*watched, "--claims-inject", name, *options)
            if conformance_of(name) is None:
                _hold_against_fit(name)
    except ExperimentFailed as fault:
        print(fault, file=sys.stderr)
        return fault.status
    return Status.OK


def conformance_of(name: str) -> tuple[str, ...] | None:
    """The conformance tests that failed with a fault as it is now; None if it was not tried."""
    try:
        record = json.loads(_file(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return tuple(record["failed"]) if record["fault"] == mark(name) else None


def _seeds() -> tuple[str, ...]:
    looks = ("--claims-first-seed", str(FIRST_SEED), "--claims-seeds", str(NEW_SEEDS))
    return (*looks, "--claims-no-report", "-q", "--no-header", "--tb=no")


def _hold_against_fit(name: str) -> None:
    told = ("-n", "auto", *CONFORMANCE, "--claims-inject", name, "-q", "--tb=no")
    record = {"fault": mark(name), "failed": [case for _, case in failures(*told)]}
    outputs.write(_file(name), json.dumps(record, indent=1) + "\n")


def failures(*arguments: str, decided: Sequence[int] = DECIDED) -> list[tuple[str, str]]:
    """Run pytest; the module and the name of each test that failed.

    Raises:
        ExperimentFailed: If it ends with a status that is none of `decided`.
    """
    with TemporaryDirectory() as scratch:
        junit = Path(scratch) / "junit.xml"
        _pytest(*arguments, f"--junitxml={junit}", decided=decided)
        cases = ET.parse(junit).iter("testcase")  # noqa: S314 - pytest wrote it
        return [
            (case.get("classname") or "", case.get("name") or "")
            for case in cases
            if case.find("failure") is not None
        ]


def _pytest(*arguments: str, decided: Sequence[int] = DECIDED) -> None:
    line = [sys.executable, "-m", "pytest", *arguments]
    status = subprocess.run(line, check=False).returncode  # noqa: S603
    if status not in decided:
        raise ExperimentFailed(
            f"Expected exit status 0 or 1 of {' '.join(line[1:])}. Received: {status}.",
            Status.USAGE if status == Status.USAGE else Status.FAULT,
        )


def _file(name: str) -> Path:
    return places.home() / "faults" / f"{name}.json"
