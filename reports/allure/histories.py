"""Learning curves as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from training_claims.hooks import Judgement

Curves = NDArray[np.float64]
ALWAYS = ("loss", "val_loss")


def csv_text(judgement: Judgement) -> str:
    """A line for each arm, curve and seed, with its values epoch by epoch from 1.

    Curves are the losses, and what the claim reads. Four significant digits; numbers that
    are not finite read "nan", "inf" and "-inf". A curve that is another's equal to the last bit,
    as a loss without penalties is, is named beside it.
    """
    runs = judgement.runs
    wanted = {*ALWAYS, *(each.metric for each in judgement.comparison.primary)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    longest = max(run.arm.budget for run in runs)
    writer.writerow(["arm", "metric", "seed", *range(1, longest + 1)])
    for run in runs:
        for names, curves in _distinct(run.history.metrics, wanted):
            for seed, curve in zip(run.seeds, curves, strict=True):
                values = (f"{value:.4g}" for value in curve)
                writer.writerow([run.arm.name, " = ".join(names), seed, *values])
    return text.getvalue()


def _distinct(
    metrics: Mapping[str, Curves], wanted: Container[str | None]
) -> Iterator[tuple[list[str], Curves]]:
    """Each of the wanted curves once, with all its names."""
    found: dict[bytes, list[str]] = {}
    for name in (name for name in metrics if name in wanted):
        found.setdefault(metrics[name].tobytes(), []).append(name)
    return ((names, metrics[names[0]]) for names in found.values())
