"""The session in Markdown, for a CI job's summary, and as a record to commit."""

from __future__ import annotations

import json
from collections.abc import Sequence

from training_claims.reports.audit.record import Record
from training_claims.reports.drift.table import markdown_table
from training_claims.reports.ledger import Decided, Ledger
from training_claims.reports.markdown import literal, table
from training_claims.reports.table import effect

HEADER = (
    "claim",
    "verdict",
    "median effect [interval]",
    "margin",
    "wins",
    "power",
    "seconds",
)
WORDS = 2  # columns of text, before those of numbers


def summary(ledger: Ledger, known: Record | None = None) -> str:
    """What was not decided, refuted or drifted, counts, cost and what trained; then the tables.

    Args:
        ledger: The session.
        known: The audit's record, if it speaks of this session.
    """
    left = [f"- **{literal(line)}**" for line in ledger.undecided()[:1]]
    left += [f"- {literal(line)}" for line in ledger.undecided()[1:]]
    refuted = [each for each in ledger.decided if each.verdict.outcome == "refuted"]
    bad = [f"- **{literal(each.statement)}**: {each.verdict.headline}" for each in refuted]
    drifted = [arm for arm in ledger.drifts if arm.outcome == "drifted"]
    bad += [
        f"- **Arm {literal(arm.arm)} on {literal(arm.data)}**: {literal(arm.headline)}"
        for arm in drifted
    ]
    overview = {name: literal(", ".join(told)) for name, told in ledger.overview().items()}
    about = [f"- {name}: {told}" for name, told in overview.items() if told]
    lines = ["## Claims", "", *left, *bad, *about, "", *claims_table(ledger.decided, known), ""]
    if ledger.drifts:
        lines += ["## Drift from the baseline", "", *markdown_table(ledger.drifts), ""]
    return "\n".join(lines)


def as_record(ledger: Ledger) -> str:
    """The session as JSON: what trained, and every claim with its verdict and effect in words."""
    claims = [
        {
            "id": claim.claim_id,
            "statement": claim.statement,
            "outcome": claim.verdict.outcome,
            "effect": effect(claim.verdict),
            "margin": claim.verdict.margin,
            "wins": claim.verdict.tally.wins,
            "seeds": len(claim.verdict.seeds),
            "seconds": round(claim.seconds),
        }
        for claim in ledger.decided
    ]
    return json.dumps({"about": ledger.overview(), "claims": claims}, indent=1) + "\n"


def claims_table(claims: Sequence[Decided], known: Record | None = None) -> list[str]:
    """A Markdown table with a row for each claim.

    power is what `make audit` found, on seeds of its own, for the claim as packaged.
    """
    return table(HEADER, [_cells(claim, known) for claim in claims], words=WORDS)


def _cells(claim: Decided, known: Record | None) -> list[str]:
    verdict = claim.verdict
    power = known.power(claim.claim_id, verdict.wording) if known else None
    return [
        literal(claim.statement),
        verdict.outcome,
        effect(verdict),
        f"{verdict.margin:g}",
        f"{verdict.tally.wins} of {len(verdict.seeds)}",
        "" if power is None else f"{power:.4f}",
        f"{claim.seconds:.0f}",
    ]
