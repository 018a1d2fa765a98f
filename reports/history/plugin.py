"""The pytest plugin that adds what a session's claims gave to a history's record."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from training_claims.hooks import Judgement
from training_claims.mark import claim_id
from training_claims.reports import provenance
from training_claims.reports.drift.baseline import SavedArm, rounded
from training_claims.reports.history.record import (
    Record,
    Series,
    Trained,
    UnusableRecord,
    add,
    read,
)
from training_claims.session import outputs
from training_claims.session.options import given_name

OPTION = "--claims-history"
VERSIONS = ("tensorflow", "keras", "numpy", "python", "device")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse at once what cannot be written, or is no record."""
    with outputs.refused(OPTION):
        given_name(config.option.claims_history)
        outputs.check_file(_path(config))
    try:
        read(_path(config))
    except UnusableRecord as fault:
        raise pytest.UsageError(f"{OPTION}: {fault}") from None


def pytest_claim_judged(item: pytest.Item, judgement: Judgement) -> None:
    """Add the claim, and what it reads off each arm alone."""
    about = ", ".join(" ".join(pair) for pair in provenance.of_data(item.config).items())
    with outputs.noted(item.config, OPTION):
        add(_path(item.config), _record(claim_id(item), judgement, about))


def _path(config: pytest.Config) -> Path:
    return config.invocation_params.dir / str(config.option.claims_history)


def _record(name: str, judgement: Judgement, data: str) -> Record:
    verdict, runs = judgement.verdict, judgement.runs
    trained = provenance.joined(each.environment for each in runs)
    about = {each: trained.get(each, "unknown") for each in VERSIONS}
    found: dict[tuple[Series, Trained], Mapping[int, float]] = {}
    for each in runs:
        arm = SavedArm.of(each, judgement.comparison.primary, [name])
        by = Trained(**about, data=data, code=arm.fingerprint)
        for own in arm.statistics:
            series = Series("arm", f"{arm.name} on {arm.data}", own.name, own.unit, "", 0.0)
            found[series, by] = dict(zip(arm.seeds, own.values, strict=True))
    code = sha256(" ".join(each.arm.fingerprint() for each in runs).encode()).hexdigest()[:16]
    region, differences = verdict.region, verdict.differences
    claim = Series("claim", name, verdict.wording, verdict.unit, region.direction, region.margin)
    values = rounded(np.array(differences.values)).tolist()
    by = Trained(**about, data=data, code=code)
    found[claim, by] = dict(zip(differences.seeds, values, strict=True))
    return found
