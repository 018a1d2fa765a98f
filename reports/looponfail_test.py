"""`--looponfail` of pytest-xdist: the suite decides, and waits for a change of a source file."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest


def test_a_round_ends_and_the_next_waits_for_a_change(suite: pytest.Pytester) -> None:
    command = [sys.executable, "-m", "pytest", "--looponfail", "--claims-summary", ".s.md"]
    command += ["-k", "supported or negative"]
    process = Popen(command, stdout=PIPE, stderr=STDOUT, text=True, preexec_fn=_heed_interrupts)
    try:
        assert "1 failed, 1 passed" in "".join(_until(process, "### Watching:"))
        time.sleep(2.5)  # xdist looks for changes every two seconds
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "passed" not in rest
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert not (suite.path / ".claims").exists()
    assert Path(".s.md").exists()


def _heed_interrupts() -> None:
    """A shell has what it starts in the background ignore them, and so its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _until(process: Popen[str], start: str) -> list[str]:
    """What a process writes up to the line that starts so, or to its end."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith(start):
            break
    return lines
