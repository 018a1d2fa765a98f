"""Learning curves as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training_claims.runs.history import Runs

Curves = NDArray[np.float64]


def csv_text(runs: Sequence[Runs]) -> str:
    """A line for each arm, metric and seed, with its values epoch by epoch from 1.

    Five significant digits; numbers that are not finite read "nan", "inf" and "-inf". A metric
    that is another's equal to the last bit, as a loss without penalties is, is named beside it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    longest = max(run.arm.budget for run in runs)
    writer.writerow(["arm", "metric", "seed", *range(1, longest + 1)])
    for run in runs:
        for names, curves in _distinct(run.history.metrics):
            for seed, curve in zip(run.seeds, curves, strict=True):
                values = (f"{value:.5g}" for value in curve)
                writer.writerow([run.arm.name, " = ".join(names), seed, *values])
    return text.getvalue()


def _distinct(metrics: Mapping[str, Curves]) -> Iterator[tuple[list[str], Curves]]:
    """Each of the curves once, with all its names."""
    found: dict[bytes, list[str]] = {}
    for name, curves in metrics.items():
        found.setdefault(curves.tobytes(), []).append(name)
    return ((names, metrics[names[0]]) for names in found.values())
