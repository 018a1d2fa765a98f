"""Fixtures of this folder's tests: a small suite of claims, run by a pytest of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from training_claims.evidence.readings import final, late
from training_claims.reports.allure import generate
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.testing.judgement import made_arm, noisy_runs

Run: TypeAlias = Callable[..., pytest.RunResult]
HELPS = "noise_channels.helps[0.01]"

CONFTEST = """
import pytest
from training_claims.testing.judgement import made_runs

class Source:
    notices = []
    def check(self, arm):
        pass
    def runs(self, arm, seeds):
        return made_runs(arm, float(arm.name.partition("<")[0]), len(seeds))

@pytest.fixture
def claims_source():
    return Source()
"""

CLAIMS = """
import os, signal, sys
import pytest
from training_claims.mark import claim
from training_claims import late
from training_claims.testing.judgement import made_arm

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

# Claims on two arms, of which "0.1" moves by what --moved says.
DRIFTING = """
import pytest
from training_claims.mark import claim
from training_claims import final, late
from training_claims.testing.judgement import made_arm

@pytest.fixture
def helped():
    return made_arm("0.1")

@pytest.fixture
def control():
    return made_arm("0")

@claim("Helps by {least}", source="Noise")
@pytest.mark.parametrize("least", [0.01])
def test_helps(judge, helped, control, least):
    helps = late("val_accuracy", helped)
    assert judge(helps.exceeds(late("val_accuracy", control), by=least))

@claim("Ends above zero", source="Noise")
def test_ends(judge, helped):
    assert judge(final("loss", helped).exceeds(-1, by=0))
"""

MOVING = """
import pytest
from training_claims.testing.judgement import noisy_runs

def pytest_addoption(parser):
    parser.addoption("--moved", type=float, default=0.0)

class Source:
    def __init__(self, moved):
        self.moved = moved
        self.notices = []

    def check(self, arm):
        pass

    def runs(self, arm, seeds):
        return noisy_runs(arm, seeds, self.moved if arm.name == "0.1" else 0.0)

@pytest.fixture
def claims_source(pytestconfig):
    return Source(pytestconfig.option.moved)
"""

INI = """
[pytest]
addopts = --import-mode=importlib
pythonpath = .
filterwarnings = error
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A small suite of claims."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_noise_channels=CLAIMS)
    pytester.makeini(INI)
    return pytester


@pytest.fixture
def drifting(suite: pytest.Pytester) -> pytest.Pytester:
    """A suite whose runs differ by seed, and move by what `--moved` says."""
    suite.makeconftest(MOVING)
    suite.makepyfile(test_noise_channels=DRIFTING)
    return suite


@pytest.fixture
def bank(drifting: pytest.Pytester) -> Path:
    """A baseline of that suite: a hundred seeds an arm."""
    helped, control = (noisy_runs(made_arm(name), range(10000, 10100)) for name in ("0.1", "0"))
    statistics = [late("val_accuracy", helped.arm), final("loss", helped.arm)]
    statistics.append(late("val_accuracy", control.arm))
    both = [(helped, ["noise_channels.ends", HELPS]), (control, [HELPS])]
    arms = [SavedArm.of(runs, statistics, claims) for runs, claims in both]
    path = drifting.path / "bank.json"
    baseline_file.write(Baseline.of("bank", helped.environment, arms), path)
    return path


@pytest.fixture
def run(suite: pytest.Pytester) -> Run:
    """Run those of the suite's tests that `-k` selects, in a process of their own."""

    def run(select: str, *options: str) -> pytest.RunResult:
        return suite.runpytest_subprocess("-k", select, *options)

    return run


@pytest.fixture
def run_inside(suite: pytest.Pytester) -> Run:
    """Run them in this process, which is faster, and without a report unless one is asked for."""

    def run(select: str, *options: str, report: bool = False) -> pytest.RunResult:
        ignored = "-Wignore::pytest.PytestAssertRewriteWarning"  # all is imported already
        told = [ignored] if report else [ignored, "--claims-no-report"]
        if report:  # pytester forgets what it loads, and Matplotlib does not load twice
            import_module("training_claims.reports.allure.results")
        return suite.runpytest_inprocess("-k", select, *told, *options)

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
