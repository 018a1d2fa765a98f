"""`--claims-audit` as a user meets it, on a suite and a bank that nothing trained."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training_claims.faults.injection import mark
from training_claims.reports.audit.detection import FIRST_SEED
from training_claims.reports.audit.made_bank import TREATED, made_bank
from training_claims.reports.drift.file import write
from training_claims.runs.source import RunSource
from training_claims.runs.store import RunStore

CONFTEST = """
from pathlib import Path
import pytest
import training_claims.reports.allure.folder
from training_claims.runs import RunSource, RunStore

training_claims.reports.allure.folder.OUT = Path(__file__).parent / "out"
pytest_plugins = ["training_claims.plugin", "training_claims.reports.plugin"]

@pytest.fixture
def run_source(settings):
    def none(*_):
        raise AssertionError("Nothing trains here.")
    return RunSource(RunStore(settings.run_store), none, none, {})
"""

CLAIMS = """
from training_claims.claim import claim
from training_claims.evidence import late
from training_claims.testing.judgement import made_arm
from training_claims.reports.audit.made_bank import CONTROL, TREATED

@claim("Better", source="Noise")
def test_better(judge):
    treated, control = late("val_accuracy", TREATED), late("val_accuracy", CONTROL)
    assert judge(treated.exceeds(control, by=0.05))

@claim("Strange", source="Noise")
def test_strange(judge):
    assert judge(late("val_accuracy", made_arm("strange")).exceeds(0.5, by=0))
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_noise=CLAIMS)
    write(made_bank(), pytester.path / "bank.json")
    write(made_bank(23), pytester.path / "few.json")
    return pytester


def none(*_: object) -> Any:
    raise AssertionError("Nothing trains here.")


def test_several_banks_are_one(suite: pytest.Pytester) -> None:
    bank = made_bank()
    for name, arms in (("one", bank.arms[:1]), ("other", bank.arms[1:])):
        write(replace(bank, name=name, arms=arms), suite.path / f"{name}.json")
    banks = (
        "--claims-audit",
        "one.json",
        "--claims-audit",
        "other.json",
        "--claims-audit-suites",
        "60",
    )
    outcome = suite.runpytest_subprocess("-n", "0", "--claims-no-report", *banks, "-k", "better")
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED  # sixty suites bound too little
    lines = ["*Bank 'one and other': 60 seeds an arm*", "*| 1 of 1 claims |*"]
    outcome.stdout.fnmatch_lines(lines)


def test_promises_are_printed_and_written(suite: pytest.Pytester) -> None:
    injected = RunSource(RunStore(suite.path / ".runs"), none, none, mark("no-shuffling"))
    damaged = injected.store.path(injected.key(TREATED), FIRST_SEED)
    damaged.mkdir(parents=True)
    options = (
        "-n",
        "0",
        "--claims-no-report",
        "--claims-audit",
        "bank.json",
        "--claims-audit-suites",
        "60",
    )
    outcome = suite.runpytest_subprocess(*options)
    outcome.assert_outcomes(skipped=2)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED  # a claim is not covered
    lines = [
        "*Bank 'made': 60 seeds an arm*",
        "| the bank has every claim's arms | all | 1 of 2 claims; not 'Strange': Expected arm *",
        "| a true suite shows a false refutation | < 0.001 | <= 5e-06*| yes |",
        "| a true suite shows a refutation | < 0.001 | 0 of 60, *",
        f"Left out: *{damaged.name} is not a stored run (IsADirectoryError*",
    ]
    outcome.stdout.fnmatch_lines(lines)
    outcome.stdout.no_fnmatch_line("*not decided*")
    record = json.loads((suite.path / "out" / "audit.json").read_text())
    assert [each["kept"] for each in record["characteristics"][:2]] == [False, True]
    assert "Better" in record["claims"]
    assert (suite.path / "out" / "audit.md").read_text().startswith("Bank 'made'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["-n", "2", "--claims-audit", "bank.json"],
            "--claims-audit: expected -n 0*Received: -n 2",
        ),
        (
            ["-n", "0", "--claims-audit", "few.json"],
            "--claims-audit: expected a bank of at least 24*Received: 23*",
        ),
        (
            ["-n", "0", "--claims-audit", "none.json"],
            "--claims-audit: Expected a baseline in none.json*",
        ),
        (
            ["-n", "0", "--claims-audit", "bank.json", "--claims-audit-suites", "0"],
            "--claims-audit-suites: expected a whole number of at least 1. Received: 0",
        ),
    ],
    ids=["workers", "few", "file", "suites"],
)
def test_what_cannot_be_used_is_refused(
    suite: pytest.Pytester, options: list[str], message: str
) -> None:
    outcome = suite.runpytest_subprocess("--claims-no-report", *options)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: {message}"])
