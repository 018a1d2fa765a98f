"""Which versions a history goes over, from few words; and where to read what changed in one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from training_claims.reports.upgrade.available import available

LAST = re.compile(r"last (\d+) (nightlies|releases)(?: of (\S+))?")
REPOSITORIES = {"keras": "keras-team/keras", "tensorflow": "tensorflow/tensorflow"}
NIGHTLY = {"tensorflow": "tf-nightly", "keras": "keras-nightly"}
# Packages that bring a module, the first of them what is meant by its name.
BRINGS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu"),
    "keras": ("keras", "keras-nightly"),
}
BOTH = tuple(name for names in BRINGS.values() for name in names)
HOW = (
    'Name requirements, "keras==3.14.0", a range of releases, "keras>=3.10,<3.16", '
    '"last 6 nightlies", or "last 4 releases of keras"; more of them after a semicolon.'
)
known = cache(available)


def listed(text: str) -> list[str]:
    """The versions that a text names, each as requirements, in its order.

    Raises:
        ValueError: If it names none.
        UnusableVersion: If pip cannot tell which there are.

    Example:
        >>> listed("keras==3.13.2; keras==3.14.0 tensorflow==2.21.0")
        ['keras==3.13.2', 'keras==3.14.0 tensorflow==2.21.0']
    """
    words = [each.strip() for each in text.split(";")]
    found = [one for each in words if each for one in _listed(each)]
    if not found:
        raise ValueError(f"Expected versions. Received: {text!r}. {HOW}")
    return list(dict.fromkeys(found))


def path(old: str, new: str) -> list[str]:
    """All versions from one to another, both included.

    Where both name Keras and TensorFlow, Keras goes first and TensorFlow after it, so that what
    changed is known. Nightly builds of TensorFlow go with the Keras of their day, unless named.

    Raises:
        ValueError: If they do not pin the same packages, or name no earlier and later version.
        UnusableVersion: As `listed`.
    """
    sides = [_pins(side) for side in (old, new)]
    first, last = sides
    moved = [name for name in sorted(first, key=_keras_first) if first[name] != last.get(name)]
    if first.keys() != last.keys() or not moved:
        raise ValueError(
            "Expected an older and a newer version of the same packages, each as "
            f'"keras==3.10.0". Received: from {old!r} to {new!r}. Pin on both sides what shall '
            "vary, and nothing else."
        )
    at, found = dict(first), [dict(first)]
    for name in moved:
        for each in _between(name, first[name], last[name]):
            at[name] = each
            found.append(dict(at))
    return [_with_keras(pins) for pins in found]


def sources(old: str, new: str) -> Iterator[str]:
    """Addresses of what changed between two neighbours: release notes, or a range of commits."""
    before, now = _pins(old), _pins(new)
    for name in now:
        if before.get(name) != now[name] and name in BOTH:
            module = next(each for each, names in BRINGS.items() if name in names)
            yield from _addresses(REPOSITORIES[module], before.get(name), now[name])


def expected(requirements: str) -> Mapping[str, Version] | None:
    """Which TensorFlow and Keras requirements bring; None if that is not known before."""
    try:
        pins = _pins(requirements)
    except ValueError:
        return None
    found = {}
    for module, names in BRINGS.items():
        told = next((pins[name] for name in names if name in pins), _installed(names))
        if told is None:
            return None
        found[module] = Version(told)
    return found


def _listed(each: str) -> list[str]:
    if last := LAST.fullmatch(each):
        count, kind, name = int(last[1]), last[2], last[3] or "tensorflow"
        if kind == "nightlies":
            name = NIGHTLY.get(name, name)
        found = known(name, nightly=kind == "nightlies")[-count:]
        return [_with_keras({name: one}) for one in found]
    try:
        requirement = Requirement(each)
    except InvalidRequirement:
        return [each]
    if str(requirement.specifier).startswith("==") or not requirement.specifier:
        return [each]
    releases = known(requirement.name, nightly=False)
    return [f"{requirement.name}=={one}" for one in requirement.specifier.filter(releases)]


def _pins(requirements: str) -> dict[str, str]:
    """The packages and the version of each. Raises ValueError if one is not pinned."""
    found = {}
    for word in shlex.split(requirements):
        name, equal, pinned = word.partition("==")
        if not equal or not pinned or Path(word).is_file():
            raise ValueError(f"Expected a pinned version. Received: {word!r}. {HOW}")
        found[name] = pinned
    return found


def _between(name: str, old: str, new: str) -> list[str]:
    """The versions after one, up to another."""
    every = known(name, nightly=Version(new).is_prerelease)
    found = [one for one in every if Version(old) < Version(one) <= Version(new)]
    if not found or Version(found[-1]) != Version(new):
        raise ValueError(
            f"Expected a version of {name} after {old}, which pip finds. Received: {new}. See "
            f"`pip index versions {name}`."
        )
    return found


def _with_keras(pins: Mapping[str, str]) -> str:
    """Requirements, a nightly TensorFlow's with the last Keras before it."""
    pins, day = dict(pins), _day(pins.get("tf-nightly", ""))
    if day and not {"keras", "keras-nightly"} & pins.keys():
        before = [one for one in known("keras-nightly", nightly=True) if _day(one) <= day]
        pins |= {"keras-nightly": before[-1]} if before else {}
    return " ".join(f"{name}=={one}" for name, one in pins.items())


def _day(version: str) -> str:
    """The day of a nightly build, such as "20261026"; empty of a release."""
    found = re.search(r"dev(\d{8})", version)
    return found[1] if found else ""


def _addresses(repository: str, old: str | None, new: str) -> Iterator[str]:
    at = f"https://github.com/{repository}"
    if not _day(new):
        yield f"{at}/releases/tag/v{new}"
        if old:
            yield f"{at}/compare/v{old}...v{new}"
    elif old:
        since, until = (f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in (_day(old), _day(new)))
        yield f"{at}/commits/?since={since}&until={until}"


def _keras_first(name: str) -> bool:
    return name not in BRINGS["keras"]


def _installed(names: Sequence[str]) -> str | None:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None
