"""Where files go: below the root of the repository whose claims are decided."""

from __future__ import annotations

from pathlib import Path

from _pytest.config.findpaths import load_config_dict_from_file

# What pytest goes by, in its order, so that commands look where sessions write; .git is none.
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
    """The folder of baselines that are named: `claims_baselines` in pytest's configuration file."""
    files = (root() / name for name in MARKS)
    found = (load_config_dict_from_file(file) for file in files if file.is_file())
    declared = next((each for each in found if each is not None), {}).get("claims_baselines")
    return root() / (str(declared.value) if declared else "baselines")
