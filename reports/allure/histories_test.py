from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np

from training_claims.evidence.readings import final
from training_claims.hooks import Judgement
from training_claims.reports.allure.histories import csv_text
from training_claims.runs.history import History, Runs
from training_claims.testing.judgement import made_arm, made_judgement


def read(name: str, seeds: tuple[int, ...], curves: dict[str, np.ndarray]) -> Judgement:
    """A claim on the end of one arm's loss."""
    arm = made_arm(name, epochs=2)
    comparison = final("val_accuracy", arm).exceeds(0, by=0)
    runs = (Runs(arm, seeds, History(curves)),)
    return dataclasses.replace(made_judgement(), comparison=comparison, runs=runs)


def test_what_a_claim_reads_has_a_line_of_epochs_for_every_seed() -> None:
    curves = {
        "loss": np.array([[0.5, np.nan], [1 / 3, np.inf]]),
        "other": np.ones((2, 2)),
        "val_accuracy": np.array([[1, 2], [3, 4]]) / 7,
    }
    rows = list(csv.reader(io.StringIO(csv_text(read('a, "quoted"', (7, 8), curves)))))
    assert rows == [
        ["arm", "metric", "seed", "1", "2"],
        ['a, "quoted"', "loss", "7", "0.5", "nan"],
        ['a, "quoted"', "loss", "8", "0.3333", "inf"],
        ['a, "quoted"', "val_accuracy", "7", "0.1429", "0.2857"],
        ['a, "quoted"', "val_accuracy", "8", "0.4286", "0.5714"],
    ]


def test_equal_curves_share_their_lines() -> None:
    curves = {"loss": np.ones((1, 2)), "val_accuracy": np.ones((1, 2))}
    text = csv_text(read("a", (0,), curves))
    assert text.splitlines()[1:] == ["a,loss = val_accuracy,0,1,1"]
