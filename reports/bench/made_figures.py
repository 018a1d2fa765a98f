"""Made figures, for tests."""

from __future__ import annotations

from training_claims.reports.bench.measured import Measured
from training_claims.reports.bench.timing import Timing


def made(
    name: str, seconds: float | None, *, group: str = "MNIST", once: float = 0.0, mib: float = 500
) -> Measured:
    """An arm of ten epochs that takes so many seconds a seed and a tenth of it an epoch."""
    return Measured(
        name=name,
        group=group,
        fingerprint=name,
        budget=10,
        timing=None if seconds is None else Timing(once, 0.0, seconds / 10, 4),
        reason="" if seconds is not None else "XLA cannot compile Lambda",
        flop=None if seconds is None else 8e9,
        limit=None if seconds is None else 12e9,
        peak_mib=mib,
    )
