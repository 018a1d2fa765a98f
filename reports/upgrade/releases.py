"""The contracts under every release of Keras and TensorFlow that can be installed here.

`training-claims releases [--versions REQUIREMENTS ...] [--record FILE] [--args=...] [--together N]`

Each release gets an environment of its own; those that say most come first, one after the other, or
so many `--together` where a cluster trains. What was found is written to the record after each, and
what is in the record is not decided again, unless a claim is another one since; so run it again
after an interruption.

Exit status: 0 once all of them were tried, whatever was found; 3 if the claims cannot be asked
here, or pip cannot say which releases there are; 4 for wrong usage, or if it runs already.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout
from packaging.version import InvalidVersion, Version

from training_claims.evidence.statistic import Comparison
from training_claims.mark import claim_id, known_of, statement_of
from training_claims.plan.asked import asked
from training_claims.reports import places
from training_claims.reports.command_line import Parser, command
from training_claims.reports.upgrade import release_record
from training_claims.reports.upgrade.available import available
from training_claims.reports.upgrade.environments import (
    WARNINGS,
    Environment,
    UnusableVersion,
    each_tried,
)
from training_claims.reports.upgrade.release_record import Claim, Release
from training_claims.session import outputs
from training_claims.session.options import given_count, given_path, given_words
from training_claims.status import Status

OLDEST = {"keras": Version("3.0"), "tensorflow": Version("2.16")}  # the first of Keras 3
CONTRACTS = ("-m", "contract")
LONGEST = 2 * 3600  # seconds of a session: a release under which a training never ends is left
LONGEST_REASON = 160  # characters
NO_NODE = "a node that is lost"
UNTRIED = ("worker", "not started", "stopped")  # so the ledger begins what says nothing of a claim


class CannotBeAsked(RuntimeError):
    """Claims that do not answer here; its text says what to do."""


class Asking:
    """A pytest plugin that takes note of the claims and decides none.

    Args:
        claims: By their node ids, the identity and what is told of each.
    """

    def __init__(self) -> None:
        self.claims: dict[str, tuple[str, Claim]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Ask all claims what they compare, and stop."""
        for item, comparison in asked(session.items):
            told = Claim(statement_of(item)[0], _identity(comparison), known_of(item))
            self.claims[item.nodeid] = claim_id(item), told
        return True


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Decide what the record lacks, release by release; the exit status."""
    parser = Parser(prog="training-claims releases")
    parser.add_argument(
        "--versions",
        nargs="+",
        metavar="REQUIREMENTS",
        help='such as "keras==3.14.0", in this order (default: all that can be installed)',
    )
    parser.add_argument(
        "--record", type=given_path, default=places.home() / "releases.json", metavar="FILE"
    )
    parser.add_argument(
        "--args", type=given_words, default=(), help="arguments of pytest, after -m contract"
    )
    parser.add_argument(
        "--together", type=given_count, default=1, metavar="N", help="releases at once (default: 1)"
    )
    given = parser.parse_args(arguments)
    outputs.check_file(given.record)
    try:
        with FileLock(places.home() / ".releases.lock", timeout=0):
            _run(given.versions, given.record, given.args, given.together)
    except Timeout:
        parser.error("Expected no other run of it here. Received: one. Wait for it to end.")
    except ValueError as fault:
        parser.error(str(fault))
    except (CannotBeAsked, UnusableVersion) as fault:
        print(f"Nothing was decided: {fault}", file=sys.stderr)
        return Status.FAULT
    return Status.OK


def _run(versions: Sequence[str] | None, file: Path, args: tuple[str, ...], together: int) -> None:
    releases = [_release(name) for name in versions or all_releases()]
    asked_now = _asked(args)
    claims = {nodeid: name for nodeid, (name, _) in asked_now.items()}
    record = release_record.read(file).asked(dict(asked_now.values()), all_=not args)
    for each in releases:
        record = record.naming(each)
    release_record.write(record, file)
    lacking: dict[str, set[str]] = {}
    for each in releases if versions else in_order(releases):
        lacks = record.lacking(each.name, claims.values())
        print(f"== {each.name}: {len(lacks)} of {len(claims)} claims to decide", flush=True)
        if lacks:
            files = {nodeid.partition("::")[0] for nodeid, name in claims.items() if name in lacks}
            lacking[each.name] = files

    def decided(name: str) -> tuple[Release, dict[str, str]]:
        print(f"== {name}: begun", flush=True)
        return _decided(name, claims, lacking[name], args)

    for release, found in each_tried(lacking, decided, together):
        print(f"== {release.name}: {release.reason or release.runs_on}", flush=True)
        record = record.with_release(release).with_found(release.name, found)
        release_record.write(record, file)


def _release(name: str) -> Release:
    release = Release(name)
    try:
        _ = release.order
    except (IndexError, InvalidVersion):
        raise ValueError(
            f'Expected a release such as "keras==3.14.0", other requirements after it if need be. '
            f"Received: {name!r}. Name a package and its version."
        ) from None
    return release


def all_releases() -> list[str]:
    """All releases that can be installed with this Python."""
    return [
        f"{package}=={version}"
        for package, oldest in OLDEST.items()
        for version in available(package)
        if Version(version) >= oldest
    ]


def in_order(releases: Iterable[Release]) -> list[Release]:
    """Releases in the order in which they tell most.

    Newest first, and of those the last of each minor version before all, then the first of each.
    """
    newest = sorted(releases, key=lambda each: each.order, reverse=True)
    minor = [[*same] for _, same in groupby(newest, lambda each: _minor(each))]
    ends = [each[0] for each in minor] + [each[-1] for each in minor]
    return [*dict.fromkeys([*ends, *newest])]


def _minor(release: Release) -> tuple[str, tuple[int, ...]]:
    package, version = release.order
    return package, version.release[:2]


def _asked(args: tuple[str, ...]) -> dict[str, tuple[str, Claim]]:
    """The claims that pytest's arguments select, by their node ids: identities and what is told."""
    asking = Asking()
    quiet = ("-n", "0", "-qq", "--collect-only", "--claims-no-report")
    status = pytest.main([*CONTRACTS, *args, *quiet], plugins=[asking])
    if status != Status.OK or not asking.claims:
        raise CannotBeAsked(
            f"Expected claims that can be collected here. Received: {len(asking.claims)}, and "
            f"pytest's status {int(status)}. Run pytest {' '.join([*CONTRACTS, *args])}."
        )
    return asking.claims


