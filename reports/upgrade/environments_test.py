from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from training_claims.reports.upgrade.environments import Environment, UnusableVersion


def test_an_environment_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    wheel = tmp_path / "tensorflow-3.0-none-any.whl"
    wheel.write_text("one")
    old, new = Environment.of("tensorflow==2.20.0"), Environment.of(f"{wheel} 'keras<4'")
    assert old.folder == Environment.of(" tensorflow==2.20.0 ").folder
    assert new.requirements == (str(wheel), "keras<4")
    before = new.folder
    assert before != old.folder
    wheel.write_text("two")
    assert Environment(new.requirements).folder != before


@pytest.mark.parametrize(
    ("requirements", "left_out"),
    [
        ("tensorflow==2.20.0", []),
        ("tf-nightly", ["keras", "tensorflow"]),
        ("tf-nightly keras==3.15.1", ["keras-nightly", "tensorflow"]),
        ("keras-nightly", ["keras"]),
    ],
)
def test_of_packages_that_bring_one_module_only_one_is_installed(
    requirements: str, left_out: list[str]
) -> None:
    assert Environment.of(requirements)._replaced == left_out


def test_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def uv(self: Environment, *arguments: str) -> None:
        asked.append(arguments)
        self.folder.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(Environment, "_uv", uv)
    environment = Environment(("tensorflow==2.20.0",), tmp_path)
    assert environment.make()
    assert [arguments[:2] for arguments in asked] == [
        ("venv", "--python"),
        ("pip", "compile"),
        ("pip", "install"),
    ]
    given = (environment.folder / "given.txt").read_text().splitlines()
    assert given[-1] == "tensorflow==2.20.0"
    assert any(line.startswith("keras>=") for line in given)
    assert "keras==" in environment.ready.read_text()
    assert not environment.make()


def test_two_at_once_make_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def uv(self: Environment, *arguments: str) -> None:
        asked.append(arguments[0])
        self.folder.mkdir(parents=True, exist_ok=True)
        time.sleep(0.05)  # time for the other to come

    monkeypatch.setattr(Environment, "_uv", uv)
    with ThreadPoolExecutor(2) as both:
        made = both.map(lambda _: Environment(("tensorflow==2.20.0",), tmp_path).make(), range(2))
    assert sorted(made) == [False, True]
    assert asked == ["venv", "pip", "pip"]


def test_what_cannot_be_installed_is_told(tmp_path: Path) -> None:
    """uv finds at once that no such file is there."""
    environment = Environment(("./none.whl",), tmp_path)
    match = r"(?s)Expected to install with ./none.whl on Python .*Received \(exit status \d\):"
    with pytest.raises(UnusableVersion, match=match):
        environment.make()
    assert not environment.ready.exists()


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    environment = Environment(("made",), tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text("#!/bin/sh\necho libcuda is not there >&2\nexit 1\n")
    environment.python.chmod(0o755)
    with pytest.raises(
        UnusableVersion, match=r"import TensorFlow with made.*(?s:.)*libcuda is not"
    ):
        environment.probe()


def test_it_says_what_it_is(tmp_path: Path) -> None:
    environment = Environment(("made",), tmp_path)
    environment.python.parent.mkdir(parents=True)
    record = '{"tensorflow": "2.22.0", "keras": "4", "numpy": "3", "python": "3.14", "gpus": 2}'
    environment.python.write_text(f"#!/bin/sh\necho greetings\necho '{record}'\n")
    environment.python.chmod(0o755)
    said = str(environment.probe())
    assert said == "TensorFlow 2.22.0, Keras 4, NumPy 3, Python 3.14, 2 GPUs"
