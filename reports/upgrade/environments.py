"""Python environments with given versions of TensorFlow, beside the one at work."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest, sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from training_claims.reports import places
from training_claims.reports.command_line import CommandFailed, output_of

# Packages that bring a module of the same name, so that only one of them may be installed.
REPLACES = {
    "tf-nightly": ("tensorflow", "keras"),  # it brings keras-nightly
    "tf-nightly-cpu": ("tensorflow", "keras"),
    "tensorflow-cpu": ("tensorflow",),
    "keras-nightly": ("keras",),
}
# Pytest's arguments there: what another version warns of is no fault of a claim.
WARNINGS = ("-W", "default")
PROBE = """
import json, platform
import keras, numpy, tensorflow
print(json.dumps({
    "tensorflow": tensorflow.__version__, "keras": keras.__version__, "numpy": numpy.__version__,
    "python": platform.python_version(),
    "gpus": len(tensorflow.config.list_physical_devices("GPU")),
}))
"""


T = TypeVar("T")
R = TypeVar("R")


def each_tried(versions: Iterable[T], attempt: Callable[[T], R], together: int) -> Iterator[R]:
    """What each version gives, as it comes, so many tried at once; none is begun after a fault.

    More than one at once is for a cluster: on one machine each has its workers already.
    """
    with ThreadPoolExecutor(together) as pool:
        begun = [pool.submit(attempt, each) for each in versions]
        try:
            for done in as_completed(begun):
                yield done.result()
        finally:
            for each in begun:
                each.cancel()


class UnusableVersion(Exception):
    """A version that cannot be installed or imported; its text says why."""


@dataclass(frozen=True)
class Versions:
    """What an environment runs on.

    Args:
        tensorflow: TensorFlow's version; `keras`, `numpy` and `python` alike.
        gpus: How many GPUs TensorFlow sees.
    """

    tensorflow: str
    keras: str
    numpy: str
    python: str
    gpus: int

    def __str__(self) -> str:
        device = f"{self.gpus} GPU{'s' * (self.gpus > 1)}" if self.gpus else "no GPU"
        return (
            f"TensorFlow {self.tensorflow}, Keras {self.keras}, NumPy {self.numpy}, "
            f"Python {self.python}, {device}"
        )


@dataclass(frozen=True)
class Environment:
    """What the environment at work holds, with some requirements of the user's.

    All that the requirements leave open is as it is now, so that two environments differ in
    nothing else. A version that is given is installed whatever other packages ask for, and what is
    installed here off no registry, such as the claims' own package, is installed as it is: whether
    it runs with that version is what is to be found out.

    Args:
        requirements: What pip would be given: `("tensorflow==2.20.0",)`, or a wheel file.
        parent: The folder that holds all environments.
    """

    requirements: tuple[str, ...]
    parent: Path = field(default_factory=lambda: places.home() / "environments")

    @classmethod
    def of(cls, text: str) -> Environment:
        """The environment for requirements separated by spaces, quoted as in a shell.

        Raises:
            ValueError: If there are none, or a quotation is open.
        """
        try:
            words = shlex.split(text)
        except ValueError:
            words = []
        if not words:
            raise ValueError(
                f'Expected requirements such as "tensorflow==2.20.0". Received: {text!r}. Name the '
                'versions: make upgrade FROM="tensorflow==2.20.0" TO="tensorflow==2.21.0"'
            )
        files = (str(Path(word).resolve()) if Path(word).is_file() else word for word in words)
        return cls(tuple(files))

    @cached_property
    def folder(self) -> Path:
        """Named by a digest of the requirements, their files, what is installed, and Python."""
        parts = [sys.version, *self.requirements, *self._installed.values()]
        for path in (Path(each) for each in self.requirements if Path(each).is_file()):
            with path.open("rb") as file:
                parts.append(file_digest(file, "sha256").hexdigest())
        for name, line in self._installed.items():
            if " @ " in line:  # built anew, it may hold other files under the same address
                parts.append(distribution(name).read_text("RECORD") or "")
        return self.parent / sha256("\n".join(parts).encode()).hexdigest()[:12]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def ready(self) -> Path:
        """Lists what is installed, once all is."""
        return self.folder / "installed.txt"

    def make(self) -> bool:
        """Install it unless it is there; whether it had to be.

        Raises:
            UnusableVersion: If the requirements cannot be resolved or installed.
        """
        self.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.parent / f".{self.folder.name}.lock"):  # or two install into each other
            if self.ready.is_file():
                return False
            self._install()
        return True

    def _install(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._uv("venv", "--python", sys.executable, str(self.folder))
        resolved = self._resolved()
        target = ("--python", str(self.python), "-r", str(resolved))
        self._uv("pip", "install", "--no-deps", *target)  # the list is whole
        resolved.replace(self.ready)

    def probe(self) -> Versions:
        """Import TensorFlow in it, and ask what it is and sees.

        Raises:
            UnusableVersion: If it cannot be imported.
        """
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        said = self._run([str(self.python), "-c", PROBE], "import TensorFlow", quiet)
        return Versions(**json.loads(said.splitlines()[-1]))

    def _resolved(self) -> Path:
        """A list of all packages. uv keeps to the versions that it finds in the file it writes."""
        given, overrides, resolved = (
            self.folder / name for name in ("given.txt", "overrides.txt", "resolved.txt")
        )
        pinned = [line for line in self._installed.values() if "==" in line]
        given.write_text("\n".join([*self._kept, *self.requirements]) + "\n")
        gone = [f"{name} ; python_version < '0'" for name in self._replaced]
        exact = [each for each in self.requirements if "==" in each]
        overrides.write_text("\n".join([*gone, *exact]) + "\n")
        resolved.write_text("\n".join(pinned) + "\n")
        arguments = ["--python", str(self.python), "--override", str(overrides), "--quiet"]
        arguments += ["--no-annotate", "--no-header", "-o", str(resolved)]
        self._uv("pip", "compile", str(given), *arguments)
        with resolved.open("a") as file:
            file.writelines(f"{line}\n" for line in self._as_it_is)
        return resolved

    @cached_property
    def _installed(self) -> dict[str, str]:
        """What is installed here, by name: "name==version", "name @ address" or "-e address"."""
        freeze = [sys.executable, "-m", "uv", "pip", "freeze", "--python", sys.executable]
        lines = self._run(freeze, "learn what is installed", {}).splitlines()
        return {_name(line): line for line in lines}

    @property
    def _kept(self) -> list[str]:
        """What is installed here off a registry, and neither named nor replaced: of any version."""
        gone = {*self._named, *self._replaced}
        return [name for name, line in self._installed.items() if "==" in line and name not in gone]

    @property
    def _as_it_is(self) -> list[str]:
        """What is installed here off no registry, and neither named nor replaced."""
        gone = {*self._named, *self._replaced}
        lines = self._installed.items()
        return [line for name, line in lines if "==" not in line and name not in gone]

    @property
    def _named(self) -> set[str]:
        return {_name(each) for each in self.requirements}

    @property
    def _replaced(self) -> list[str]:
        """The packages that may not come along."""
        named = self._named
        brought = {name for each in named for name in REPLACES.get(each, ())}
        rivals = {each for each, (rival, *_) in REPLACES.items() if rival in named}
        rivals &= self._installed.keys() - named
        brings = {f"{name}-nightly" for each in rivals for name in REPLACES[each][1:]}
        return sorted(
            (brought - named)
            | {f"{name}-nightly" for name in brought & named}
            | rivals
            | (brings - named)
        )

    def _uv(self, *arguments: str) -> None:
        self._run([sys.executable, "-m", "uv", *arguments], "install", {})

    def _run(self, command: Sequence[str], what: str, settings: dict[str, str]) -> str:
        try:
            return output_of(command, settings, cwd=places.root())
        except CommandFailed as fault:
            raise UnusableVersion(
                f"Expected to {what} with {' '.join(self.requirements)} on Python "
                f"{sys.version.split()[0]}. Received (exit status {fault.status}):\n{fault.said}"
            ) from None


def _name(requirement: str) -> str:
    """A distribution's name as uv writes it, off a requirement, a wheel file, or "-e address"."""
    if requirement.startswith("-e "):
        return requirement
    path = Path(requirement)
    found = path.name.split("-")[0] if path.suffix == ".whl" else requirement
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", found)[0]).lower()
