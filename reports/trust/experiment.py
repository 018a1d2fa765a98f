"""`make faults`: train with each fault planted, and hold compiled epochs against `fit` with it.

Runs go to the run store, so that an experiment that was cut off goes on where it was; `make trust`
reads them there. Options for pytest may follow: `make faults ARGS="--mnist mnist.npz"`. Thirty
seeds an arm are trained; `ARGS="--seeds 60"` is what it takes to show that a fault whose runs lie
beyond all of the bank is caught in 95 % of suites, with 95 % confidence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.evidence import Design
from fixtures.faults import FAULTS, mark
from reports import folder
from reports.trust.detection import FIRST_SEED

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
DECIDED = (0, 1)  # pytest's exit status: no claim refuted, or one


class ExperimentFailed(RuntimeError):
    """A training session ended without verdicts."""


def main(options: Sequence[str]) -> None:
    """Train each fault's arms; compare trainers where that has not been done.

    Raises:
        ExperimentFailed: If a session ends otherwise than with verdicts.
    """
    for name in FAULTS:
        print(f"{name}:", flush=True)
        _pytest(*WATCHED.get(name, CHEAPEST), *_seeds(), "--plant", name, *options)
        if conformance_of(name) is None:
            _hold_against_fit(name)


def conformance_of(name: str) -> tuple[str, ...] | None:
    """The conformance tests that failed with a fault as it is now; None if it was not tried."""
    try:
        record = json.loads(_file(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return tuple(record["failed"]) if record["fault"] == mark(name) else None


def _seeds() -> tuple[str, ...]:
    looks = ("--first-seed", str(FIRST_SEED), "--seeds", str(Design().looks[-1]))
    return (*looks, "--no-report", "-q", "--no-header", "--tb=no")


def _hold_against_fit(name: str) -> None:
    with TemporaryDirectory() as scratch:
        junit = Path(scratch) / "junit.xml"
        _pytest(*CONFORMANCE, "--plant", name, f"--junitxml={junit}", "-q", "--tb=no")
        cases = ET.parse(junit).iter("testcase")  # noqa: S314 - pytest wrote it
        failed = [case.get("name") for case in cases if case.find("failure") is not None]
    _file(name).parent.mkdir(parents=True, exist_ok=True)
    record = {"fault": mark(name), "failed": failed}
    _file(name).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _pytest(*arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "auto", *arguments]
    status = subprocess.run(command, check=False).returncode  # noqa: S603
    if status not in DECIDED:
        raise ExperimentFailed(
            f"Expected exit status 0 or 1 of {' '.join(command[1:])}. Received: {status}."
        )


def _file(name: str) -> Path:
    return folder.OUT / "faults" / f"{name}.json"


if __name__ == "__main__":
    main(sys.argv[1:])
