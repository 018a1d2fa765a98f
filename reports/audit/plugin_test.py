"""`--claims-audit` as a user meets it, on a suite and a baseline that nothing trained."""

import json
from dataclasses import replace
from typing import Any

import pytest

from training_claims.evidence.design import SUITE
from training_claims.faults.injection import mark
from training_claims.reports.audit.audit_test import TREATED, made_baseline
from training_claims.reports.audit.detection import FIRST_SEED
from training_claims.reports.drift.file import write
from training_claims.runs.source import RunSource
from training_claims.runs.store import RunStore
from training_claims.testing.sessions import session

CONFTEST = """
import pytest
from training_claims.runs.source import RunSource
from training_claims.runs.store import RunStore
from training_claims.session.session import SETTINGS

@pytest.fixture
def claims_source(pytestconfig):
    def none(*_):
        raise AssertionError("Nothing trains here.")
    return RunSource(RunStore(pytestconfig.stash[SETTINGS].run_store), none, none, {})
"""

CLAIMS = """
from training_claims.mark import claim
from training_claims import late
from training_claims.testing.judgement import made_arm
from training_claims.reports.audit.audit_test import CONTROL, TREATED

@claim("Better", source="Noise")
def test_better(judge):
    treated, control = late("val_accuracy", TREATED), late("val_accuracy", CONTROL)
    assert judge(treated.exceeds(control, by=0.05))

@claim("Strange", source="Noise")
def test_strange(judge):
    assert judge(late("val_accuracy", made_arm("strange")).exceeds(0.5, by=0))
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -p no:allure_pytest")
    pytester.makepyfile(test_noise=CLAIMS)
    write(made_baseline(), pytester.path / "baseline.json")
    write(made_baseline(23), pytester.path / "few.json")
    return pytester


def none(*_: object) -> Any:
    raise AssertionError("Nothing trains here.")


def test_several_baselines_are_one(suite: pytest.Pytester) -> None:
    baseline = made_baseline()
    for name, arms in (("one", baseline.arms[:1]), ("other", baseline.arms[1:])):
        write(replace(baseline, name=name, arms=arms), suite.path / f"{name}.json")
    baselines = (
        "--claims-audit",
        "one.json",
        "--claims-audit",
        "other.json",
        "--claims-audit-suites",
        "60",
    )
    outcome = session(suite, "-n", "0", "--claims-no-report", *baselines, "-k", "better")
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED  # sixty suites bound too little
    lines = ["*Baseline 'one and other': 60 seeds an arm*", "*| 1 of 1 claims |*"]
    outcome.stdout.fnmatch_lines(lines)


def test_characteristics_are_printed_and_written(suite: pytest.Pytester) -> None:
    injected = RunSource(
        RunStore(suite.path / ".claims" / "runs"), none, none, mark("no-shuffling")
    )
    damaged = injected.store.path(injected.key(TREATED), FIRST_SEED)
    damaged.mkdir(parents=True)
    options = (
        "-n",
        "0",
        "--claims-no-report",
        "--claims-audit",
        "baseline.json",
        "--claims-audit-suites",
        "60",
    )
    outcome = session(suite, *options)
    outcome.assert_outcomes(skipped=2)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED  # a claim is not covered
    lines = [
        "*Baseline 'made': 60 seeds an arm*",
        "| the baseline has every claim's arms | all | 1 of 2 claims; not 'Strange': Expected *",
        f"| a true suite shows a false refutation | < {1e-3 * SUITE.share:g} | <= 2.9e-06*| yes |",
        "| a true suite shows a refutation | < 0.001 | 0 of 60, *",
        f"Left out: *{damaged.name} is not a stored run (IsADirectoryError*",
    ]
    outcome.stdout.fnmatch_lines(lines)
    outcome.stdout.no_fnmatch_line("*not decided*")
    record = json.loads((suite.path / ".claims" / "audit.json").read_text())
    assert [each["kept"] for each in record["characteristics"][:2]] == [False, True]
    (claim,) = record["claims"].values()
    assert claim["statement"] == "Better"
    assert claim["comparison"].endswith("(control) by more than 0.05")
    assert record["baseline"]["data"] == ["made"]
    assert (suite.path / ".claims" / "audit.md").read_text().startswith("Baseline 'made'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["-n", "2", "--claims-audit", "baseline.json"],
            "--claims-audit: expected -n 0*Received: -n 2",
        ),
        (
            ["-n", "0", "--claims-audit", "few.json"],
            "--claims-audit: expected a baseline of at least 24*Received: 23*",
        ),
        (
            ["-n", "0", "--claims-audit", "none.json"],
            "--claims-audit: Expected a baseline in none.json*",
        ),
        (
            ["-n", "0", "--claims-audit", "baseline.json", "--claims-audit-suites", "0"],
            "--claims-audit-suites: expected a whole number of at least 1. Received: '0'",
        ),
    ],
    ids=["workers", "few", "file", "suites"],
)
def test_what_cannot_be_used_is_refused(
    suite: pytest.Pytester, options: list[str], message: str
) -> None:
    outcome = session(suite, "--claims-no-report", *options)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: {message}"])
