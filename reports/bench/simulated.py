"""The suite on clusters of up to a thousand workers, reckoned: recorded costs, the real policy.

Claims look as `cluster.source` has them look, their runs are dealt to tasks by `cluster.chunks`,
and the longest waiting task begins first. How many seeds a claim takes is what it took, or all.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from training_claims.cluster.chunks import chunks
from training_claims.evidence.design import SUITE
from training_claims.plan.costs import Costs
from training_claims.plan.plan import duration

WORKERS = (1, 10, 30, 100, 300, 1_000)
# Seconds: a process that loads TensorFlow, and a task that compiles its arm.
BEGINS, COMPILES = 10.0, 2.0
ASSUMED = (
    f"No machine of these sizes was at hand: `simulated.py` reckons by the recorded costs, "
    f"{BEGINS:g} s in which each process begins and {COMPILES:g} s in which each task compiles. "
    "Tasks are dealt as `--claims-ray` deals them. The process that judges, which asks all claims "
    "before the first task begins (about half a minute), is left out. The bound is what no "
    "schedule of these tasks and looks beats.",
)
HEADINGS = ("workers", "makespan", "efficiency", "bound", "what bounds it")


@dataclass(frozen=True)
class Arm:
    """What a schedule knows of an arm."""

    name: str

    def fingerprint(self) -> str:
        """Its fingerprint."""
        return self.name


@dataclass(frozen=True)
class Schedule:
    """How long a suite takes.

    Args:
        workers: How many train.
        work: What all tasks take, a worker's seconds.
        makespan: When the last one ends, seconds.
        longest: What the claim takes whose looks, one after the other, take longest, if every
            seed had a worker.
    """

    workers: int
    work: float
    makespan: float
    longest: float

    @property
    def cells(self) -> list[str]:
        """A row of the table."""
        shared = BEGINS + self.work / self.workers
        return [
            f"{self.workers:,}",
            duration(self.makespan),
            f"{self.work / (self.workers * self.makespan):.2f}",
            duration(max(shared, self.longest)),
            "the work" if shared >= self.longest else "the looks of one claim",
        ]


def schedule(costs: Costs, looks: Mapping[str, Sequence[int]], workers: int) -> Schedule:
    """Reckon a suite on so many workers.

    Args:
        costs: What runs cost, and which arms a claim reads.
        looks: The seeds after which each claim is looked at, up to the look that decides it.
        workers: How many train.
    """
    suite = _Suite(costs, {claim: deque(each) for claim, each in looks.items()}, workers)
    suite.run()
    longest = BEGINS + max(_chain(costs, *each) for each in looks.items())
    return Schedule(workers, suite.work, suite.now, longest)


class _Suite:
    """A suite under way: what waits, what is busy, which looks are still to come."""

    def __init__(self, costs: Costs, looks: Mapping[str, deque[int]], workers: int) -> None:
        self.work, self.now = 0.0, BEGINS
        self._costs, self._looks, self._workers, self._free = costs, looks, workers, workers
        self._number = count()
        self._waiting: list[tuple[float, int, Any]] = []
        self._busy: list[tuple[float, int, Any]] = []
        self._begun: Counter[str] = Counter()  # seeds of an arm
        self._tasks: Counter[str] = Counter()  # of an arm, waiting or busy

    def run(self) -> None:
        """Decide all claims."""
        self._look(self._looks)
        while self._busy:
            self.now, _, chunk = heapq.heappop(self._busy)
            self._free += 1
            self._tasks[chunk.arm.name] -= 1
            self._look(
                claim
                for claim, looks in self._looks.items()
                if looks and not self._tasks[chunk.arm.name] and self._reads(claim, chunk.arm.name)
            )

    def _reads(self, claim: str, arm: str) -> bool:
        return arm in self._costs.claims[claim]

    def _look(self, claims: Iterable[str]) -> None:
        """Begin the next looks of those of the claims that wait for no task."""
        ready = [*claims]
        while ready := [claim for claim in ready if self._looks[claim] and self._rests(claim)]:
            wanted: Counter[str] = Counter()
            for claim in ready:
                seeds = self._looks[claim].popleft()
                wanted |= Counter(dict.fromkeys(self._costs.claims[claim], seeds))
            new: dict[Any, range] = {
                Arm(arm): range(self._begun[arm], seeds) for arm, seeds in wanted.items()
            }
            self._begun |= wanted
            for chunk in chunks(new, self._costs, self._workers):
                heapq.heappush(self._waiting, (-chunk.seconds, next(self._number), chunk))
                self._tasks[chunk.arm.fingerprint()] += 1
        self._begin()

    def _rests(self, claim: str) -> bool:
        return not any(self._tasks[arm] for arm in self._costs.claims[claim])

    def _begin(self) -> None:
        """Give free workers the longest that waits."""
        while self._free and self._waiting:
            _, _, chunk = heapq.heappop(self._waiting)
            took = COMPILES + chunk.seconds
            self._free -= 1
            self.work += took
            heapq.heappush(self._busy, (self.now + took, next(self._number), chunk))


def _chain(costs: Costs, claim: str, looks: Sequence[int]) -> float:
    """What a claim takes if every seed of a look has a worker of its own."""
    return len(looks) * (COMPILES + max(map(costs.of_run, costs.claims[claim])))


def tables(costs: Costs, seeds: Mapping[str, int]) -> Iterator[tuple[str, list[list[str]]]]:
    """Tables of schedules, each with what it assumes.

    Args:
        costs: Recorded costs.
        seeds: After how many seeds each claim was decided.
    """
    took = {claim: [look for look in SUITE.looks if look <= seeds[claim]] for claim in seeds}
    every = {claim: [*SUITE.looks] for claim in seeds}
    full = Costs({arm: 10 * cost for arm, cost in costs.runs.items()}, costs.claims)
    for what, known, looks in (
        ("Packaged data, each claim the looks that it took", costs, took),
        ("Packaged data, every claim all four looks", costs, every),
        ("Ten times the cost, as of 60,000 digits, each claim the looks that it took", full, took),
        ("Ten times the cost, every claim all four looks", full, every),
    ):
        yield what, [schedule(known, looks, workers).cells for workers in WORKERS]
