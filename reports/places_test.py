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


def test_baselines_are_where_pyproject_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "pyproject.toml"
    project.touch()
    assert places.baselines() == tmp_path / "baselines"
    project.write_text('[tool.pytest.ini_options]\nclaims_baselines = "tests/known"\n')
    assert places.baselines() == tmp_path / "tests" / "known"
