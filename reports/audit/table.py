"""What was found, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from training_claims.evidence.intervals import win_interval
from training_claims.reports.audit.characteristics import Characteristic
from training_claims.reports.audit.detection import Detection
from training_claims.reports.markdown import table

KEPT = {True: "yes", False: "**no**", None: "not tried"}


def characteristics_table(characteristics: Iterable[Characteristic]) -> list[str]:
    """One row a characteristic."""
    rows = [
        [each.name, each.wanted, each.measured, each.how, KEPT[each.kept]]
        for each in characteristics
    ]
    return table(["characteristic", "wanted", "measured, with its 95 % bound", "how", "kept"], rows)


def fault_table(detections: Sequence[Detection]) -> list[str]:
    """One row a training fault, with its two best catchers."""
    header = [
        "training fault",
        "suites drawn",
        "suites of other seeds",
        "caught by (seeds)",
        "conformance tests",
    ]
    return table(header, [[each.fault, *_caught(each)] for each in detections])


def harness_table(caught: Mapping[str, str]) -> list[str]:
    """One row a harness fault, with what refused to go on."""
    return table(
        ["harness fault", "caught by"], [[name, _short(by)] for name, by in caught.items()]
    )


def _caught(detection: Detection) -> list[str]:
    low = win_interval(detection.caught, detection.suites).low
    best = list(detection.by.items())[:2]
    by = [f"{name} ({detection.mean_seeds[name]:.0f})" for name, _ in best]
    failed = detection.conformance
    conformance = "not run" if failed is None else f"{len(failed)} fail" if failed else "pass"
    rate = f"{detection.caught:,} of {detection.suites:,}, >= {low:.3f}"
    return [rate, f">= {detection.least:.3f}", "; ".join(by) or "none", conformance]


def _short(text: str) -> str:
    return text if len(text) < 140 else f"{text[:137]}..."
