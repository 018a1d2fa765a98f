"""The pytest plugin that reports claims: a table in the terminal and pages for Allure.

Results for Allure go to `reports/out/allure-results`, emptied by every session that decides
claims, or to `--alluredir`, which is emptied only by `--clean-alluredir`, once a session whatever
the number of workers. Only claims are written there. `--no-report` writes none.

Exit statuses are those of `fixtures.status`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import uuid
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fixtures.claim import is_claim
from fixtures.hooks import Judgement
from reports import drift_table, folder, table
from reports.ledger import TOLD, Ledger, failure_kind, statements
from reports.summary import summary
from reports.trust import record

pytest_plugins = ["reports.drift_plugin", "reports.trust.plugin"]
LEDGER = pytest.StashKey[Ledger]()
RESULTS = pytest.StashKey[Path]()
OWN = pytest.StashKey[bool]()
SESSION = pytest.StashKey[str]()
UNTOLD = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare `--no-report`; without it, see that Allure's options are there."""
    parser.getgroup("claims", "scientific claims").addoption(
        "--no-report", action="store_true", help="write no Allure results"
    )
    parser.getgroup("claims").addoption(
        "--summary", metavar="FILE", help="write the table of claims as Markdown"
    )
    parser.getgroup("claims").addoption(
        "--report-as",
        metavar="VERSION",
        help="what the report calls this session's environment (default: TensorFlow's version)",
    )
    # pyproject.toml keeps pytest from loading Allure by itself, so that this can decide.
    if "--no-report" not in _arguments(pluginmanager):
        _attachments().load(pluginmanager)
    elif not pluginmanager.has_plugin("allure_pytest"):
        # Where a report would go is no wrong usage if there is none.
        parser.addoption("--alluredir", dest="allure_report_dir", help=argparse.SUPPRESS)
        parser.addoption("--clean-alluredir", action="store_true", help=argparse.SUPPRESS)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Under `--looponfail`, write no report: a written file would be the change it waits for."""
    if config.getoption("looponfail", False):
        config.option.no_report = True


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take `--alluredir` over from Allure's plugin, which would report every test there."""
    given = getattr(config.option, "allure_report_dir", None)
    default = folder.OUT / "allure-results"
    config.stash[RESULTS] = config.invocation_params.dir / given if given else default
    config.stash[OWN] = not given
    config.stash[SESSION] = _shared(config).get("testrunuid", uuid.uuid4().hex)
    config.option.allure_report_dir = None
    if not _is_worker(config):
        option = config.option
        idle = option.bench or option.trust or option.collectonly or option.setuponly
        config.stash[LEDGER] = Ledger(decides=not idle)
        config.pluginmanager.register(config.stash[LEDGER], "reports.ledger")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Obey `--clean-alluredir`, before any worker starts."""
    config = session.config
    idle = config.option.collectonly or config.option.no_report
    asked = getattr(config.option, "clean_alluredir", False) and not idle
    if asked and not _is_worker(config):
        folder.empty(config.stash[RESULTS])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """In the process that runs them, start to report the claims that were collected."""
    config = session.config
    config.stash[UNTOLD] = statements(session.items)
    claims = [item for item in session.items if is_claim(item)]
    if not claims or config.option.no_report or config.option.collectonly:
        return
    if config.stash[OWN]:
        folder.empty_once(config.stash[RESULTS], config.stash[SESSION])
    _attachments().start(config, config.stash[RESULTS], claims)


def pytest_claim_judged(item: pytest.Item, judgement: Judgement) -> None:
    """Tell the reporting process of the claim's data and of what trained its runs."""
    told = [("data", runs.arm.dataset.name) for runs in judgement.runs]
    told += [pair for runs in judgement.runs for pair in runs.environment.items()]
    item.user_properties.append(("environment", json.dumps(list(dict.fromkeys(told)))))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a claim's failure what it means, and with the first report what there is to decide."""
    report = yield
    if report.failed and call.excinfo and is_claim(item):
        report.user_properties.append(("failure", failure_kind(call.excinfo.value)))
    setattr(report, TOLD, item.config.stash.get(UNTOLD, {}))
    item.config.stash[UNTOLD] = {}
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Set the exit status, and describe the session beside its results."""
    config = session.config
    if _is_worker(config):
        return
    ledger = config.stash[LEDGER]
    if config.option.summary:
        file = config.invocation_params.dir / config.option.summary
        file.write_text(summary(ledger), encoding="utf-8")
    session.exitstatus = ledger.status(int(exitstatus))
    left = ledger.undecided()
    if (ledger.decided or left) and not config.option.no_report:
        arguments = ["pytest", *config.invocation_params.args]
        trust = record.committed()
        told = {
            **({"not decided": left} if left else {}),
            **ledger.moved(),
            **ledger.overview(),
            **({"how far to trust it": [trust.overview]} if trust else {}),
        }
        folder.describe(config.stash[RESULTS], told, shlex.join(arguments))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the tables of claims, refuted ones first, and of arms; and where the report is."""
    if arms := config.stash[LEDGER].drifts:
        terminalreporter.section("drift")
        for line in drift_table.terminal_table(arms):
            terminalreporter.write_line(line, red=line.endswith("drifted"))
    claims, left = config.stash[LEDGER].decided, config.stash[LEDGER].undecided()
    if not claims and not left:
        return
    terminalreporter.section("claims")
    for line in left:
        terminalreporter.write_line(line, red=True)
    colours = {claim.verdict.headline: {"red": True} for claim in claims}
    for line in table.table(claims, shutil.get_terminal_size().columns) if claims else ():
        terminalreporter.write_line(line, **colours.get(line.strip(), {}))
    if not config.option.no_report:
        results = os.path.relpath(config.stash[RESULTS], config.invocation_params.dir)
        terminalreporter.write_line(f"\nAllure results: {results}")


def _attachments() -> ModuleType:
    from reports import attachments  # imports Allure

    return attachments


def _arguments(pluginmanager: pytest.PytestPluginManager) -> list[str]:
    """The arguments as typed: conftest.py is loaded before pytest has parsed them."""
    config = pluginmanager.get_plugin("pytestconfig")
    given = config.invocation_params.args if config else ()
    return [*map(str, given), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]


def _shared(config: pytest.Config) -> dict[str, str]:
    """What xdist's controller told this worker; nothing in any other process."""
    shared: dict[str, str] = getattr(config, "workerinput", {})
    return shared


def _is_worker(config: pytest.Config) -> bool:
    return bool(_shared(config))
