"""The session in Markdown: for a CI job's summary, and for the README."""

from __future__ import annotations

from collections.abc import Sequence

from training_claims.reports.audit import record
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


def summary(ledger: Ledger) -> str:
    """What was not decided, refuted or drifted, counts, cost and what trained; then the tables."""
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
    lines = ["## Claims", "", *left, *bad, *about, "", *claims_table(ledger.decided), ""]
    if ledger.drifts:
        lines += ["## Drift from the baseline", "", *markdown_table(ledger.drifts), ""]
    return "\n".join(lines)


def claims_table(claims: Sequence[Decided]) -> list[str]:
    """A Markdown table with a row for each claim.

    power is what `make trust` found, on seeds of its own, for the claim as packaged.
    """
    return table(HEADER, [_cells(claim) for claim in claims], words=WORDS)


def _cells(claim: Decided) -> list[str]:
    verdict = claim.verdict
    wins = f"{verdict.tally.wins} of {len(verdict.seeds)}"
    found = record.committed()
    power = found.supported(claim.statement) if found else None
    cells = [
        literal(claim.statement),
        verdict.outcome,
        effect(verdict),
        f"{verdict.margin:g}",
        wins,
    ]
    return [*cells, "" if power is None else f"{power:.4f}", f"{claim.seconds:.0f}"]
