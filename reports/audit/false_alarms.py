"""How often a suite would raise a false alarm: a baseline of one version, against itself.

`training-claims false-alarms BASELINE [--suites 10000] [--seeds 30]`

For each suite, the seeds of every arm are divided at random into new ones and a baseline's, and
judged by the rule that judges a real upgrade. Exit status: 0; 1, suites raise more alarms than
allowed; 4, the baseline cannot be used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift.baseline import Baseline, SavedArm, margin_of
from training_claims.reports.drift.file import path_of, read
from training_claims.reports.drift.rule import FALSE_ALARMS, Rule
from training_claims.session.options import given_count, given_name
from training_claims.status import Status


def false_alarms(baseline: Baseline, suites: int, *, new: int = 30) -> int:
    """In how many suites anything drifts, though all runs are of one version.

    Args:
        baseline: Runs of one version; each arm has more seeds than `new`.
        suites: How often to divide them.
        new: How many seeds of each arm play the new version's.

    Raises:
        ValueError: If an arm has too few seeds.
    """
    few = [arm.name for arm in baseline.arms if len(arm.seeds) <= new]
    if few:
        raise ValueError(
            f"Expected a baseline of more than {new} seeds an arm. Received fewer of: "
            f"{', '.join(few)}. Save one by `make baseline`."
        )
    rule, generator = Rule.of(baseline), np.random.default_rng(0)

    def alarm() -> bool:
        return any(
            _drifts(rule, arm, generator.permutation(len(arm.seeds)), new) for arm in baseline.arms
        )

    return sum(alarm() for _ in range(suites))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Count, print, and fail if suites raise more alarms than allowed."""
    parser = Parser(prog="training-claims false-alarms")
    parser.add_argument("baseline", type=given_name)
    parser.add_argument("--suites", type=given_count, default=10_000)
    parser.add_argument("--seeds", type=given_count, default=30)
    given = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        baseline = read(path_of(given.baseline, Path.cwd()))
        found = false_alarms(baseline, given.suites, new=given.seeds)
    except ValueError as fault:  # an unusable baseline is one
        print(f"Cannot count: {fault}", file=sys.stderr)
        return Status.USAGE
    print(
        f"{found} of {given.suites} suites of {Rule.of(baseline).tests} statistics raised an alarm "
        f"({time.monotonic() - started:.0f} s); allowed: at most {FALSE_ALARMS:g}."
    )
    return Status.REFUTED if found > FALSE_ALARMS * given.suites else Status.OK


def _drifts(rule: Rule, arm: SavedArm, order: np.ndarray, new: int) -> bool:
    for each in arm.statistics:
        values = np.array(each.values)[order]
        old = values[new:].tolist()
        if rule.drifted(values[:new].tolist(), old, margin_of(old, each.unit)):
            return True
    return False
