"""One command over two versions, with made runs and environments that are this one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from training_claims.reports.allure.generate import NotGenerated, Report
from training_claims.reports.upgrade import upgrade
from training_claims.reports.upgrade.environments import Environment, UnusableVersion, Versions
from training_claims.status import Status

Upgrade = Callable[..., int]
VERSIONS = {"old": Versions("2.20.0", "3.15.1", "2.4.6", "3.11.7", 0)}
VERSIONS["new"] = replace(VERSIONS["old"], tensorflow="2.21.0")


class MadeEnvironment(Environment):
    """The interpreter that runs the tests, said to be of another version."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    def make(self) -> bool:
        return True

    def probe(self) -> Versions:
        if self.requirements == ("broken",):
            raise UnusableVersion("Expected to import TensorFlow with broken. Received: no.")
        return VERSIONS[self.requirements[0]]


@pytest.fixture
def run_upgrade(drifting: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """Upgrade from "old" to "new", in a suite of two claims."""
    monkeypatch.setattr(upgrade, "Environment", MadeEnvironment)
    monkeypatch.chdir(drifting.path)
    monkeypatch.setattr(upgrade, "generate", lambda report: report.output.write_text("report"))

    def run(*options: str, old: str = "old", new: str = "new", both: str = "") -> int:
        return upgrade.main([old, new, f"--args=-n 0 {both}", *options])

    return run


def test_nothing_moved(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str], drifting: pytest.Pytester
) -> None:
    assert run_upgrade() == 0
    said = capfd.readouterr().out
    assert "TensorFlow 2.21.0, Keras 3.15.1, NumPy 2.4.6, Python 3.11.7, no GPU" in said
    told = said.partition("== cost\n")[2].splitlines()
    assert [line.partition(" s  ")[2] for line in told] == [
        "environment of old",
        "import of old",
        "environment of new",
        "import of new",
        "claims with old",
        "claims with new",
        "report",
    ]
    folder = drifting.path / ".claims" / "upgrade"
    assert "2 stable" in (folder / "summary.md").read_text()
    assert "0 drifted, 0 inconclusive, 2 stable" in (folder / "compare.html").read_text()
    labels = {
        side: {
            label["value"]
            for path in (folder / f"allure-{side}").glob("*-result.json")
            for label in json.loads(path.read_text())["labels"]
            if label["name"] == "tf"
        }
        for side in ("from", "to")
    }
    assert labels == {"from": {"2.20.0"}, "to": {"2.21.0"}}


def test_what_is_broken_in_the_new_version_alone_is_caught_even_without_a_report(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Report) -> None:
        raise NotGenerated("no Node")

    monkeypatch.setattr(upgrade, "generate", fail)
    assert run_upgrade("--to-args=--moved 0.05", both="-k ends") == 7
    said = capfd.readouterr()
    assert "1 deselected" in said.out
    assert "Drifted: drifted: loss of the last epoch: median" in said.out
    assert "No report: no Node" in said.err


def test_without_a_report_drift_is_found_all_the_same(
    run_upgrade: Upgrade, drifting: pytest.Pytester
) -> None:
    assert run_upgrade("--to-args=--moved 0.05", both="--claims-no-report") == 7
    folder = drifting.path / ".claims" / "upgrade"
    assert {path.name for path in folder.iterdir()} == {
        "nothing.json",
        "from-claims.json",
        "from.json",
        "to.json",
        "summary.md",
        "compare.html",
    }


def test_an_old_version_that_cannot_run_the_claims_ends_it(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_upgrade(both="--claims-seeds 0") == 3
    said = capfd.readouterr()
    assert "No comparison: with old pytest ended with 4." in said.err
    assert "claims with new" not in said.out


@pytest.mark.parametrize(("old", "new"), [("broken", "new"), ("old", "broken")])
def test_a_version_that_cannot_be_imported_is_told_before_any_claim(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    assert run_upgrade(old=old, new=new) == 8
    said = capfd.readouterr()
    assert "Cannot be tried: Expected to import TensorFlow with broken." in said.err
    assert "claims with" not in said.out


def test_a_gpu_that_the_new_version_no_longer_sees(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VERSIONS, "old", replace(VERSIONS["old"], gpus=1))
    assert run_upgrade() == 8
    expected = "Expected TensorFlow 2.21.0 to see the 1 GPU(s) that 2.20.0 sees. Received: 0."
    assert expected in capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["", ""], "Expected requirements such as \"tensorflow==2.20.0\". Received: ''."),
        (["old'", "new"], 'Expected requirements such as "tensorflow==2.20.0". Received: "old\'".'),
        (["old", "new", "--args='"], "--args: expected arguments quoted as in a shell. Received:"),
        (["old", "new", '--to-args="'], "--to-args: expected arguments quoted as in a shell."),
    ],
)
def test_what_cannot_be_split_into_words_is_refused(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="4"):
        upgrade.main(given)
    assert message in capsys.readouterr().err


def test_a_second_upgrade_at_once_is_refused(
    run_upgrade: Upgrade, capfd: pytest.CaptureFixture[str], drifting: pytest.Pytester
) -> None:
    (drifting.path / ".claims").mkdir()
    with (
        FileLock(drifting.path / ".claims" / ".upgrade.lock"),
        pytest.raises(SystemExit, match="4"),
    ):
        run_upgrade()
    assert "Expected no other upgrade that writes to .claims/upgrade." in capfd.readouterr().err
    assert list((drifting.path / ".claims" / "upgrade").iterdir()) == []


def test_a_page_that_cannot_be_written_makes_a_fault_of_all_well(
    run_upgrade: Upgrade,
) -> None:
    """What was found under the new version comes first."""

    def compare(*_: Path) -> int:
        return Status.FAULT

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upgrade, "compare", compare)
        assert run_upgrade(both="-k ends --claims-no-report") == 3
        assert run_upgrade("--to-args=--moved 0.05", both="-k ends --claims-no-report") == 7


def test_sides_are_named_apart() -> None:
    old, new = VERSIONS["old"], VERSIONS["new"]
    assert upgrade._names(old, new) == ("2.20.0", "2.21.0")
    other = replace(old, keras="3.14.0")
    assert upgrade._names(old, other) == ("2.20.0 with Keras 3.15.1", "2.20.0 with Keras 3.14.0")
    assert upgrade._names(old, old)[1] == "2.20.0 with Keras 3.15.1 (TO)"
