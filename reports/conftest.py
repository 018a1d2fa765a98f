"""Fixtures of this folder's tests: a small suite of claims, run by a pytest of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from reports import folder, generate

Run: TypeAlias = Callable[..., pytest.RunResult]

CONFTEST = """
from pathlib import Path
import pytest
import reports.folder
from reports.made_judgement import made_runs

reports.folder.OUT = Path(__file__).parent / "out"
pytest_plugins = ["fixtures.plugin", "reports.plugin"]

class Source:
    notices = []
    def runs(self, arm, seeds):
        return made_runs(arm, float(arm.name.partition("<")[0]), len(seeds))

@pytest.fixture
def run_source():
    return Source()
"""

CLAIMS = """
import os, signal, sys
import pytest
from fixtures.claim import claim
from fixtures.evidence import late
from reports.made_judgement import made_arm

def exceeds(judge, offset):
    arms = made_arm(str(offset)), made_arm("0")
    assert judge(late("val_accuracy", arms[0]).exceeds(late("val_accuracy", arms[1]), by=0.01))

@claim("Helps by {offset} & <more>", source="Noise")
@pytest.mark.parametrize("offset", [0.1])
def test_supported(judge, offset):
    exceeds(judge, offset)

@claim("Hurts", source="Noise")
def test_negative(judge):
    exceeds(judge, -0.1)

@claim("Breaks", source="Noise")
def test_broken(judge):
    raise ValueError("broken")

@pytest.fixture
def missing():
    raise OSError("no data")

@claim("Has no data", source="Noise")
def test_setup(judge, missing):
    exceeds(judge, 0.1)

@claim("Kills its process", source="Noise")
def test_crash(judge):
    os.kill(os.getpid(), signal.SIGKILL)

def test_plain():
    assert False

def test_without_allure():
    assert not [name for name in sys.modules if name.startswith("allure")]
"""

INI = """
[pytest]
addopts = -p no:allure_pytest --import-mode=importlib
pythonpath = {root}
filterwarnings = error
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A small suite of claims."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_noise_channels=CLAIMS)
    pytester.makeini(INI.format(root=Path(__file__).parents[1]))
    return pytester


@pytest.fixture
def run(suite: pytest.Pytester) -> Run:
    """Run those of the suite's tests that `-k` selects, in a process of their own."""

    def run(select: str, *options: str) -> pytest.RunResult:
        return suite.runpytest_subprocess("-k", select, *options)

    return run


@pytest.fixture
def run_inside(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run them in this process, which is faster, without a report."""
    monkeypatch.setattr(folder, "OUT", folder.OUT)  # the suite's conftest.py sets it

    def run(select: str, *options: str) -> pytest.RunResult:
        ignored = "-Wignore::pytest.PytestAssertRewriteWarning"  # all is imported already
        return suite.runpytest_inprocess("-k", select, "--no-report", ignored, *options)

    return run


@pytest.fixture
def allure() -> None:
    """Allure, or a skip where npm's registry is out of reach."""
    try:
        generate._installed()
    except generate.NotGenerated as fault:
        pytest.skip(str(fault))


def results_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Allure's results in a folder by the name of their test."""
    results = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    return {result["fullName"].rpartition("#")[2]: result for result in results}
