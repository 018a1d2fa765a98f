"""Which versions of a package there are to be installed."""

from __future__ import annotations

import re
import sys

from packaging.version import Version

from training_claims.reports.command_line import CommandFailed, output_of
from training_claims.reports.upgrade.environments import UnusableVersion

LISTED = re.compile(r"^Available versions: (.*)$", re.MULTILINE)


def available(package: str, *, nightly: bool = False) -> list[str]:
    """The versions of a package that pip could install on this Python, the oldest first.

    Args:
        package: Its name, such as "keras".
        nightly: Whether versions before a release count, as all of a nightly build do.

    Raises:
        UnusableVersion: If pip cannot tell.
    """
    ask = [sys.executable, "-m", "pip", "index", "versions", package, "--no-color"]
    try:
        said = output_of([*ask, "--pre"] if nightly else ask, {})
    except CommandFailed as fault:
        raise UnusableVersion(
            f"Expected to learn which versions of {package} there are. Received (exit status "
            f"{fault.status}):\n{fault.said}"
        ) from None
    found = LISTED.search(said)
    return sorted(found[1].split(", "), key=Version) if found else []
