import pytest

from training_claims.reports.audit import record
from training_claims.reports.ledger import Decided
from training_claims.reports.summary import claims_table
from training_claims.testing.judgement import made_judgement


def test_a_row_has_verdict_power_and_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    found = record.Record({"claims": {"Noise helps": {"supported": 0.998}}})
    monkeypatch.setattr(record, "committed", lambda: found)
    verdict = made_judgement().verdict
    claims = [Decided(statement, "Noise", verdict, 12.3) for statement in ("Noise helps", "a | b")]
    _, _, *rows = claims_table(claims)
    told = "supported | +0.1 [+0.1, +0.1] | 0.01 | 12 of 12"
    assert rows == [f"| Noise helps | {told} | 0.9980 | 12 |", f"| a \\| b | {told} |  | 12 |"]
