"""Claims under many versions, each in an environment of its own, and which version changed what.

`training-claims history VERSIONS [--args=...] [--minutes N] [--together N] [--record FILE]
[--join FILE]`

VERSIONS are such as "keras>=3.10,<3.16", "last 6 nightlies", "keras==3.13.2; keras==3.14.0" or a
wheel file. What each gives is added to the record, `.claims/versions.jsonl`, and a page is made of
all that the record says, `.claims/versions.html`. What the record holds is not tried again, so a
night's call tries that night's build alone. Without VERSIONS it makes the page.

Exit status: 0; 7 if a version that was tried now changed a claim or an arm, so once for a change; 8
if none of the versions could be installed or decided; 3, 4 as of any command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from math import inf
from pathlib import Path

from packaging.version import Version

from training_claims.plan import costs
from training_claims.reports import places
from training_claims.reports.command_line import CommandFailed, Parser, command, output_of
from training_claims.reports.drift.baseline import NEW_SEEDS
from training_claims.reports.history import record as record_file
from training_claims.reports.history.page import page
from training_claims.reports.history.record import Record
from training_claims.reports.history.series import Followed, followed, version
from training_claims.reports.history.session import decide, environment_of
from training_claims.reports.history.versions import expected, listed
from training_claims.reports.upgrade.environments import UnusableVersion, each_tried
from training_claims.session import outputs
from training_claims.session.options import given_count, given_path, given_words
from training_claims.status import Status

MINUTES = 5.0


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is not in the record, and write the page; the exit status."""
    parser = Parser(prog="training-claims history")
    parser.add_argument("versions", nargs="?", default="", metavar="VERSIONS")
    parser.add_argument(
        "--args", type=given_words, default=(), help="which claims, as pytest selects them"
    )
    parser.add_argument(
        "--minutes",
        type=given_count,
        metavar="N",
        help="of a worker, for each version (default: 5; any number with --args)",
    )
    parser.add_argument(
        "--together", type=given_count, default=1, metavar="N", help="versions at once (default: 1)"
    )
    home = places.home()
    parser.add_argument(
        "--record", type=given_path, default=home / "versions.jsonl", metavar="FILE"
    )
    parser.add_argument("--join", type=given_path, action="append", default=[], metavar="FILE")
    parser.add_argument("--page", type=given_path, default=home / "versions.html", metavar="FILE")
    given = parser.parse_args(arguments)
    for path in (given.record, given.page):
        outputs.check_file(path)
    try:
        record = _joined(given.record, given.join)
        asked = listed(given.versions) if given.versions else []
        minutes = given.minutes or (inf if given.args else MINUTES)
        chosen = _chosen(given.args, minutes) if asked else []
    except UnusableVersion as fault:
        print(f"Cannot be tried: {fault}", file=sys.stderr)
        return Status.UNUSABLE
    except ValueError as fault:
        parser.error(str(fault))

    def attempt(requirements: str) -> Record | None:
        return _tried(requirements, given.args, chosen, given.record, record)

    tried = [*each_tried(asked, attempt, given.together)]
    found = followed(record_file.read(given.record))
    outputs.write(given.page, page(found))
    print("\n".join([*_told(found), f"Page: {os.path.relpath(given.page)}"]))
    if asked and all(each is None for each in tried):
        return Status.UNUSABLE
    new = {version(by) for each in tried for _, by in each or ()}
    changes = (version(each.trained[change.new]) for each in found for change in each.changes)
    return Status.DRIFTED if new & {*changes} else Status.OK


def claim_of(node: str) -> str:
    """The identity of a claim, see `claim_id`, by pytest's name of it.

    Example:
        >>> claim_of("claims/contracts/test_losses.py::test_mean[of a, or b]")
        'claims.contracts.losses.mean[of a, or b]'
    """
    file, *names = node.split("::")
    parts = [*Path(file).with_suffix("").parts, *names]
    return ".".join(part.removeprefix("test_") for part in parts)


def cheapest(nodes: Iterable[str], known: costs.Costs, minutes: float) -> list[str]:
    """The claims that take least, as many as the minutes are enough for."""
    priced = sorted((known.of_claim(claim_of(node)) or costs.UNKNOWN, node) for node in nodes)
    found, left = [], 60 * minutes
    for seconds, node in priced:
        if seconds * NEW_SEEDS <= left:
            found.append(node)
            left -= seconds * NEW_SEEDS
    return found


def _joined(path: Path, others: Sequence[Path]) -> Record:
    """The record, with others in it, if any are given, in one order whatever came first."""
    whole = record_file.joined(*map(record_file.read, [path, *others]))
    if others:
        outputs.write(path, record_file.text(whole))
    return whole


def _chosen(arguments: Sequence[str], minutes: float) -> list[str]:
    """Pytest's names of the claims. Raises UnusableVersion if there are none."""
    ask = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *arguments]
    try:
        said = output_of(ask, {}, cwd=places.root())
    except CommandFailed as fault:
        raise UnusableVersion(f"pytest collected nothing:\n{fault.said}") from None
    nodes = [line for line in said.splitlines() if "::" in line]
    files = [places.root() / "claims" / costs.NAME, places.home() / costs.NAME]
    return cheapest(nodes, costs.read(files), minutes)


def _tried(
    requirements: str, arguments: Sequence[str], chosen: Sequence[str], path: Path, known: Record
) -> Record | None:
    """What was added to the record; None if the version cannot be tried.

    Args:
        requirements: The version.
        arguments: pytest's.
        chosen: The claims, by pytest's names.
        path: The record's file.
        known: What it held before.
    """
    wanted = expected(requirements)
    held = {
        series.name
        for (series, by), values in known.items()
        if len(values) >= NEW_SEEDS
        and wanted == {"tensorflow": Version(by.tensorflow), "keras": Version(by.keras)}
    }
    lacking = [node for node in chosen if claim_of(node) not in held]
    if not lacking:
        print(f"{requirements}: in the record")
        return {}
    try:
        found = decide(
            environment_of(requirements), ["-n", "auto", *arguments, *lacking], NEW_SEEDS
        )
    except UnusableVersion as fault:
        print(f"{requirements}: skipped. {fault}", file=sys.stderr, flush=True)
        return None
    record_file.add(path, found)
    claims = sum(series.kind == "claim" for series, _ in found)
    print(f"{requirements}: {claims} of {len(lacking)} claims decided", flush=True)
    return found


def _told(found: Sequence[Followed]) -> list[str]:
    """What changed, a line a change."""
    lines = [f"{each.series.name}: {each.told(c)}" for each in found for c in each.changes]
    return lines or [f"No change is shown in {len(found)} series."]
