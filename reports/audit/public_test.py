import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from training_claims.faults.injection import INJECTABLE, PUBLIC
from training_claims.reports.audit import public
from training_claims.status import Status

JUNIT = """<testsuites><testsuite>
<testcase classname="claims.contracts.test_loop" name="test_order"><failure message="differs"/>
</testcase><testcase classname="claims.contracts.test_loop" name="test_other"/>
</testsuite></testsuites>"""


def test_every_public_fault_is_watched_in_files_that_exist() -> None:
    assert {*PUBLIC} <= {*public.WATCHED} <= {*INJECTABLE}
    root = Path(__file__).parents[2]
    for files in public.WATCHED.values():
        for file in files.split():
            assert (root / public.CONTRACTS / f"test_{file}.py").is_file()


def test_the_record_has_every_fault_and_it_is_said_why_one_is_not_seen() -> None:
    rows = json.loads(public.RECORD.read_text())
    assert [*rows] == [*public.WATCHED]
    assert sum(bool(row["red"]) for row in rows.values()) >= 28
    assert {name for name, row in rows.items() if not row["red"]} == {*public.UNSEEN}
    assert {name: row["reported"] for name, row in rows.items()} == {
        name: public.reported(name) for name in rows
    }


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The command lines that would have been run."""
    started: list[list[str]] = []

    def run(line: list[str], **_: object) -> SimpleNamespace:
        started.append(line)
        junit = next(each for each in line if each.startswith("--junitxml="))
        Path(junit.partition("=")[2]).write_text(JUNIT)
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(public, "RECORD", tmp_path / "public.json")
    return started


def test_the_claims_that_a_fault_turns_red_are_recorded(lines: list[list[str]]) -> None:
    public.RECORD.write_text(json.dumps({"no-shuffling": {"reported": "", "red": []}}))
    assert public.main(["--only", "a-batch-lost", "-n", "2"]) == Status.OK
    assert lines[0][lines[0].index("--claims-inject") + 1] == "a-batch-lost"
    assert lines[0][-3:-1] == ["-n", "2"]
    rows = json.loads(public.RECORD.read_text())
    assert [*rows] == ["a-batch-lost", "no-shuffling"]
    assert rows["a-batch-lost"]["red"] == ["test_loop::test_order"]


def test_a_session_without_verdicts_ends_it(
    monkeypatch: pytest.MonkeyPatch, lines: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(public, "DECIDED", ())
    assert public.main(["--only", "a-batch-lost"]) == Status.FAULT
    assert lines
    assert "Expected exit status 0 or 1" in capsys.readouterr().err
