"""All that was found of the operating characteristics on one baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from training_claims.arm import Arm
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.intervals import win_interval
from training_claims.evidence.verdict import plain
from training_claims.faults.injection import FAULTS
from training_claims.reports.audit import characteristics, harness, table
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.characteristics import Characteristic
from training_claims.reports.audit.detection import Detection, detected, injected_runs
from training_claims.reports.audit.experiment import conformance_of
from training_claims.reports.drift.baseline import Baseline
from training_claims.runs.source import RunSource

WANTED = 0.95
# A fault is caught in nearly all suites or in few; ten thousand would not tell more.
SHARE_OF_FAULTY_SUITES = 10
SPLITS_A_SUITE = 5
NAMED = 3  # claims that a baseline lacks, each with the reason; of more, one is named


@dataclass(frozen=True)
class Findings:
    """What was found.

    Args:
        baseline: The seeds that suites were drawn from.
        claims: Those that the baseline has runs of.
        characteristics: Each with its bound.
        detections: Of the training faults of which injected runs are stored.
        harness: By each harness fault what caught it.
    """

    baseline: Baseline
    claims: Sequence[Banked]
    characteristics: Sequence[Characteristic]
    detections: Sequence[Detection]
    harness: Mapping[str, str]

    def lines(self) -> list[str]:
        """In Markdown."""
        return table.lines(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """In plain types; numbers that are not finite as the words that `float` reads."""
        record: dict[str, Any] = plain(
            {
                "baseline": {
                    "name": self.baseline.name,
                    **self.baseline.provenance,
                    "data": sorted({arm.data.name for each in self.claims for arm in each.runs}),
                },
                "characteristics": [asdict(each) for each in self.characteristics],
                "claims": {each.claim_id: _claim(each) for each in self.claims},
                "training_faults": [_detection(each) for each in self.detections],
                "harness_faults": dict(self.harness),
            }
        )
        return record


def find(
    baseline: Baseline,
    claims: Sequence[Banked],
    uncovered: Mapping[str, str],
    source: RunSource,
    suites: int,
) -> Findings:
    """Try every characteristic.

    Args:
        baseline: The seeds to draw suites from.
        claims: Those that the baseline has runs of; at least one.
        uncovered: Why it has none of another claim, by its statement.
        source: Where injected runs lie.
        suites: How many to draw.
    """
    design, rng = GroupSequential(), np.random.default_rng(0)
    caught = {name: fault() for name, fault in harness.FAULTS.items()}
    fewer = max(1, suites // SHARE_OF_FAULTY_SUITES)
    detections = detections_of(baseline, claims, source, fewer, rng)
    found = [
        of_coverage(len(claims), uncovered),
        *characteristics.of_the_design(claims, design),
        *characteristics.of_resampled_suites(claims, design, suites, rng),
        characteristics.of_every_claim(claims),
        *characteristics.of_halves(claims, design, suites * SPLITS_A_SUITE, rng),
        of_detections(detections, len(FAULTS)),
        of_harness(len(caught), len(harness.FAULTS)),
    ]
    return Findings(baseline, claims, found, detections, caught)


def detections_of(
    baseline: Baseline,
    claims: Sequence[Banked],
    source: RunSource,
    suites: int,
    rng: np.random.Generator,
) -> list[Detection]:
    """Who catches each training fault of which injected runs are stored."""
    arms: list[Arm] = [arm for claim in claims for arm in claim.comparison.arms]
    injected = {fault: injected_runs(source, [*dict.fromkeys(arms)], fault) for fault in FAULTS}
    return [
        detected(
            claims, runs, baseline, fault, suites=suites, rng=rng, conformance=conformance_of(fault)
        )
        for fault, runs in injected.items()
        if runs
    ]


def of_coverage(covered: int, uncovered: Mapping[str, str]) -> Characteristic:
    """Whether the baseline speaks for the whole suite."""
    missing = "".join(f"; not {statement!r}: {why}" for statement, why in uncovered.items())
    if len(uncovered) > NAMED:
        missing = f"; not {next(iter(uncovered))!r} and {len(uncovered) - 1} more"
    every = covered + len(uncovered)
    measured = f"{covered} of {every} claims{missing}"
    how = "by each arm's fingerprint"
    return Characteristic(
        "the baseline has every claim's arms", "all", measured, how, not uncovered
    )


def always_seen(detection: Detection) -> bool:
    """Whether a fault is caught in 95 % of suites at least: by a claim, drift or conformance."""
    low = win_interval(detection.caught, detection.suites).low
    return bool(detection.conformance) or low >= WANTED


def of_detections(detections: Sequence[Detection], faults: int) -> Characteristic:
    """The characteristic about training faults."""
    seen = [each.fault for each in detections if always_seen(each)]
    missed = [each.fault for each in detections if not always_seen(each)]
    untrained = f"; {faults - len(detections)} not trained" if len(detections) < faults else ""
    shown = sum(each.least >= WANTED for each in detections)
    named = f": all but {', '.join(missed)}" if missed else ""
    return Characteristic(
        "a training fault is caught",
        f">= {WANTED:g} of suites",
        f"{len(seen)} of {faults} faults{named}{untrained}; {shown} also for other seeds",
        "suites drawn from injected runs: claims and drift; conformance tests with the fault",
        len(seen) == faults if detections else None,
    )


def of_harness(caught: int, faults: int) -> Characteristic:
    """The characteristic about harness faults."""
    how = "each injected into the real code"
    return Characteristic(
        "a harness fault is caught", "always", f"{caught} of {faults}", how, caught == faults
    )


def _claim(claim: Banked) -> dict[str, Any]:
    """Its power, and what it compares: of another margin the power is another."""
    about = {"statement": claim.statement, "comparison": str(claim.comparison)}
    return {**about, **asdict(claim.power)}


def _detection(detection: Detection) -> dict[str, Any]:
    """With the bounds of the rate."""
    low, high, _ = win_interval(detection.caught, detection.suites)
    return {**asdict(detection), "rate_low": low, "rate_high": high}
