"""What was found, in Markdown: read off the record, so that a fresh one and a committed agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from training_claims.evidence.intervals import win_interval
from training_claims.reports.markdown import table

KEPT = {True: "yes", False: "**no**", None: "not tried"}
PROVENANCE = ("tensorflow", "keras", "device", "mnist", "imdb", "date", "commit")


def lines(found: Mapping[str, Any]) -> list[str]:
    """All of a record, as `Findings.as_json` gives it."""
    about = found["baseline"]
    seeds = sorted({claim["seeds"] for claim in found["claims"].values()})
    trained = ", ".join(f"{name} {about[name]}" for name in PROVENANCE if name in about)
    several = " or ".join(map(str, seeds))
    faults = found["training_faults"]
    parts = [
        [f"Baseline {about['name']!r}: {several} seeds an arm ({trained})."],
        characteristics_table(found["characteristics"]),
        fault_table(faults) if faults else [],
        harness_table(found["harness_faults"]),
    ]
    return [line for part in parts if part for line in (*part, "")]


def characteristics_table(characteristics: Iterable[Mapping[str, Any]]) -> list[str]:
    """One row an operating characteristic."""
    header = ["operating characteristic", "wanted", "measured, with its 95 % bound", "how", "kept"]
    told = ("name", "wanted", "measured", "how")
    rows = [[*(each[name] for name in told), KEPT[each["kept"]]] for each in characteristics]
    return table(header, rows)


def fault_table(detections: Iterable[Mapping[str, Any]]) -> list[str]:
    """One row a training fault, with its two best catchers."""
    header = [
        "training fault",
        "suites drawn",
        "suites of other seeds",
        "caught by (seeds)",
        "conformance tests",
    ]
    return table(header, [[each["fault"], *_caught(each)] for each in detections])


def harness_table(caught: Mapping[str, str]) -> list[str]:
    """One row a harness fault, with what refused to go on."""
    return table(
        ["harness fault", "caught by"], [[name, _short(by)] for name, by in caught.items()]
    )


def _caught(detection: Mapping[str, Any]) -> list[str]:
    caught, suites, seeds = (detection[name] for name in ("caught", "suites", "mean_seeds"))
    low = win_interval(caught, suites).low
    by = [f"{name} ({seeds[name]:.0f})" for name in list(detection["by"])[:2]]
    failed = detection["conformance"]
    conformance = "not run" if failed is None else f"{len(failed)} fail" if failed else "pass"
    rate = f"{caught:,} of {suites:,}, >= {low:.3f}"
    return [rate, f">= {detection['least']:.3f}", "; ".join(by) or "none", conformance]


def _short(text: str) -> str:
    return text if len(text) < 140 else f"{text[:137]}..."
