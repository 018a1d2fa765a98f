"""The session in Markdown: for a CI job's summary, and for the README."""

from __future__ import annotations

from collections.abc import Sequence

from reports.drift_table import markdown_table
from reports.ledger import Decided, Ledger
from reports.table import effect
from reports.trust import record

HEADER = """| claim | verdict | median effect [interval] | margin | wins | P(supported) | seconds |
| --- | --- | ---: | ---: | ---: | ---: | ---: |"""


def summary(ledger: Ledger) -> str:
    """What was refuted and drifted, counts, cost and what trained; then the tables."""
    refuted = [each for each in ledger.decided if each.verdict.outcome == "refuted"]
    bad = [f"- **{each.statement}**: {each.verdict.headline}" for each in refuted]
    drifted = [arm for arm in ledger.drifts if arm.outcome == "drifted"]
    bad += [f"- **Arm {arm.arm} on {arm.data}**: {arm.headline}" for arm in drifted]
    about = [f"- {name}: {', '.join(values)}" for name, values in ledger.overview().items()]
    lines = ["## Claims", "", *bad, *about, "", *claims_table(ledger.decided), ""]
    if ledger.drifts:
        lines += ["## Drift from the baseline", "", *markdown_table(ledger.drifts), ""]
    return "\n".join(lines)


def claims_table(claims: Sequence[Decided]) -> list[str]:
    """A Markdown table with a row for each claim.

    P(supported) is what `make trust` found, on seeds of its own, for the claim as packaged.
    """
    return [*HEADER.splitlines(), *(_row(claim) for claim in claims)]


def _row(claim: Decided) -> str:
    verdict = claim.verdict
    wins = f"{verdict.tally.wins} of {len(verdict.seeds)}"
    found = record.committed()
    power = found.supported(claim.statement) if found else None
    cells = [claim.statement, verdict.outcome, effect(verdict), f"{verdict.margin:g}", wins]
    cells += ["" if power is None else f"{power:.4f}", f"{claim.seconds:.0f}"]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
