"""A baseline that nothing trained, for the tests of this folder."""

from __future__ import annotations

import numpy as np

from training_claims.arm import Arm
from training_claims.evidence.readings import late, rise
from training_claims.evidence.statistic import Comparison
from training_claims.reports.audit.banked import Banked
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.runs.history import History, Runs
from training_claims.testing.judgement import made_arm

EPOCHS = 8
TREATED, CONTROL = made_arm("treated", EPOCHS), made_arm("control", EPOCHS)


def made_runs(arm: Arm, accuracy: float, seeds: range, *, sd: float = 0.01) -> Runs:
    """Runs whose accuracy is normal about a value, and whose loss ends as far above its best."""
    rng = np.random.default_rng([seeds.start, *arm.name.encode()])
    reached = rng.normal(accuracy, sd, (len(seeds), 1))
    epochs = np.arange(EPOCHS)
    curves = {
        "val_accuracy": np.repeat(reached, EPOCHS, axis=1),
        "val_loss": 1 + np.where(epochs < EPOCHS // 2, -epochs, reached * epochs),
    }
    return Runs(arm, tuple(seeds), History(curves), {"tensorflow": "2.0", "device": "CPU"})


def made_claims(baseline: Baseline) -> list[Banked]:
    """Three claims, each with 3 SD or more beyond its margin."""
    better = late("val_accuracy", TREATED).exceeds(late("val_accuracy", CONTROL), by=0.05)
    known = late("val_accuracy", CONTROL).equivalent_to(0.5, within=0.05)
    rises = rise("val_loss", TREATED).exceeds(0.1, by=0)
    named = {"Better": better, "Known": known, "Rises": rises}
    return [
        Banked.of(name.lower(), name, each, runs_of(each, baseline)) for name, each in named.items()
    ]


def runs_of(comparison: Comparison, baseline: Baseline) -> dict[Arm, Runs]:
    """The baseline's runs of a comparison's arms."""
    return {arm: baseline.runs(arm) for arm in comparison.arms}


def made_baseline(seeds: int = 60) -> Baseline:
    """Both arms, with what the claims read."""
    numbers = range(10_000, 10_000 + seeds)
    parts = [
        SavedArm.of(made_runs(arm, accuracy, numbers), [late("val_accuracy", arm)], [arm.name])
        for arm, accuracy in ((TREATED, 0.6), (CONTROL, 0.5))
    ]
    return Baseline.of("made", {"tensorflow": "2.0"}, parts)
