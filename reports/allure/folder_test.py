"""One session at a time writes a folder of results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_claims.reports.allure import folder
from training_claims.reports.allure.folder import Held, hold


def test_processes_of_one_session_share_a_folder_and_no_other_gets_it(tmp_path: Path) -> None:
    results = tmp_path / "results"
    with hold(results, "ours", anew=True), hold(results, "ours", anew=True):
        (results / "kept").touch()
        with pytest.raises(Held, match=r"no other session .* Received: .*results\. Wait"):
            hold(results, "theirs", anew=True)
        hold(results, "ours", anew=True).close()
        assert (results / "kept").exists()
    hold(results, "theirs", anew=False).close()


@pytest.mark.parametrize("anew", [True, False])
def test_the_first_of_the_next_session_empties_it_if_told_to(tmp_path: Path, anew: bool) -> None:
    hold(tmp_path, "first", anew=True).close()
    (tmp_path / "old-result.json").touch()
    (tmp_path / "more").mkdir()
    with hold(tmp_path, "second", anew=anew):
        assert (tmp_path / "old-result.json").exists() is not anew
        assert (tmp_path / "more").exists() is not anew
        with pytest.raises(Held):
            hold(tmp_path, "first", anew=True)


def test_a_killed_session_holds_nothing(tmp_path: Path) -> None:
    holding = (
        "import sys, time; from pathlib import Path; "
        "from training_claims.reports.allure.folder import hold; "
        "note = hold(Path(sys.argv[1]), 'killed', anew=True); print('held', flush=True); "
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Held):
            hold(tmp_path, "next", anew=True)
        other.kill()
    hold(tmp_path, "next", anew=True).close()


ROOT = Path("/home/someone/claims of mine")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (f"{ROOT}/claims/test_a.py::test_b", "claims/test_a.py::test_b"),
        (f"--claims-summary={ROOT}/out/s.md", "--claims-summary=out/s.md"),
        ("--claims-mnist=/data/of/someone/mnist.npz", "--claims-mnist=mnist.npz"),
        ("/data/of/someone/mnist.npz", "mnist.npz"),
        (f"-c{ROOT}/pytest.ini", "-cpytest.ini"),
        (f"--rootdir={ROOT}", "--rootdir=."),
        ("../claims", "../claims"),
        ("a and not b", "'a and not b'"),
    ],
)
def test_a_command_is_shown_as_seen_from_the_project(typed: str, shown: str) -> None:
    assert folder.shown(["pytest", typed], ROOT) == f"pytest {shown}"


@given(st.text("-o =a'"), st.text("ab =/-"))
def test_no_argument_shows_where_the_project_lies(before: str, after: str) -> None:
    assert str(ROOT) not in folder.shown([f"{before}{ROOT}/{after}"], ROOT)
    assert str(ROOT) not in folder.shown([f"--{before}={ROOT}/{after}"], ROOT)


def test_the_command_stands_in_the_report(tmp_path: Path) -> None:
    folder.describe(tmp_path, {"a = b": ["c"]}, "pytest -n 2")
    executor = json.loads((tmp_path / "executor.json").read_text())
    assert executor["buildName"].endswith(" UTC: pytest -n 2")
    assert (tmp_path / "environment.properties").read_text() == "a-b=c\n"
