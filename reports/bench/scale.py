"""`training-claims scale [files] [options of pytest]`: a cluster against workers of this machine.

The claims of the files are decided from an empty store, by `-n` workers and by as many Ray nodes
of one core on the same cores; and as many sessions of one worker each, apart, which show what the
cores allow: they share caches, memory and clock. Without files claims are made ones whose runs wait
instead of computing, so that the handing out alone is measured, on whatever else the machine does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training_claims.reports import places
from training_claims.reports.bench.machine import processor
from training_claims.reports.command_line import Parser, command, output_of
from training_claims.session import outputs
from training_claims.session.hardware import cores
from training_claims.session.options import given_path
from training_claims.status import Status

WORKERS = (1, 2, 4)
HEADINGS = ("workers", "way", "runs", "session s", "efficiency", "of what the cores allow")
MADE = """
import time
import pytest
from training_claims import Curve, Experiment, builder, claim, final

@builder
def waits(seed, value):
    time.sleep(0.25)
    return {"a": value + seed / 1000}

@claim("A made run is above zero", source="Nowhere")
@pytest.mark.parametrize("value", range(1, 17))
def test_made(judge, value):
    arm = Experiment("made", waits(value), Curve("a", "less"))
    assert judge(final("a", arm).exceeds(0, by=0.1))
"""


@dataclass(frozen=True)
class Row:
    """A session.

    Args:
        workers: How many trained.
        way: "-n", "Ray", or "apart": as many sessions at once, each of one worker and all claims.
        runs: How many were trained.
        session: Seconds from its start to its end; of those apart the last one's end.
    """

    workers: int
    way: str
    runs: int
    session: float


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the record; the exit status of the first session that fails."""
    parser = Parser(prog="training-claims scale")
    parser.add_argument("files", nargs="*", type=Path, help="claims; made ones unless given")
    parser.add_argument("--output", type=given_path, default=places.home() / "scale.json")
    given = parser.parse_args(arguments)
    rows = []
    with TemporaryDirectory() as folder:
        made = Path(folder) / "test_made.py"
        made.write_text(MADE, encoding="utf-8")
        files = [str(file.resolve()) for file in given.files or [made]]
        for workers in WORKERS:
            with _on_cores(workers):
                for way in ("apart", "-n", "Ray") if 1 < workers <= cores() else ("-n", "Ray"):
                    rows.append(_row(workers, way, files))
                    print(rows[-1], file=sys.stderr)
    about = {"processor": processor(), "cores": cores(), "load": round(os.getloadavg()[2], 1)}
    record = {**about, "claims": " ".join(map(str, given.files)) or "made"}
    rows_told = [asdict(row) for row in rows]
    outputs.write(given.output, json.dumps({**record, "rows": rows_told}, indent=1) + "\n")
    return Status.OK


def how(record: Mapping[str, Any]) -> Iterator[str]:
    """How a record was measured."""
    if record["claims"] == "made":
        yield "Made claims, whose runs wait 0.25 s and compute nothing."
    else:
        yield f"Claims: {', '.join(f'`{file}`' for file in record['claims'].split())}."
    yield ""
    yield (
        f"{record['processor']}, {record['cores']} cores, load {record['load']:g}; 4 workers share "
        f"{record['cores']} cores. Efficiency is the session of one `-n` worker, over this "
        "session times workers; all of a session counts, what it loads and asks before it trains, "
        "too. What the cores allow is how fast they decide the claims as often as there are cores, "
        'in sessions apart that share nothing but the machine ("apart").'
    )


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Rows of the table."""
    (alone,) = (row.session for row in rows if (row.workers, row.way) == (1, "-n"))
    apart = {1: alone, **{row.workers: row.session for row in rows if row.way == "apart"}}
    return [[*map(str, astuple(row)), *_efficiency(row, alone, apart)] for row in rows]


def _efficiency(row: Row, alone: float, apart: Mapping[int, float]) -> list[str]:
    """A session's efficiency, and its share of that which as many sessions apart have."""
    if row.way == "apart":
        return [f"{alone / row.session:.2f}", "1.00"]
    cores_used = max(cores for cores in apart if cores <= row.workers)
    allowed = apart[cores_used] / cores_used
    return [f"{alone / (row.workers * row.session):.2f}", f"{allowed / row.session:.2f}"]


def _row(workers: int, way: str, told: Sequence[str]) -> Row:
    with TemporaryDirectory() as folder, _options(workers, way) as options:
        stores = [Path(folder) / str(number) for number in range(workers if way == "apart" else 1)]
        line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *told]
        line += ["--claims-no-report"]
        lines = [[*line, f"--claims-run-store={store}"] for store in stores]
        began = time.monotonic()
        with ThreadPoolExecutor(len(lines)) as pool:
            list(pool.map(lambda line: output_of(line, {}), lines))
        session = time.monotonic() - began
        return Row(workers, way, len([*Path(folder).glob("*/*/*.json")]), round(session, 1))


@contextmanager
def _options(workers: int, way: str) -> Iterator[list[str]]:
    if way != "Ray":
        yield ["-n", "1" if way == "apart" else str(workers)]
        return
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(workers):
        cluster.add_node(num_cpus=1)
    try:
        yield ["-n", "0", "--claims-ray", str(cluster.address)]
    finally:
        cluster.shutdown()


@contextmanager
def _on_cores(count: int) -> Iterator[None]:
    """Have what is started use so many cores, or all where there are fewer."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
