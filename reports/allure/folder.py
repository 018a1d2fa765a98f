"""The folder of a session's Allure results."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from training_claims.session import outputs

NOTE = ".session"


class Held(OSError):
    """A folder that another session is writing to; its text says what to do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "expected a folder that no other session is writing to. Received: "
            f"{os.path.relpath(folder)}. Wait for that session, name another folder by "
            "--claims-results, or write no report by --claims-no-report."
        )


def empty(folder: Path) -> None:
    """Remove what a folder holds, but the note of who writes to it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != NOTE:
            path.unlink(missing_ok=True)


def hold(folder: Path, session: str, *, anew: bool) -> TextIO:
    """Keep other sessions from a folder until the file is closed or this process ends.

    All processes of a session hold a folder together. The note in it has the session's name, and
    a lock that its holders share: who gets it alone is the first of a session, and takes over.

    Args:
        folder: Where to write; made if it is not there.
        session: A name that all processes of the session share and no other session has.
        anew: Whether the first of them empties the folder. A worker that replaces a crashed one
            is not the first, and must not remove what the others wrote. A session that decides
            no claims never asks, so that the last report outlives it.

    Raises:
        Held: If another session holds the folder.
        OSError: If it cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = (folder / NOTE).open("a+", encoding="utf-8")
    with suppress(BlockingIOError):
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _named(note) != session:
            if anew:
                empty(folder)
            note.truncate(0)
            note.write(session)
            note.flush()
    fcntl.flock(note, fcntl.LOCK_SH)  # waits only while another process takes over
    if _named(note) != session:
        note.close()
        raise Held(folder)
    return note


def _named(note: TextIO) -> str:
    note.seek(0)
    return note.read()


def describe(folder: Path, environment: Mapping[str, Iterable[str]], command: str) -> None:
    """Write what Allure shows of a session as a whole.

    Args:
        folder: The session's results.
        environment: The values of each property, more than one where runs differ.
        command: How the session was started.

    Raises:
        OSError: If it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{_key(name)}={', '.join(values)}\n" for name, values in environment.items()]
    outputs.write(folder / "environment.properties", "".join(rows))
    started = datetime.now(UTC)
    executor = {
        "name": "pytest",
        "type": "pytest",
        "buildName": f"{started:%Y-%m-%d %H:%M} UTC: {command}",
        "buildOrder": int(started.timestamp()),
        "reportName": "Training claims",
    }
    outputs.write(folder / "executor.json", json.dumps(executor))


def shown(arguments: Sequence[str], root: Path) -> str:
    """A command's arguments as a report may show them: without where this machine keeps files.

    Args:
        arguments: As typed.
        root: The project's folder. Paths in it are shown from there, others by their last name.
    """
    return shlex.join(_shown(argument, root) for argument in arguments)


def _shown(argument: str, root: Path) -> str:
    near = argument.replace(f"{root}/", "").replace(str(root), ".")
    name, equals, value = near.rpartition("=")
    return f"{name}{equals}{Path(value).name}" if value.startswith("/") else near


def _key(name: str) -> str:
    """A property's name in a file where a space, "=" and ":" would end it."""
    return re.sub(r"[\s=:]+", "-", name)
