"""The session in Markdown, for a CI job's summary, and as a record to commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from training_claims.reports.audit.record import Record
from training_claims.reports.drift.table import markdown_table
from training_claims.reports.ledger import Decided, Ledger, told_of
from training_claims.reports.markdown import literal, table
from training_claims.reports.table import effect

HEADER = ("claim", "verdict", "median effect [interval]", "margin", "wins", "power", "seconds")
WORDS = 2  # columns of text, before those of numbers


def summary(ledger: Ledger, known: Record | None = None) -> str:
    """What changed, was refuted, drifted or not decided, counts, cost, what trained; then tables.

    Args:
        ledger: The session.
        known: The audit's record, if it speaks of this session.
    """
    bad = [f"- **{literal(name)}**: {told}" for name, told in ledger.changed().items()]
    red = [each for each in ledger.decided if each.outcome in ("refuted", "fixed")]
    bad += [f"- **{literal(each.statement)}**: {literal(each.headline)}" for each in red]
    drifted = [arm for arm in ledger.drifts if arm.outcome == "drifted"]
    bad += [
        f"- **Arm {literal(arm.arm)} on {literal(arm.data)}**: {literal(arm.headline)}"
        for arm in drifted
    ]
    bad += [f"- **{literal(line)}**" for line in ledger.undecided()[:1]]
    bad += [f"- {literal(line)}" for line in ledger.undecided()[1:]]
    overview = {name: literal(", ".join(told)) for name, told in ledger.overview().items()}
    about = [f"- {name}: {told}" for name, told in overview.items() if told]
    wordings = {claim.claim_id: claim.verdict.wording for claim in ledger.decided}

    def power(claim: Mapping[str, Any]) -> float | None:
        return known.power(claim["id"], wordings[claim["id"]]) if known else None

    rows = claims_table(map(record_of, ledger.decided), power)
    lines = ["## Claims", "", *bad, *about, "", *rows, ""]
    if ledger.drifts:
        lines += ["## Drift from the baseline", "", *markdown_table(ledger.drifts), ""]
    return "\n".join(lines)


def as_record(ledger: Ledger) -> str:
    """The session as JSON: what trained, every claim with its verdict and effect in words.

    Under `undecided` is, by node ids, why files were not collected and claims not decided.
    """
    claims = [record_of(claim) for claim in ledger.decided]
    undecided = {**ledger.files, **ledger.left()} if ledger.decides else {}
    record = {"about": ledger.overview(), "claims": claims, "undecided": undecided}
    return json.dumps(record, indent=1) + "\n"


def record_of(claim: Decided) -> dict[str, Any]:
    """A claim as the record tells it."""
    verdict = claim.verdict
    return {
        "id": claim.claim_id,
        "statement": claim.statement,
        "outcome": claim.outcome,
        "verdict": told_of(verdict),
        "effect": effect(verdict),
        "margin": verdict.margin,
        "wins": verdict.tally.wins,
        "seeds": len(verdict.seeds),
        "seconds": round(claim.seconds),
    }


def claims_table(
    claims: Iterable[Mapping[str, Any]], power: Callable[[Mapping[str, Any]], float | None]
) -> list[str]:
    """A Markdown table with a row for each claim of a record.

    Args:
        claims: As `record_of` gives them.
        power: What `make audit` found, on seeds of its own, for the claim as packaged.
    """
    rows = [
        [
            literal(claim["statement"]),
            claim["outcome"],
            claim["effect"],
            f"{claim['margin']:g}",
            f"{claim['wins']} of {claim['seeds']}",
            "" if (known := power(claim)) is None else f"{known:.4f}",
            str(claim["seconds"]),
        ]
        for claim in claims
    ]
    return table(HEADER, rows, words=WORDS)
