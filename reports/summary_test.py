import json

import pytest

from training_claims.reports.audit.record import Record
from training_claims.reports.ledger import Decided, Ledger
from training_claims.reports.summary import as_record, summary
from training_claims.testing.judgement import made_judgement

VERDICT = made_judgement().verdict
TOLD = "supported | +0.1 [+0.1, +0.1] | 0.01 | 12 of 12"


def decided(name: str, statement: str) -> Decided:
    return Decided(name, statement, "Noise", VERDICT, 12.3)


@pytest.mark.parametrize(
    ("comparison", "power"), [(VERDICT.wording, "0.9980"), ("with another margin", "")]
)
def test_a_row_has_verdict_power_and_cost(comparison: str, power: str) -> None:
    found = Record({"claims": {"noise.helps": {"comparison": comparison, "supported": 0.998}}})
    ledger = Ledger(
        decided=[decided("noise.helps", "Noise helps"), decided("noise.other", "a | b")]
    )
    rows = summary(ledger, found).splitlines()[-2:]
    assert rows == [f"| Noise helps | {TOLD} | {power} | 12 |", f"| a \\| b | {TOLD} |  | 12 |"]


def test_without_a_record_that_speaks_of_the_session_no_power_is_told() -> None:
    ledger = Ledger(decided=[decided("noise.helps", "Noise helps")])
    assert summary(ledger).splitlines()[-1] == f"| Noise helps | {TOLD} |  | 12 |"


def test_a_record_has_what_trained_and_every_claim() -> None:
    ledger = Ledger(environment={"tensorflow": ["2.0"]})
    ledger.decided = [decided("noise.helps", "Noise helps")]
    record = json.loads(as_record(ledger))
    assert record["about"]["claims"] == ["1 supported"]
    assert record["about"]["tensorflow"] == ["2.0"]
    assert record["claims"] == [
        {
            "id": "noise.helps",
            "statement": "Noise helps",
            "outcome": "supported",
            "verdict": "supported +0.1",
            "effect": "+0.1 [+0.1, +0.1]",
            "margin": 0.01,
            "wins": 12,
            "seeds": 12,
            "seconds": 12,
        }
    ]
