"""Beside Allure's own plugin, and without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from training_claims.reports.conftest import Run, results_in

NONE = "No report: expected {}. Received: none. Install training-claims[[]report[]], *"
UNINSTALLED = """
import sys
for name in ("allure", "allure_commons", "allure_pytest", "matplotlib"):
    sys.modules[name] = None
"""
ATTACHING = """
import allure

def test_attaching():
    allure.attach("of a test that is no claim", "Note")
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_users_folder_has_all_tests_and_ours_claims_alone(
    run: Run, suite: pytest.Pytester, workers: str
) -> None:
    suite.makepyfile(test_other=ATTACHING)
    run("supported or plain or attaching", "--alluredir", "theirs", "-n", workers)
    ours, theirs = suite.path / ".claims" / "allure-results", suite.path / "theirs"
    assert set(results_in(ours)) == {"test_supported"}
    found = results_in(theirs)
    assert set(found) == {"test_supported", "test_plain", "test_attaching"}
    assert found["test_plain"]["status"] == "failed"
    one, other = results_in(ours)["test_supported"], found["test_supported"]
    for name in ("name", "descriptionHtml", "attachments", "historyId"):
        assert one[name] == other[name]
    told = {label["name"]: label["value"] for label in other["labels"]}
    assert told["story"] == "Noise"
    assert {"host", "thread"} <= told.keys()  # Allure's own, left as they are
    for folder, count in ((ours, 2), (theirs, 3)):
        assert len(list(folder.glob("*-attachment*"))) == count


def test_without_allures_plugin_claims_are_decided(run: Run, suite: pytest.Pytester) -> None:
    said = run("supported", "-p", "no:allure_pytest")
    assert said.ret == 0
    said.stdout.fnmatch_lines(["Helps by *supported*", NONE.format("Allure's pytest plugin")])
    assert not (suite.path / ".claims" / "allure-results").exists()
    said = run("supported", "-p", "no:allure_pytest", "--claims-results", "here")
    assert said.ret == 4
    said.stderr.fnmatch_lines(["*--claims-results: expected Allure's pytest plugin. Received: *"])


def test_without_the_extra_claims_are_decided(
    run: Run, suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    conftest = Path(suite.path / "conftest.py")
    conftest.write_text(UNINSTALLED + conftest.read_text())
    said = run("supported", "-p", "training_claims.plugin", "-p", "training_claims.reports.plugin")
    assert said.ret == 0
    said.stdout.fnmatch_lines(["Helps by *supported*", NONE.format("Allure's pytest plugin")])
