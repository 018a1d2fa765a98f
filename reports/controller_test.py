"""Sessions under xdist that are not known to have claims before a worker tells."""

from __future__ import annotations

import fcntl

import pytest

from training_claims.reports.allure.folder import NOTE

PLAIN = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_plain(number):
    assert number < {least}
"""
# One file that begins with what is no claim: that is what the controller hears of first.
CLAIMS = """
import os, signal
import pytest
from training_claims import claim, late
from training_claims.testing.judgement import made_arm

def judged(judge, margin):
    high, low = (late("val_accuracy", made_arm(name)) for name in ("0.1", "0"))
    assert judge(high.exceeds(low, by=margin))

@claim("Helps", source="Noise")
def test_supported(judge):
    judged(judge, 0.05)

@claim("Helps too much", source="Noise")
def test_refuted(judge):
    judged(judge, 0.2)

@claim("Has no data", source="Noise")
def test_fault(judge):
    raise OSError("no data")

@claim("Kills its process", source="Noise")
def test_crash(judge):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def untold(suite: pytest.Pytester) -> pytest.Pytester:
    """A repository with claims, whose ini says nothing of them."""
    suite.makepyfile(test_a_plain=PLAIN.format(least=4), test_noise_channels=CLAIMS)
    suite.makeini("[pytest]\naddopts = --import-mode=importlib\n")
    return suite


@pytest.mark.parametrize(
    ("select", "status", "said"),
    [
        ("plain or supported", 0, ["Helps * supported *"]),
        ("plain or refuted or supported", 1, ["Helps too much * refuted *", "Helps * supported *"]),
        ("fault or supported", 3, ["1 of 2 claims was not decided", "Has no data: *no data*"]),
        ("crash or supported", 3, ["1 of 2 claims was not decided", "Kills its process: worker*"]),
    ],
)
def test_it_ends_as_without_workers(
    untold: pytest.Pytester, select: str, status: int, said: list[str]
) -> None:
    result = untold.runpytest_subprocess("-n", "2", "-k", select)
    assert result.ret == status
    result.stdout.fnmatch_lines([*said, "Allure results: .claims/allure-results"])
    results = [*(untold.path / ".claims" / "allure-results").glob("*-result.json")]
    assert len(results) == len(select.replace("plain or ", "").split(" or "))
    assert (untold.path / ".claims" / "allure-results" / "environment.properties").is_file()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_was_told_before_the_first_claim_counts(untold: pytest.Pytester, workers: str) -> None:
    untold.makepyfile(test_a_plain=PLAIN.format(least=3), test_broken="import nothing_such")
    result = untold.runpytest_subprocess(
        "-n", workers, "-k", "plain or fault", "--continue-on-collection-errors"
    )
    assert result.ret == 1  # the failing test that is no claim
    result.stdout.fnmatch_lines(["*test_broken.py: not collected: *", "Has no data: *no data*"])


def test_a_folder_that_another_session_writes_to_is_refused(untold: pytest.Pytester) -> None:
    results = untold.path / ".claims" / "allure-results"
    results.mkdir(parents=True)
    with (results / NOTE).open("w", encoding="utf-8") as note:
        note.write("another")
        note.flush()
        fcntl.flock(note, fcntl.LOCK_SH)
        result = untold.runpytest_subprocess("-n", "2", "-k", "supported")
    assert result.ret == 4
    expected = "ERROR: *expected a folder that no other session is writing to*"
    result.stderr.fnmatch_lines([expected])
    assert [path.name for path in results.iterdir()] == [NOTE]


def test_a_worker_tells_why_it_cannot_be_used(untold: pytest.Pytester) -> None:
    result = untold.runpytest_subprocess("-n", "1", "-k", "supported", "--claims-expect-gpu")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --claims-expect-gpu: Expected TensorFlow to see 1 GPU.*"])


def test_without_claims_nothing_is_written(untold: pytest.Pytester) -> None:
    result = untold.runpytest_subprocess("-n", "2", "-k", "plain")
    result.assert_outcomes(passed=4)
    assert result.ret == 0
    assert not (untold.path / ".claims").exists()
