"""`training-claims scale [files] [options of pytest]`: a cluster against workers of this machine.

The claims of the files are decided from an empty store, by `-n` workers and by as many Ray nodes
of one core on the same cores. Without files they are made ones whose runs wait instead of
computing, so that what is measured is the handing out alone, on whatever else the machine does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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
HEADINGS = ("workers", "way", "runs", "session s", "efficiency")
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
        way: "-n" or "Ray".
        runs: How many were trained.
        session: Seconds from its start to its end.
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
                for way in ("-n", "Ray"):
                    rows.append(_row(workers, way, files))
                    print(rows[-1], file=sys.stderr)
    about = {"processor": processor(), "cores": cores(), "load": round(os.getloadavg()[2], 1)}
    record = {**about, "claims": " ".join(map(str, given.files)) or "made"}
    rows_told = [asdict(row) for row in rows]
    outputs.write(given.output, json.dumps({**record, "rows": rows_told}, indent=1) + "\n")
    return Status.OK


def how(record: Mapping[str, Any]) -> Iterator[str]:
    """How a record was measured."""
    waits = " Their runs wait 0.25 s and compute nothing." if record["claims"] == "made" else ""
    yield (
        f"{record['processor']}, {record['cores']} cores, load {record['load']:g}; 4 workers share "
        f"{record['cores']} cores.{waits} Efficiency is the session of one `-n` worker, over this "
        "session times workers. Some of a session loads TensorFlow and asks claims, whatever the "
        "workers: so short a suite cannot show what a long one gains."
    )


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Rows of the table; all of a session counts, what it loads and asks before it trains, too."""
    (alone,) = (row.session for row in rows if (row.workers, row.way) == (1, "-n"))
    return [
        [
            *(str(row.workers), row.way, str(row.runs), f"{row.session:.1f}"),
            f"{alone / (row.workers * row.session):.2f}",
        ]
        for row in rows
    ]


def _row(workers: int, way: str, told: Sequence[str]) -> Row:
    with TemporaryDirectory() as folder, _options(workers, way) as options:
        store = Path(folder) / "runs"
        line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        line += ["--claims-no-report", f"--claims-run-store={store}", *options, *told]
        began = time.monotonic()
        output_of(line, {})
        session = time.monotonic() - began
        return Row(workers, way, len([*store.glob("*/*.json")]), round(session, 1))


@contextmanager
def _options(workers: int, way: str) -> Iterator[list[str]]:
    if way == "-n":
        yield ["-n", str(workers)]
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
