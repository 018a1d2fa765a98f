from __future__ import annotations

import csv
import io

import numpy as np

from training_claims.reports.allure.histories import csv_text
from training_claims.runs.history import History, Runs
from training_claims.testing.judgement import made_arm


def test_every_arm_metric_and_seed_has_a_line_of_epochs() -> None:
    arm = made_arm('a, "quoted"', epochs=2)
    history = History({"loss": np.array([[0.5, np.nan], [1 / 3, np.inf]]), "acc": np.ones((2, 2))})
    rows = list(csv.reader(io.StringIO(csv_text([Runs(arm, (7, 8), history)]))))
    assert rows == [
        ["arm", "metric", "seed", "1", "2"],
        ['a, "quoted"', "loss", "7", "0.5", "nan"],
        ['a, "quoted"', "loss", "8", "0.33333", "inf"],
        ['a, "quoted"', "acc", "7", "1", "1"],
        ['a, "quoted"', "acc", "8", "1", "1"],
    ]


def test_equal_metrics_share_their_lines() -> None:
    curves = {"loss": np.ones((1, 2)), "crossentropy": np.ones((1, 2))}
    text = csv_text([Runs(made_arm("a", epochs=2), (0,), History(curves))])
    assert text.splitlines()[1:] == ["a,loss = crossentropy,0,1,1"]
