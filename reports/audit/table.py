"""What was found, in Markdown: read off the record, so that a fresh one and a committed agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training_claims.evidence.intervals import win_interval
from training_claims.reading import one_line
from training_claims.reports.markdown import table

KEPT = {True: "yes", False: "**no**", None: "not tried"}
PROVENANCE = ("tensorflow", "keras", "device", "mnist", "imdb", "date", "commit")


def lines(found: Mapping[str, Any]) -> list[str]:
    """All of a record of `Findings`."""
    about = found["baseline"]
    seeds = sorted({claim["seeds"] for claim in found["claims"].values()})
    trained = ", ".join(f"{name} {about[name]}" for name in PROVENANCE if name in about)
    several = " or ".join(map(str, seeds))
    wanted = ["operating characteristic", "wanted", "measured, with its 95 % bound", "how", "kept"]
    tried = [
        [*(each[name] for name in ("name", "wanted", "measured", "how")), KEPT[each["kept"]]]
        for each in found["characteristics"]
    ]
    drawn = ["training fault", "suites drawn", "suites of other seeds", "caught by (seeds)"]
    detections = [[each["fault"], *_caught(each)] for each in found["training_faults"]]
    caught = [[name, one_line(by, 140)] for name, by in found["harness_faults"].items()]
    parts = [
        [f"Baseline {about['name']!r}: {several} seeds an arm ({trained})."],
        table(wanted, tried),
        table([*drawn, "conformance tests"], detections) if detections else [],
        table(["harness fault", "caught by"], caught),
    ]
    return [line for part in parts if part for line in (*part, "")]


def _caught(detection: Mapping[str, Any]) -> list[str]:
    caught, suites, seeds = (detection[name] for name in ("caught", "suites", "mean_seeds"))
    low = win_interval(caught, suites).low
    by = [f"{name} ({seeds[name]:.0f})" for name in list(detection["by"])[:2]]
    failed = detection["conformance"]
    conformance = "not run" if failed is None else f"{len(failed)} fail" if failed else "pass"
    rate = f"{caught:,} of {suites:,}, >= {low:.3f}"
    return [rate, f">= {detection['least']:.3f}", "; ".join(by) or "none", conformance]
