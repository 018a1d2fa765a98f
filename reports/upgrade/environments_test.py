from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from training_claims.reports.upgrade import environments
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


def test_what_the_requirements_leave_open_is_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "keras==3.15.1\nlazy-loader==0.6\n-e file:///here\nmade-up @ file:///made_up-1.whl\n"
        "tensorflow==2.21.0\n"
    )
    monkeypatch.setattr(Environment, "_run", lambda *_: said)
    monkeypatch.setattr(Environment, "folder", tmp_path)
    environment = Environment(("Made_Up>2", "tensorflow==2.20.0"), tmp_path)
    pinned = ["keras==3.15.1", "lazy-loader==0.6", "tensorflow==2.21.0"]
    as_it_is = ["-e file:///here"]  # not resolved: its own bounds are no reason not to try
    assert environment._resolved().read_text().splitlines() == [*pinned, *as_it_is]
    given = (environment.folder / "given.txt").read_text().splitlines()
    assert given == ["keras", "lazy-loader", *environment.requirements]
    overrides = (environment.folder / "overrides.txt").read_text().splitlines()
    assert overrides[-1] == "tensorflow==2.20.0"  # whatever else asks for another
    assert "Made_Up>2" not in overrides


def test_what_is_built_anew_under_its_old_address_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "RECORD"
    record.write_text("made_up.py,sha256=1,1")
    monkeypatch.setattr(environments, "distribution", lambda _: PathDistribution(tmp_path))
    monkeypatch.setattr(Environment, "_run", lambda *_: "made-up @ file:///made_up-1.whl\n")
    before = Environment(("keras==3.14.0",), tmp_path).folder
    assert Environment(("keras==3.14.0",), tmp_path).folder == before
    record.write_text("made_up.py,sha256=2,1")
    assert Environment(("keras==3.14.0",), tmp_path).folder != before


@pytest.mark.parametrize(
    ("requirements", "left_out"),
    [
        ("tensorflow==2.20.0", ["keras-nightly", "tf-nightly"]),
        ("/wheels/tensorflow-2.22.0-cp311-linux.whl", ["keras-nightly", "tf-nightly"]),
        ("tensorflow==2.20.0 keras-nightly", ["keras", "tf-nightly"]),
        ("keras==3.15.1", ["keras-nightly"]),
        ("numpy<3", []),
    ],
)
def test_what_a_nightly_build_brought_does_not_come_along(
    requirements: str, left_out: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Environment, "_run", lambda *_: "keras-nightly==4\ntf-nightly==3\n")
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
    assert "keras" in given
    assert "tensorflow" not in given
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
