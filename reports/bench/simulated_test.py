"""Schedules of suites small enough to reckon by hand, and what none may beat."""

import json
from pathlib import Path

import pytest

from training_claims.plan import costs
from training_claims.plan.costs import Costs
from training_claims.reports.bench.scale import Row, cells
from training_claims.reports.bench.simulated import BEGINS, COMPILES, schedule

CLAIMS = Path(__file__).parents[2] / "claims"
KNOWN = Costs({"a": 10.0, "b": 1.0}, {"both": ("a", "b"), "short": ("b",)})


def test_one_worker_does_the_work_and_many_wait_for_the_looks_of_one_claim() -> None:
    looks = {"both": (12, 20), "short": (12,)}
    alone, many = (schedule(KNOWN, looks, workers) for workers in (1, 100))
    assert alone.makespan == BEGINS + alone.work
    assert alone.work == 20 * 10 + 20 * 1 + COMPILES * 10  # a look: 4 tasks of "a", 1 of "b"
    assert many.makespan == many.longest == BEGINS + 2 * (10 + COMPILES)
    assert many.cells[-1] == "the looks of one claim"


@pytest.mark.parametrize("workers", [1, 7, 40, 1_000])
def test_no_schedule_of_the_suite_beats_its_bound(workers: int) -> None:
    known = costs.read([CLAIMS / costs.NAME])
    record = json.loads((CLAIMS / "record.json").read_text())
    looks = {claim["id"]: (12, 20, 30, 60) for claim in record["claims"]}
    found = schedule(known, looks, workers)
    bound = max(BEGINS + found.work / workers, found.longest)
    assert bound - 1e-6 <= found.makespan < 1.3 * bound
    runs = sum(60 * known.of_run(arm) for arm in {a for each in looks for a in known.claims[each]})
    assert found.work > runs


def test_efficiency_is_against_one_worker_and_what_the_cores_allow() -> None:
    rows = [Row(1, "-n", 10, 30.0), Row(2, "apart", 20, 40.0), Row(4, "Ray", 10, 25.0)]
    assert [row[-2:] for row in cells(rows)] == [
        ["1.00", "1.00"],
        ["0.75", "1.00"],
        ["0.30", "0.80"],
    ]
