"""A version's session, by an interpreter that is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from training_claims.reports.history.record import Series, Trained, text
from training_claims.reports.history.session import commit_of, decide
from training_claims.reports.upgrade.environments import Environment, UnusableVersion

FOUND = {
    (
        Series("claim", "claims.noise.helps", "a exceeds b", "", "exceeds", 1.0),
        Trained("2.21.0", "3.15.1", "2.4.6", "3.11.7", "CPU", "packaged", "f00"),
    ): {0: 1.5}
}


def environment(folder: Path, script: str) -> Environment:
    """One whose Python is a shell's script."""
    found = Environment(("keras==3.14.0",), folder)
    found.python.parent.mkdir(parents=True)
    found.python.write_text(f"#!/bin/sh\n{script}\n")
    found.python.chmod(0o755)
    return found


def test_it_gives_what_the_session_adds(tmp_path: Path) -> None:
    (tmp_path / "said.jsonl").write_text(text(FOUND))
    script = f"""while [ "$1" != --claims-history ]; do shift; done
cp {tmp_path / "said.jsonl"} "$2"; echo "$@" > {tmp_path / "arguments"}; exit 1"""
    assert decide(environment(tmp_path, script), ["-k", "noise"], 12) == FOUND
    assert (tmp_path / "arguments").read_text().endswith("history.jsonl -k noise\n")


def test_without_a_verdict_it_says_what_pytest_said(tmp_path: Path) -> None:
    match = (
        r"(?s)a claim decided by pytest noise.py with keras==3.14.0. Received: none.*status 4.*oh"
    )
    with pytest.raises(UnusableVersion, match=match):
        decide(environment(tmp_path, "echo oh; exit 4"), ["noise.py"], 12)


@pytest.mark.parametrize(
    ("script", "commit"),
    [
        ("echo v1.12.1-136000-g0123456789a", "0123456789a"),
        ("echo v2.21.0", ""),
        ("exit 1", ""),
    ],
)
def test_the_commit_is_what_the_wheel_says(tmp_path: Path, script: str, commit: str) -> None:
    assert commit_of(environment(tmp_path, script)) == commit
