"""The pytest plugin that saves baselines, and compares arms with them.

What each claim read travels with its report to the reporting process, which joins it at the end:
a worker that dies takes nothing along, and a session that is killed leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from training_claims.hooks import Judgement
from training_claims.mark import claim_id
from training_claims.reports import provenance
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift import items as drift_item
from training_claims.reports.drift.baseline import Baseline, NotComparable, SavedArm
from training_claims.reports.drift.file import UnusableBaseline, path_of
from training_claims.reports.drift.rule import ArmDrift
from training_claims.reports.ledger import LEDGER, PARTS
from training_claims.reports.records import record_of
from training_claims.runs.history import Runs
from training_claims.session import outputs
from training_claims.session.options import given_name
from training_claims.status import Status, or_fault

READ = pytest.StashKey[list[str]]()
BASELINE = pytest.StashKey[Baseline]()
SAVE = "--claims-save-baseline"
SAVED = pytest.StashKey[str]()
GATHERING = ("claims_bench", "claims_audit")  # options under which no claim is decided
# A session that ended so has trained all that it was asked to.
COMPLETE = (Status.OK, Status.REFUTED, Status.DRIFTED, Status.INCONCLUSIVE)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """See `training_claims.reports.drift.items`."""
    pluginmanager.add_hookspecs(drift_item)


def pytest_configure(config: pytest.Config) -> None:
    """Read the baseline, and refuse at once what cannot be used."""
    option, here = config.option, config.invocation_params.dir
    for name in ("claims_baseline", "claims_save_baseline"):
        if (given := getattr(option, name)) is None:
            continue
        with outputs.refused(f"--{name.replace('_', '-')}"):
            given_name(given)
        if other := next((each for each in GATHERING if getattr(option, each)), None):
            raise pytest.UsageError(
                f"--{name.replace('_', '-')}: expected a session that decides claims. Received: "
                f"one by --{other.replace('_', '-')}. Leave one of them out."
            )
    if option.claims_baseline:
        try:
            config.stash[BASELINE] = baseline_file.read(path_of(option.claims_baseline, here))
        except UnusableBaseline as fault:
            raise pytest.UsageError(f"--claims-baseline: {fault}") from None
    if option.claims_save_baseline:
        with outputs.refused(SAVE):
            outputs.check_file(path_of(option.claims_save_baseline, here))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send along what the item's claim has read."""
    report = yield
    if call.when == "call":
        setattr(report, PARTS, item.stash.get(READ, []))
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add an item for each arm of the baseline that the selected claims read."""
    if BASELINE in config.stash and not config.option.claims_bench:
        items.extend(list(drift_item.drift_items(config.stash[BASELINE], items)))


def pytest_claim_judged(item: pytest.Item, judgement: Judgement) -> None:
    """Keep the claim's runs for the baseline to save, and name arms that one to compare lacks."""
    if not item.config.option.claims_save_baseline and BASELINE not in item.config.stash:
        return
    arms = [
        SavedArm.of(runs, judgement.comparison.primary, [claim_id(item)]) for runs in judgement.runs
    ]
    _keep(item, arms, judgement.runs)
    if BASELINE in item.config.stash:
        for arm in arms:
            _tell_new(item, item.config.stash[BASELINE], arm)


def pytest_arm_compared(item: pytest.Item, drift: ArmDrift, now: SavedArm, runs: Runs) -> None:
    """Tell the reporting process, and keep the runs for the baseline to save."""
    item.user_properties.append(("drift", json.dumps(record_of(drift))))
    _keep(item, [now], [runs])


@pytest.hookimpl(wrapper=True, trylast=True)  # once the session has its status
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """Save the baseline, unless arms are missing from it; a fault if nothing was compared."""
    try:
        return (yield)
    finally:
        config = session.config
        if not (config.option.collectonly or hasattr(config, "workerinput")):
            if config.option.claims_save_baseline:
                with outputs.noted(config, SAVE):
                    config.stash[SAVED] = _save(config, session.exitstatus)
            if BASELINE in config.stash and not config.stash[LEDGER].compared:
                session.exitstatus = or_fault(int(session.exitstatus))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say whether a baseline was saved, and what was compared with one."""
    if SAVED in config.stash:
        terminalreporter.write_line(config.stash[SAVED])
    if BASELINE in config.stash and not config.option.collectonly:
        _tell_compared(terminalreporter, config.stash[BASELINE])


def _tell_compared(reporter: pytest.TerminalReporter, baseline: Baseline) -> None:
    """Say how many arms were compared, and where the baseline was trained otherwise."""
    ledger = reporter.config.stash[LEDGER]
    if not ledger.compared:
        reporter.write_line(
            f"Nothing compared: expected a selected claim that reads an arm of baseline "
            f"{baseline.name!r}, described as there. Received: none. Select others, or save a "
            "new baseline.",
            red=True,
        )
        return
    told = f"Baseline {baseline.name!r}"
    reporter.write_line(f"{told}: {ledger.compared} of {len(baseline.arms)} arms compared.")
    trained = {name: provenance.BOTH.join(each) for name, each in ledger.environment.items()}
    before, now = baseline.provenance, {**trained, **provenance.of_data(reporter.config)}
    differences = [
        f"{name} {before[name]} then, {now[name]} now"
        for name in ("tensorflow", "keras", "device", "mnist", "imdb")
        if before.get(name) and now.get(name) and before[name] != now[name]
    ]
    if differences:
        reporter.write_line(f"{told} was trained otherwise: {'; '.join(differences)}.")


def _save(config: pytest.Config, status: int) -> str:
    """Join what the session's processes left; what to say of it.

    Raises:
        OSError: If the baseline cannot be written, or there is nothing to write.
    """
    if status not in COMPLETE:
        return f"Baseline not saved: the session ended with {status:d}."
    parts = [baseline_file.parsed(text) for text in config.stash[LEDGER].parts]
    if not parts:
        raise OSError("no claim was selected whose runs could be saved")
    path = path_of(config.option.claims_save_baseline, config.invocation_params.dir)
    trained = provenance.joined(part.provenance for part in parts)
    about = {**trained, **provenance.of_session(config)}
    whole = Baseline.of(path.stem, about, (arm for part in parts for arm in part.arms))
    baseline_file.write(whole, path)
    return f"Baseline: {os.path.relpath(path)}, {len(whole.arms)} arms"


def _keep(item: pytest.Item, arms: Iterable[SavedArm], runs: Iterable[Runs]) -> None:
    if item.config.option.claims_save_baseline:
        about = provenance.joined(each.environment for each in runs)
        part = baseline_file.text(Baseline("part", about, tuple(arms)))
        item.stash.setdefault(READ, []).append(part)


def _tell_new(item: pytest.Item, baseline: Baseline, arm: SavedArm) -> None:
    try:
        baseline.arm(arm)
    except NotComparable as reason:
        item.user_properties.append(("notice", f"Not comparable: {reason}"))
