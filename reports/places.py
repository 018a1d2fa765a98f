"""Where files go: below the root of the repository whose claims are decided."""

from __future__ import annotations

import tomllib
from pathlib import Path

# What pytest goes by, so that commands look where sessions write; .git is none of it.
MARKS = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg", "setup.py"),
)


def root() -> Path:
    """The nearest folder, from here upward, that pytest takes for a repository's; else this one."""
    here = Path.cwd()
    found = (
        each for each in (here, *here.parents) if any((each / name).exists() for name in MARKS)
    )
    return next(found, here)


def home() -> Path:
    """The folder of all that can be made again: runs, results, reports, environments."""
    return root() / ".claims"


def baselines() -> Path:
    """The folder of baselines that are named: pytest's ini `claims_baselines` in pyproject.toml."""
    project = root() / "pyproject.toml"
    declared = tomllib.loads(project.read_text(encoding="utf-8")) if project.is_file() else {}
    options = declared.get("tool", {}).get("pytest", {}).get("ini_options", {})
    return root() / str(options.get("claims_baselines", "baselines"))
