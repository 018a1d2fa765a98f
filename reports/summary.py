"""The session in Markdown: for a CI job's summary, and for the README."""

from __future__ import annotations

from collections.abc import Sequence

from reports.ledger import Decided, Ledger
from reports.table import effect

HEADER = """| claim | verdict | median effect [interval] | margin | wins |
| --- | --- | ---: | ---: | ---: |"""


def summary(ledger: Ledger) -> str:
    """Verdict counts, the table of claims with refuted ones first, and what trained them."""
    about = (f"- {name}: {', '.join(values)}" for name, values in ledger.overview().items())
    return "\n".join(["## Claims", "", *claims_table(ledger.decided), "", *about, ""])


def claims_table(claims: Sequence[Decided]) -> list[str]:
    """A Markdown table with a row for each claim."""
    return [*HEADER.splitlines(), *(_row(claim) for claim in claims)]


def _row(claim: Decided) -> str:
    verdict = claim.verdict
    wins = f"{verdict.tally.wins} of {len(verdict.seeds)}"
    cells = [claim.statement, verdict.outcome, effect(verdict), f"{verdict.margin:g}", wins]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
