"""The pytest plugin that holds a session's verdicts against another version's.

What is wrong under both versions is no news of an upgrade, whatever a claim's mark says of the
pinned one: a claim is red if it is refuted and was not, or is supported and was refuted. Where
nothing was found before, as in the session that makes the first record, any verdict will do.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from training_claims.evidence.verdict import Verdict
from training_claims.mark import Fixed, Inconclusive, Refuted, claim_id
from training_claims.reports.drift.rule import Drifted
from training_claims.reports.ledger import CHANGED, LEDGER, change
from training_claims.session.options import given_path
from training_claims.session.outputs import refused

BEFORE = pytest.StashKey[dict[str, str]]()
NOTHING: dict[str, list[object]] = {"claims": []}  # the record of a session that decided none


def pytest_configure(config: pytest.Config) -> None:
    """Read the record, and refuse at once what is none."""
    with refused("--claims-before"):
        file = config.invocation_params.dir / given_path(config.option.claims_before)
    config.stash[BEFORE] = _read(file)
    if LEDGER in config.stash:
        config.stash[LEDGER].before = config.stash[BEFORE]


def pytest_claim_known(item: pytest.Item, verdict: Verdict) -> str:
    """What was found before, if that was wrong: that it is so still is no news."""
    before = item.config.stash[BEFORE].get(claim_id(item), "")
    item.stash[CHANGED] = change(before, verdict)
    contract = item.get_closest_marker("contract") is not None  # holds of every seed or is wrong
    right = ("supported",) if contract else ("supported", "inconclusive")
    if not before and verdict.outcome not in right:
        return "nothing to compare it with"
    return f"{before} before" if before and not before.startswith(right) else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Skip a contract that cannot be asked, unless it was decided before, or whose arm drifted.

    What drift tells of a contract its verdict tells, or it is as wrong as before in another way.
    """
    try:
        return (yield)
    except (Refuted, Fixed, Inconclusive):
        raise
    except Exception as fault:
        new = claim_id(item) not in item.config.stash[BEFORE]
        if item.get_closest_marker("contract") and (new or isinstance(fault, Drifted)):
            pytest.skip(f"{type(fault).__name__}: {fault}")
        raise


def _read(file: Path) -> dict[str, str]:
    """What was found of each claim, by its identity."""
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return {claim["id"]: str(claim["verdict"]) for claim in record["claims"]}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise pytest.UsageError(
            f"--claims-before: expected the record that --claims-summary FILE.json writes. "
            f"Received: {file.name} ({type(fault).__name__}: {fault}). Make it anew."
        ) from None
