"""However a claim ends, its verdict counts; without one it is a fault. Nothing trains here."""

from __future__ import annotations

import pytest

from training_claims.reports.conftest import Run

CLAIMS = """
import contextlib
import unittest

import pytest

from training_claims.mark import Refuted, claim
from training_claims import late
from training_claims.testing.judgement import made_arm


def comparison(offset):
    arms = made_arm(str(offset)), made_arm("0")
    return late("val_accuracy", arms[0]).exceeds(late("val_accuracy", arms[1]), by=0.01)


GOOD, BAD, OPEN = comparison(0.1), comparison(-0.1), comparison(0.01)
pytestmark = pytest.mark.claim("Some claim", source="Noise")


@pytest.fixture
def judged_bad(judge):
    judge(BAD)


@pytest.fixture
def judged_good(judge):
    judge(GOOD)


@pytest.fixture
def judged_at_last(judge):
    yield
    with contextlib.suppress(BaseException):
        judge(BAD)


def test_fault_comparison_alone(judge):
    assert GOOD

def test_fault_judge_alone(judge):
    assert judge

def test_fault_empty(judge):
    pass

def test_fault_without_judge():
    pass

def test_fault_error_caught(judge):
    with contextlib.suppress(BaseException):
        judge(None)

def test_fault_second_question_caught(judge):
    assert judge(GOOD)
    with contextlib.suppress(BaseException):
        judge(GOOD)

def test_fault_after_support(judge):
    assert judge(GOOD)
    raise ValueError("after")

def test_fault_returned(judge):
    return judge(GOOD)

def test_fault_xfail_before(judge):
    pytest.xfail("known")

def test_fault_xfail_while_supported(judge, request):
    request.applymarker(pytest.mark.xfail)
    assert judge(GOOD)

def test_fault_odd_text(judge):
    raise ValueError("lone \\ud800 and \\x1b[31m")

async def test_fault_async(judge):
    assert judge(GOOD)

class TestUnit(unittest.TestCase):
    def test_fault_unittest(self):
        pass

def test_refuted(judge):
    assert judge(BAD)

def test_refuted_caught(judge):
    try:
        judge(BAD)
    except AssertionError:
        pass

def test_refuted_expected(judge):
    with pytest.raises(Refuted):
        judge(BAD)

def test_refuted_suppressed(judge):
    with contextlib.suppress(BaseException):
        judge(BAD)

def test_refuted_then_fault(judge):
    try:
        judge(BAD)
    except AssertionError:
        raise ValueError("other")

def test_refuted_then_skipped(judge):
    try:
        judge(BAD)
    except AssertionError:
        pytest.skip("other")

def test_refuted_then_xfail(judge):
    try:
        judge(BAD)
    except AssertionError:
        pytest.xfail("other")

def test_refuted_then_asked_again(judge):
    with contextlib.suppress(BaseException):
        judge(BAD)
    judge(GOOD)

def test_refuted_while_xfail(judge, request):
    request.applymarker(pytest.mark.xfail)
    judge(BAD)

def test_refuted_in_setup(judged_bad):
    pass

def test_refuted_in_subtest(judge, subtests):
    with subtests.test("part"):
        judge(BAD)

class TestClass:
    def test_refuted_in_class(self, judge):
        with contextlib.suppress(BaseException):
            judge(BAD)

def test_skipped_inconclusive(judge):
    assert judge(OPEN)

def test_skipped_inconclusive_caught(judge):
    with contextlib.suppress(BaseException):
        judge(OPEN)

@pytest.mark.skip(reason="known")
def test_skipped_by_mark(judge):
    judge(BAD)

def test_skipped_by_call(judge):
    pytest.skip("not today")

def test_passed(judge):
    assert judge(GOOD)

def test_passed_in_setup(judged_good):
    pass

def test_fault_judged_at_last(judged_at_last):
    pass
"""


@pytest.fixture
def endings(pytester: pytest.Pytester, suite: pytest.Pytester) -> pytest.Pytester:
    suite.makepyfile(test_noise_channels=CLAIMS)
    return pytester


