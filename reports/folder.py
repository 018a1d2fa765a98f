"""The folder of a session's Allure results."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

OUT = Path(__file__).parent / "out"


def empty(folder: Path) -> None:
    """Remove what a folder holds, and make it if there is none."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def empty_once(folder: Path, session: str) -> None:
    """Empty a folder the first time that any process of a session asks for it.

    A worker that replaces a crashed one asks too, and must not remove what the others wrote. A
    session that decides no claims never asks, so that the last report outlives it.

    Args:
        folder: What to empty. Which session did it last is noted beside it.
        session: A name that all processes of the session share and no other session has.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    note = folder.with_name(f".{folder.name}.session")
    with FileLock(note.with_suffix(".lock")):
        if not note.is_file() or note.read_text() != session:
            empty(folder)
            note.write_text(session)


def describe(folder: Path, environment: Mapping[str, Iterable[str]], command: str) -> None:
    """Write what Allure shows of a session as a whole.

    Args:
        folder: The session's results.
        environment: The values of each property, more than one where runs differ.
        command: How the session was started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{_key(name)}={', '.join(values)}\n" for name, values in environment.items()]
    (folder / "environment.properties").write_text("".join(rows), encoding="utf-8")
    started = datetime.now(UTC)
    executor = {
        "name": "pytest",
        "type": "pytest",
        "buildName": f"{started:%Y-%m-%d %H:%M} UTC: {command}",
        "buildOrder": int(started.timestamp()),
        "reportName": "Training claims",
    }
    (folder / "executor.json").write_text(json.dumps(executor), encoding="utf-8")


def _key(name: str) -> str:
    """A property's name in a file where a space, "=" and ":" would end it."""
    return re.sub(r"[\s=:]+", "-", name)
