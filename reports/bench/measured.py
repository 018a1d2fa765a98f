"""What a measuring process hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training_claims.reports.bench.timing import Timing


@dataclass(frozen=True)
class Measured:
    """One arm, measured in one process.

    Attributes:
        name: The arm's name.
        group: What its dataset is called, such as "MNIST"; totals are taken over groups.
        fingerprint: What the arm is.
        budget: Epochs of a whole seed.
        timing: What a seed costs; None if the process cannot train the arm.
        reason: Why it cannot.
        flop: Floating-point operations of an epoch; None where layers are not counted.
        limit: FLOP/s of a matrix product of the largest layer; None likewise.
        peak_mib: Largest resident set while the arm was measured, MiB.
    """

    name: str
    group: str
    fingerprint: str
    budget: int
    timing: Timing | None
    reason: str
    flop: float | None
    limit: float | None
    peak_mib: float


@dataclass(frozen=True)
class Part:
    """What one process measured.

    Attributes:
        environment: What trained: versions and device.
        threads: Threads of the process; None if TensorFlow chose.
        arms: Its figures, arm by arm.
    """

    environment: Mapping[str, str]
    threads: int | None
    arms: Sequence[Measured]

    def write(self, file: Path) -> None:
        """Write it as JSON. Raises OSError."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_part(file: Path) -> Part:
    """Read what `Part.write` wrote. Raises OSError, or ValueError if it is something else."""
    found = json.loads(file.read_text(encoding="utf-8"))
    return Part(found["environment"], found["threads"], [_measured(arm) for arm in found["arms"]])


def _measured(found: dict[str, Any]) -> Measured:
    timing = found.pop("timing")
    return Measured(timing=Timing(**timing) if timing else None, **found)
