"""A session held against what was found of its claims under another version."""

from __future__ import annotations

import json

import pytest

from training_claims.reports.conftest import MOVING, Run, results_in

CLAIMS = """
import pytest
from training_claims.mark import claim
from training_claims import late
from training_claims.testing.judgement import made_arm

pytestmark = pytest.mark.contract

def exceeds(judge, offset):
    arms = made_arm(str(offset)), made_arm("0")
    assert judge(late("val_accuracy", arms[0]).exceeds(late("val_accuracy", arms[1]), by=0.01))

@claim("Broke", source="Nowhere")
def test_broke(judge):
    exceeds(judge, -0.1)

@claim("Is broken", source="Nowhere")
def test_is_broken(judge):
    exceeds(judge, -0.2)

@claim("Was mended", source="Nowhere")
def test_mended(judge):
    exceeds(judge, 0.1)

@claim("Holds, if not in the pinned release", source="Nowhere", known="issues/7")
def test_holds(judge):
    exceeds(judge, 0.2)

@claim("Is not there", source="Nowhere")
def test_not_there(judge):
    raise AttributeError("no such layer")

@claim("Is there no more", source="Nowhere")
def test_gone(judge):
    raise AttributeError("no such loss")
"""
BEFORE = {
    "broke": "supported +0.1",
    "is_broken": "refuted -0.2",
    "mended": "refuted -0.3",
    "holds": "supported +0.2",
    "gone": "supported +0.1",
}


@pytest.fixture
def contracts(suite: pytest.Pytester) -> pytest.Pytester:
    """Contracts of every fate, and a record of them."""
    suite.makepyfile(test_p=CLAIMS)
    claims = [{"id": f"p.{name}", "verdict": verdict} for name, verdict in BEFORE.items()]
    (suite.path / "before.json").write_text(json.dumps({"claims": claims}))
    (suite.path / "nothing.json").write_text(json.dumps({"claims": []}))
    return suite


def test_only_what_changed_is_red(run_inside: Run, contracts: pytest.Pytester) -> None:
    options = ("-n", "0", "-m", "contract", "-rsfE")
    told = ("--claims-before=before.json", "--claims-summary=now.md")
    ran = run_inside("", *options, *told, report=True)
    ran.assert_outcomes(passed=1, failed=3, skipped=2)
    ran.stdout.fnmatch_lines_random(
        [
            "Changed: Broke: supported +0.1 → refuted -0.1",
            "Changed: Was mended: refuted -0.3 → supported +0.1",
            "SKIPPED*known upstream: refuted -0.2 before; refuted: *",
            "SKIPPED*AttributeError: no such layer",
            "*Fixed: supported, and was known as wrong upstream (refuted -0.3 before): *",
            "*AttributeError: no such loss",
        ]
    )
    ran.stdout.no_fnmatch_line("*issues/7*")
    assert "- **Broke**: supported +0.1 → refuted -0.1" in (contracts.path / "now.md").read_text()
    results = results_in(contracts.path / ".claims" / "allure-results")
    assert results["test_broke"]["name"] == "Broke: supported +0.1 → refuted -0.1"
    assert results["test_holds"]["name"] == "Holds, if not in the pinned release"


def test_with_nothing_before_none_is_red(run_inside: Run, contracts: pytest.Pytester) -> None:
    options = ("-n", "0", "-m", "contract", "--claims-summary=now.json")
    ran = run_inside("", *options, "--claims-before=nothing.json")
    ran.assert_outcomes(passed=2, skipped=4)
    assert ran.ret == 0
    record = json.loads((contracts.path / "now.json").read_text())
    verdicts = {claim["id"]: claim["verdict"].split()[0] for claim in record["claims"]}
    assert verdicts["p.broke"] == verdicts["p.is_broken"] == "refuted"
    assert "no such layer" in record["undecided"]["test_p.py::test_not_there"]


def test_an_arm_of_contracts_that_drifted_is_told_and_not_red(
    run_inside: Run, contracts: pytest.Pytester
) -> None:
    contracts.makeconftest(MOVING)
    options = ("-n", "0", "--claims-before=nothing.json", "--claims-seeds=30")
    run_inside("mended", *options, "--claims-save-baseline=base.json")
    moved = ("--claims-baseline=base.json", "--moved=0.05", "--claims-summary=now.md", "-rs")
    ran = run_inside("mended", *options, *moved)
    assert ran.ret == 0
    ran.stdout.fnmatch_lines(["SKIPPED*Drifted: drifted: *"])
    assert "drifted" in (contracts.path / "now.md").read_text()


@pytest.mark.usefixtures("contracts")
@pytest.mark.parametrize("file", ["none.json", "test_p.py"])
def test_what_is_no_record_is_refused(run_inside: Run, file: str) -> None:
    ran = run_inside("", "-n", "0", f"--claims-before={file}")
    assert ran.ret == 4
    ran.stderr.fnmatch_lines(["*--claims-before: expected the record that --claims-summary*"])
