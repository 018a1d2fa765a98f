"""All that was found of the operating characteristics on one baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from training_claims.condition import Condition
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.intervals import win_interval
from training_claims.faults.injection import FAULTS
from training_claims.reports.audit import characteristics, harness, table
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.characteristics import Characteristic
from training_claims.reports.audit.detection import Detection, detected, injected_runs
from training_claims.reports.audit.experiment import conformance_of
from training_claims.reports.drift.baseline import Baseline
from training_claims.reports.provenance import data_of
from training_claims.reports.records import record_of
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
        baseline: What is known of the seeds that suites were drawn from: their baseline's name
            and provenance, and the names of the arms' data.
        characteristics: Each with its bound.
        claims: Of each that the baseline has runs of, by its identity, what it compares and its
            power: of another margin the power is another.
        training_faults: Those of which injected runs are stored.
        harness_faults: By each what caught it.
    """

    baseline: Mapping[str, object]
    characteristics: Sequence[Characteristic]
    claims: Mapping[str, Mapping[str, object]]
    training_faults: Sequence[Detection]
    harness_faults: Mapping[str, str]

    def lines(self) -> list[str]:
        """In Markdown."""
        return table.lines(record_of(self))


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
        characteristics.of_a_wrong_boundary(claims, rng),
        of_detections(detections, len(FAULTS)),
        of_harness(len(caught), len(harness.FAULTS)),
    ]
    data = sorted({data_of(arm) for each in claims for arm in each.runs})
    about = {"name": baseline.name, **baseline.provenance, "data": data}
    powers = {
        each.claim_id: {
            "statement": each.statement,
            "comparison": str(each.comparison),
            **asdict(each.power),
        }
        for each in claims
    }
    return Findings(about, found, powers, detections, caught)


def detections_of(
    baseline: Baseline,
    claims: Sequence[Banked],
    source: RunSource,
    suites: int,
    rng: np.random.Generator,
) -> list[Detection]:
    """Who catches each training fault of which injected runs are stored."""
    arms: list[Condition] = [arm for claim in claims for arm in claim.comparison.arms]
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
