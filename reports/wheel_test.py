"""The wheel in a fresh environment, and in repositories that know nothing of this one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.xdist_group("wheel")  # one worker makes the environment

ROOT = Path(__file__).parents[1]
UV = (sys.executable, "-m", "uv")
LOADED = """
import sys

def test_plain(number):
    assert number == 7
    heavy = {"keras", "matplotlib", "numpy", "scipy", "tensorflow"}
    assert sorted(heavy & sys.modules.keys()) == []
"""
CONFTEST = """
import pytest

@pytest.fixture
def number():
    return 7
"""
# The names of the rooms here are free for others.
THEIRS = {"claims.py": "OURS = 1\n", "reports.py": "OURS = 2\n", "fixtures.py": "OURS = 3\n"}
CLAIMS = """
import claims, fixtures, reports
import keras
import numpy as np
import pytest
from training_claims import Arm, Data, builder, claim, late

@builder
def network(width):
    return keras.Sequential(
        [keras.layers.Dense(width, "relu"), keras.layers.Dense(2, "softmax")]
    )

@pytest.fixture(scope="module")
def few():
    x = np.random.default_rng(0).normal(size=(2000, 2)).astype("float32")
    rings = Data("rings", x, (np.hypot(*x.T) > 1).astype("int32"))
    return Arm("2 units", rings, network(2), epochs=20)

@claim("Twenty units separate the rings better than two", source="Capacity")
def test_right(judge, few):
    assert (claims.OURS, reports.OURS, fixtures.OURS) == (1, 2, 3)
    many = late("val_accuracy", few.replace(name="20 units", model=network(20)))
    assert judge(many.exceeds(late("val_accuracy", few), by=0.02))

@claim("Two units separate the rings better than twenty", source="Capacity")
def test_wrong(judge, few):
    many = late("val_accuracy", few.replace(name="20 units", model=network(20)))
    assert judge(late("val_accuracy", few).exceeds(many, by=0.02))

def test_plain(number):
    assert number == 7
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and the wheel."""

    environment: Path
    wheel: Path


Run: TypeAlias = Callable[..., str]


def _output(*command: object, cwd: Path, status: int = 0) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def _build(folder: Path) -> Path:
    """Of a copy, so that nothing is left here, and nothing that lies here is taken for new."""
    left_out = shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "baselines", "pictures")
    source = shutil.copytree(ROOT, folder / "source", ignore=left_out)
    build = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source)
    _output(sys.executable, "-m", *build, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    wheel, environment = _build(folder), folder / "environment"
    _output(*UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=folder)
    into = ("pip", "install", "--quiet", "--python", environment / "bin" / "python")
    constraints = ("--constraint", ROOT / "requirements.txt")
    extras = f"training-claims[report,chapter] @ {wheel.as_uri()}"
    _output(*UV, *into, *constraints, extras, cwd=folder)
    return Installed(environment, wheel)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without any ini, as pytest needs none."""
    root = tmp_path_factory.mktemp("repository")
    for name, text in {**THEIRS, "conftest.py": CONFTEST, "test_units.py": CLAIMS}.items():
        (root / name).write_text(text)
    return root


@pytest.fixture
def run(installed: Installed, repository: Path) -> Run:
    """Run a program of the environment in the repository, and give what it prints."""

    def run(program: str, *arguments: str, status: int = 0) -> str:
        return _output(
            installed.environment / "bin" / program, *arguments, cwd=repository, status=status
        )

    return run


def test_the_wheel_holds_what_is_used_and_no_more(installed: Installed) -> None:
    with ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    assert {"training_claims/py.typed", "training_claims/__init__.pyi"} <= {*names}
    assert {"training_claims/claims/conftest.py", "training_claims/plugin.py"} <= {*names}
    unwanted = ("_test.py", "/testing/", "/made_", "reports/conftest.py", "baselines", ".png")
    assert [name for name in names if any(word in name for word in unwanted)] == []
    rooms = {path.parent for room in ("fixtures", "reports", "claims") for path in _inits(room)}
    packages = {Path(name).parent for name in names if name.endswith("__init__.py")}
    assert packages == {Path("training_claims", *_parts(room)) for room in rooms}


def _inits(room: str) -> list[Path]:
    found = (path.relative_to(ROOT) for path in (ROOT / room).rglob("__init__.py"))
    return [path for path in found if "testing" not in path.parts]


def _parts(room: Path) -> tuple[str, ...]:
    return room.parts[1:] if room.parts[0] == "fixtures" else room.parts


@pytest.mark.parametrize("workers", ["0", "2"])
def test_without_claims_nothing_is_loaded_or_written(
    installed: Installed, tmp_path: Path, workers: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_plain.py").write_text(LOADED)
    python = installed.environment / "bin" / "python"
    said = _output(python, "-B", "-m", "pytest", "-q", "-n", workers, cwd=tmp_path)
    assert "1 passed" in said
    assert {each.name for each in tmp_path.iterdir()} == {
        "conftest.py",
        "test_plain.py",
        ".pytest_cache",
    }


def test_a_users_claims_are_decided_and_reported(run: Run, repository: Path) -> None:
    seeds = ("--claims-seeds", "12,20")  # twelve are too few to refute by
    said = run("pytest", "-n", "2", *seeds, "-k", "right or plain")
    assert "2 passed" in said
    assert "Allure results: .claims/allure-results" in said
    assert "Report: .claims/report.html" in run("training-claims", "report")
    text = (repository / ".claims" / "report.html").read_text()
    assert "Training claims" in text
    assert [*(repository / ".claims" / "runs").iterdir()]
    for workers in ("0", "2"):  # of the same runs
        said = run("pytest", "-n", workers, *seeds, status=1)
        assert "1 failed, 2 passed" in said
        assert "refuted" in said


def test_an_upgrade_of_keras_is_checked(run: Run, repository: Path) -> None:
    """Another release of Keras alone: all else is linked from what uv has at hand."""
    now = f"keras=={version('keras')}"
    said = run("training-claims", "upgrade", "keras==3.14.0", now, "--args=-n 0 -k right")
    assert "Keras 3.14.0" in said
    folder = repository / ".claims" / "upgrade"
    assert "1 supported" in (folder / "summary.md").read_text()
    assert {"report.html", "compare.html"} <= {each.name for each in folder.iterdir()}
    for side, keras in (("from", "keras==3.14.0"), ("to", now)):
        named = f"with {keras.replace('keras==', 'Keras ')}"
        results = [*(folder / f"allure-{side}").glob("*-result.json")]
        assert results
        assert all(named in result.read_text() for result in results)
    assert len([*(repository / ".claims" / "environments").glob("*/installed.txt")]) == 2


def test_the_textbooks_suite_comes_along(run: Run) -> None:
    pyargs = ("--pyargs", "training_claims.claims")
    listed = run("pytest", "--collect-only", "-q", "-m", "not contract", *pyargs)
    chosen = re.search(r"(\d+)/(\d+) tests collected", listed)
    assert chosen
    assert 100 < int(chosen[1]) < int(chosen[2]) - 100
    said = run("pytest", *pyargs, "-k", "trains_well", "--claims-seeds", "12")
    assert "1 passed" in said
