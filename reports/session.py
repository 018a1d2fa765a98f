"""The pytest plugin that reports claims: a table in the terminal and pages for Allure.

Results for Allure go to `.claims/allure-results`, emptied by every session that decides claims, or
to `--claims-results`, which is emptied only by `--claims-clean-results`, once a session whatever
the number of workers. Only claims are written there, and by one session at a time;
`--claims-no-report` writes none, nor does a session without Allure's plugin, which says so. The
user's own `--alluredir` is left to Allure: all tests, claims with the pages that they have here.

Exit statuses are those of `training_claims.status`.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from training_claims.hooks import TOLD
from training_claims.mark import is_claim
from training_claims.reports import table
from training_claims.reports.allure import folder
from training_claims.reports.audit import record
from training_claims.reports.audit.record import Record
from training_claims.reports.drift import table as drift_table
from training_claims.reports.ledger import LEDGER, Ledger, failure_kind, statements
from training_claims.reports.summary import as_record, summary
from training_claims.session import outputs
from training_claims.session.options import given_name

RESULTS = pytest.StashKey[Path]()
OWN = pytest.StashKey[bool]()
SESSION = pytest.StashKey[str]()
UNTOLD = pytest.StashKey[dict[str, str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """See where the report goes, and refuse at once what cannot be written."""
    given = config.option.claims_results
    default = config.rootpath / ".claims" / "allure-results"
    config.stash[RESULTS] = config.invocation_params.dir / given if given else default
    config.stash[OWN] = given is None
    config.stash[SESSION] = _name_of_session(config)
    if not _is_worker(config):
        option = config.option
        idle = option.claims_bench or option.claims_audit or option.collectonly or option.setuponly
        config.stash[LEDGER] = Ledger(decides=not idle)
        config.pluginmanager.register(config.stash[LEDGER], "training_claims.reports.ledger")
        _check_outputs(config, given)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Hold the user's folder, and obey `--claims-clean-results`, before any worker starts."""
    config = session.config
    if _is_worker(config):
        return
    if not config.stash[OWN] and _reports(config):
        try:
            _hold(config, anew=bool(config.option.claims_clean_results))
        except OSError as fault:
            raise pytest.UsageError(f"--claims-results: {fault}") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker of which session it is."""
    node.workerinput["testrunuid"] = node.config.stash[SESSION]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """In the process that runs them, start to report the claims that were collected."""
    config = session.config
    config.stash[UNTOLD] = statements(session.items)
    claims = [item for item in session.items if is_claim(item)]
    if not claims or not _reports(config):
        return
    with outputs.noted(config, outputs.REPORT):
        try:
            _hold(config, anew=config.stash[OWN])
        except folder.Held:
            _refuse(config)
        _attachments().start(config, config.stash[RESULTS], claims)


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
    known = _record_of(ledger)
    if config.option.claims_summary:
        file = config.invocation_params.dir / config.option.claims_summary
        with outputs.noted(config, "--claims-summary"):
            text = as_record(ledger) if file.suffix == ".json" else summary(ledger, known)
            outputs.write(file, text)
    session.exitstatus = ledger.status(int(exitstatus))
    if (ledger.decided or ledger.undecided()) and _reports(config):
        with outputs.noted(config, outputs.REPORT):
            _describe(config, ledger, known)


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
    red = [claim for claim in claims if claim.outcome in ("refuted", "fixed")]
    for name, told in config.stash[LEDGER].changed().items():
        terminalreporter.write_line(f"Changed: {name}: {told}", red=True)
    colours = {claim.headline: {"red": True} for claim in red}
    for line in table.table(claims, shutil.get_terminal_size().columns) if claims else ():
        terminalreporter.write_line(line, **colours.get(line.strip(), {}))
    if _reports(config):
        results = os.path.relpath(config.stash[RESULTS], config.invocation_params.dir)
        terminalreporter.write_line(f"\nAllure results: {results}")
    elif not config.option.claims_no_report and (lacking := _lacking(config)):
        terminalreporter.write_line(f"\nNo report: {lacking}")


def _check_outputs(config: pytest.Config, results: str | None) -> None:
    """Refuse at once what cannot be written."""
    here, junit = config.invocation_params.dir, getattr(config.option, "xmlpath", None)
    if (summary_file := config.option.claims_summary) is not None:
        with outputs.refused("--claims-summary"):
            outputs.check_file(here / given_name(summary_file))
    if (version := config.option.claims_report_as) is not None:
        with outputs.refused("--claims-report-as"):
            given_name(version)
    if junit is not None:  # pytest's own, which takes an empty name for none
        with outputs.refused("--junit-xml"):
            outputs.check_file(here / Path(given_name(junit)).expanduser())
    if results is not None:
        with outputs.refused("--claims-results"):
            given_name(results)
            if not config.option.claims_no_report and (lacking := _lacking(config)):
                raise outputs.Unwritable(lacking)
            if _reports(config):
                outputs.check_folder(config.stash[RESULTS])


def _reports(config: pytest.Config) -> bool:
    option = config.option
    return not (option.collectonly or option.claims_no_report or _lacking(config))


def _lacking(config: pytest.Config) -> str:
    """What to say if a report cannot be made here; else nothing."""
    if not config.pluginmanager.has_plugin("allure_pytest"):
        missing = "Allure's pytest plugin"
    elif not find_spec("matplotlib"):
        missing = "Matplotlib"
    else:
        return ""
    return (
        f"expected {missing}. Received: none. Install training-claims[report], without "
        "-p no:allure_pytest, or ask for none by --claims-no-report."
    )


def _hold(config: pytest.Config, *, anew: bool) -> None:
    note = folder.hold(config.stash[RESULTS], config.stash[SESSION], anew=anew)
    config.add_cleanup(note.close)


def _refuse(config: pytest.Config) -> NoReturn:
    fault = f"--claims-results: {folder.Held(config.stash[RESULTS])}"
    if _is_worker(config):
        config.workeroutput["unusable"] = fault  # type: ignore[attr-defined]
    raise pytest.UsageError(fault)


def _record_of(ledger: Ledger) -> Record | None:
    """The audit's record, if it speaks of what this session trained and decided."""
    known = record.committed()
    claims = [claim.claim_id for claim in ledger.decided if not claim.contract]
    return known if known and claims and known.speaks_of(ledger.environment, claims) else None


def _describe(config: pytest.Config, ledger: Ledger, known: Record | None) -> None:
    """Write what Allure shows of the session beside its results."""
    _hold(config, anew=False)
    left = ledger.undecided()
    told = {
        **({"not decided": left} if left else {}),
        **ledger.moved(),
        **{f"not written {option}": [why] for option, why in outputs.unwritten(config).items()},
        **ledger.overview(),
        **({"how far to trust it": [known.overview]} if known else {}),
    }
    command = folder.shown(["pytest", *config.invocation_params.args], config.rootpath)
    folder.describe(config.stash[RESULTS], told, command)


def _attachments() -> ModuleType:
    from training_claims.reports.allure import results

    return results


def _name_of_session(config: pytest.Config) -> str:
    """A name that its workers share: xdist's own, where they began before claims were found."""
    told = _shared(config).get("testrunuid") or config.getoption("testrunuid", None)
    return str(told or uuid.uuid4().hex)


def _shared(config: pytest.Config) -> dict[str, Any]:
    """What xdist's controller told this worker; nothing in any other process."""
    shared: dict[str, Any] = getattr(config, "workerinput", {})
    return shared


def _is_worker(config: pytest.Config) -> bool:
    return bool(_shared(config))