def _endings(outcome: pytest.RunResult) -> dict[str, str]:
    """How each test ended, in the words that their names begin with."""
    found: dict[str, str] = {}
    for report in outcome.reprec.getreports("pytest_runtest_logreport"):  # type: ignore[attr-defined]
        name = report.nodeid
        told = dict(report.user_properties).get("failure", report.outcome)
        if found.get(name, "passed") == "passed":
            found[name] = str(told) if report.failed else report.outcome
    return found


SAID = (
    "E  *TypeError: Expected a comparison to be judged: `assert judge(comparison)`. Received: *",
    "E  *TypeError: Expected the judge to be asked: `assert judge(comparison)`. Received: *",
    "E  *Undecided: Expected * to ask for its verdict, by `assert judge(comparison)`. Received: *",
    "E  *Undecided: Expected the verdict to decide *. Received: xfail*",
    "E  *UsageError: Expected * to ask for one verdict, its own. Received: a second question.*",
)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_claim_ends_as_judged(endings: pytest.Pytester, run_inside: Run, workers: str) -> None:
    said = run_inside("test", "-n", workers, "--claims-summary", "summary.md")
    found = _endings(said)
    assert found == {name: name.rpartition("::test_")[2].partition("_")[0] for name in found}
    assert len(found) == CLAIMS.count("def test_")
    assert said.ret == 1
    for line in SAID:
        said.stdout.fnmatch_lines([line])
    told = (endings.path / "summary.md").read_text().splitlines()
    assert f"- **11 of {len(found)} claims were not decided**" in told
    assert "- Some claim: Skipped: not today" in told
    assert "- Some claim: after its verdict: ValueError: after" in told


@pytest.mark.parametrize(
    ("select", "options", "status"),
    [
        ("fault_empty or passed", [], 3),
        ("fault_judged_at_last", [], 1),  # refuted it is, if late
        ("refuted_suppressed or fault_empty", [], 1),
        ("skipped_by or skipped_inconclusive", [], 0),
        ("skipped_by or skipped_inconclusive_caught", ["--claims-strict"], 6),
    ],
)
def test_statuses_count_verdicts(
    endings: pytest.Pytester,  # noqa: ARG001 - the suite
    run_inside: Run,
    select: str,
    options: list[str],
    status: int,
) -> None:
    assert run_inside(select, *options).ret == status


UNTOLD = {
    "empty": ('@claim("", source="S")', "sentence as the statement *: ''."),
    "blank": ('@claim(" \\n", source="S")', "sentence as the statement *: ' ?n'."),
    "number": ('@claim(3, source="S")', "sentence as the statement *: 3."),
    "nowhere": ('@claim("A", source=None)', "sentence as the source *: None."),
    "bare": ("@pytest.mark.claim", "sentence as the statement *: None."),
    "unmarked": ("", "to be marked with @claim(statement, source=...)*"),
    "excused": ('@pytest.mark.xfail\n@claim("A", source="S")', "Received: xfail*"),
    "surrogate": (
        '@pytest.mark.parametrize("judge", ["\\ud800"])\n@claim("A", source="S")',
        "that can be written in UTF-8. Received: '?ud800'.",
    ),
}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_claim_that_cannot_be_told_is_refused_in_a_line(
    suite: pytest.Pytester, run_inside: Run, workers: str
) -> None:
    (suite.path / "test_noise_channels.py").unlink()
    for name, (marks, _) in UNTOLD.items():
        imports = "import pytest\nfrom training_claims import claim\n"
        suite.makepyfile(**{f"test_{name}": f"{imports}{marks}\ndef test_x(judge): pass"})
    said = run_inside("test", "-n", workers)
    assert said.ret == 4
    for name, (_, message) in UNTOLD.items():
        said.stdout.fnmatch_lines([f"test_{name}.py: not collected: Expected *{message}"])
    assert "Traceback" not in said.stdout.str() + said.stderr.str()