def _identity(comparison: Comparison) -> str:
    """A digest of what is compared, how, and of what is computed for it."""
    measures = [each.measure for each in comparison.primary]
    parts = [str(comparison), repr(measures), *(arm.fingerprint() for arm in comparison.arms)]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _decided(
    name: str, claims: Mapping[str, str], files: set[str], args: tuple[str, ...]
) -> tuple[Release, dict[str, str]]:
    """A release, and what was found of claims by their identities across versions.

    Args:
        name: The release's requirements.
        claims: The identities of all claims, by their node ids.
        files: Those that are to be run.
        args: Of pytest.
    """
    environment = Environment.of(name)
    try:
        environment.make()
        runs_on = str(environment.probe())
        done = {nodeid.partition("::")[0] for nodeid in claims} - files
        left_out = [f"--deselect={file}::" for file in sorted(done)]
        session = _session(environment, [*CONTRACTS, *args, *left_out])
    except UnusableVersion as fault:
        return Release(name, reason=_short(str(fault))), {}
    found = {each["id"]: _found(each) for each in session["claims"]}
    left = session["undecided"]
    for nodeid, claim in claims.items():
        file = nodeid.partition("::")[0]
        why = left.get(nodeid) or left.get(file) or "not collected"
        untried = why.startswith(UNTRIED) or NO_NODE in why
        if claim not in found and file in files and not untried:
            found[claim] = _short(why)
    return Release(name, runs_on, ""), found


def _session(environment: Environment, args: Sequence[str]) -> dict[str, Any]:
    """The record of a session with these arguments.

    Raises:
        UnusableVersion: If it ends without one, or does not end.
    """
    file = places.home() / "releases" / f"{environment.folder.name}.json"
    file.unlink(missing_ok=True)
    line = [str(environment.python), "-m", "pytest", "-n", "auto", *WARNINGS]
    line += ["--continue-on-collection-errors"]
    line += ["--claims-no-report", "--claims-summary", str(file), *args]
    try:
        ended = subprocess.run(line, cwd=places.root(), timeout=LONGEST, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise UnusableVersion(f"Not done in {LONGEST} s.") from None
    if not file.is_file():
        raise UnusableVersion(f"pytest ended with status {ended.returncode} and no record.")
    session: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return session


def _found(claim: Mapping[str, Any]) -> str:
    verdict: str = claim["verdict"].split()[0]
    return verdict if verdict == "supported" else f"{verdict}: {claim['effect']}"


def _short(reason: str) -> str:
    """The end of a reason, which says most, without what is of this machine alone."""
    cause = re.sub(r"^\S*TrainingFailed: .*? at last: ", "", reason)  # not on which node
    cause = re.sub(r" \(\S+:\d+, in .*", "", cause)
    told = re.sub(r"\w+://\S+", "...", cause.replace(str(places.root()), "."))
    words = " ".join(told.split())
    return words if len(words) <= LONGEST_REASON else f"... {words[-LONGEST_REASON:]}"
