from __future__ import annotations

from pathlib import Path

import pytest

from training_claims.reports import places


@pytest.mark.parametrize("mark", places.MARKS)
def test_the_nearest_folder_that_looks_like_a_repository_is_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    (tmp_path / ".git").mkdir()
    (below := tmp_path / "project" / "claims").mkdir(parents=True)
    (tmp_path / "project" / mark).touch()
    monkeypatch.chdir(below)
    assert places.root() == tmp_path / "project"
    assert places.home() == tmp_path / "project" / ".claims"


def test_without_a_repository_the_root_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "MARKS", ("no such file",))
    assert places.root() == tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\nclaims_baselines = "tests/known"\n'),
        ("pyproject.toml", '[tool.pytest]\nclaims_baselines = "tests/known"\n'),
        ("pytest.toml", '[pytest]\nclaims_baselines = "tests/known"\n'),
        ("pytest.ini", "[pytest]\nclaims_baselines = tests/known\n"),
        ("tox.ini", "[pytest]\nclaims_baselines = tests/known\n"),
        ("setup.cfg", "[tool:pytest]\nclaims_baselines = tests/known\n"),
    ],
)
def test_baselines_are_where_pytests_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()  # which says nothing to pytest
    assert places.baselines() == tmp_path / "baselines"
    (tmp_path / name).write_text(text)
    assert places.baselines() == tmp_path / "tests" / "known"
