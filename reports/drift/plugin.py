"""The pytest plugin that saves baselines, and compares arms with them.

What each claim read travels with its report to the reporting process, which joins it at the end:
a worker that dies takes nothing along, and a session that is killed leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
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
from training_claims.reports.ledger import Ledger
from training_claims.runs.history import Runs
from training_claims.session import outputs
from training_claims.session.options import given_name
from training_claims.status import Status, or_fault

PARTS = pytest.StashKey["Parts"]()
READ = pytest.StashKey[list[str]]()
BASELINE = pytest.StashKey[Baseline]()
SAVE = "--claims-save-baseline"
SAVED = pytest.StashKey[str]()
GATHERING = ("claims_bench", "claims_audit")  # options under which no claim is decided
# A session that ended so has trained all that it was asked to.
COMPLETE = (Status.OK, Status.REFUTED, Status.DRIFTED, Status.INCONCLUSIVE)


@dataclass(eq=False)  # pytest keeps plugins in a set
class Parts:
    """Gathers what claims have read, as baselines in JSON, whichever process they ran in."""

    texts: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what was sent along."""
        self.texts += getattr(report, "baseline_parts", [])


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
        if not (option.collectonly or hasattr(config, "workerinput")):
            config.pluginmanager.register(Compared(config), "training_claims.reports.compared")
    if option.claims_save_baseline:
        with outputs.refused(SAVE):
            outputs.check_file(path_of(option.claims_save_baseline, here))
        config.stash[PARTS] = Parts()
        config.pluginmanager.register(config.stash[PARTS], "baseline parts")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send along what the item's claim has read."""
    report = yield
    if call.when == "call":
        report.baseline_parts = item.stash.get(READ, [])  # type: ignore[attr-defined]
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add an item for each arm of the baseline that the selected claims read."""
    if BASELINE in config.stash and not config.option.claims_bench:
        items.extend(list(drift_item.drift_items(config.stash[BASELINE], items)))


def pytest_claim_judged(item: pytest.Item, judgement: Judgement) -> None:
    """Keep the claim's runs for the baseline to save, and name arms that one to compare lacks."""
    if PARTS not in item.config.stash and BASELINE not in item.config.stash:
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
    item.user_properties.append(("drift", json.dumps(drift.as_json())))
    _keep(item, [now], [runs])


@pytest.hookimpl(wrapper=True, trylast=True)  # once the session has its status
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """Save the baseline, unless arms are missing from it."""
    try:
        return (yield)
    finally:
        config = session.config
        idle = config.option.collectonly or hasattr(config, "workerinput")
        if PARTS in config.stash and not idle:
            with outputs.noted(config, SAVE):
                config.stash[SAVED] = _save(config, session.exitstatus)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say whether a baseline was saved."""
    if SAVED in config.stash:
        terminalreporter.write_line(config.stash[SAVED])


@dataclass(eq=False)  # pytest keeps plugins in a set
class Compared:
    """Counts the arms that were compared with the baseline, whichever process did.

    Args:
        config: pytest's.
        arms: How many.
    """

    config: pytest.Config
    arms: int = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of an arm that could be compared."""
        self.arms += report.when == "call" and drift_item.COMPARABLE in dict(report.user_properties)

    @pytest.hookimpl(wrapper=True)  # after the session's own are saved
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Make a fault of a session that compared nothing."""
        try:
            return (yield)
        finally:
            if not self.arms:
                session.exitstatus = or_fault(int(session.exitstatus))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many arms were compared, and where the baseline was trained otherwise."""
        baseline = self.config.stash[BASELINE]
        if not self.arms:
            terminalreporter.write_line(
                f"Nothing compared: expected a selected claim that reads an arm of baseline "
                f"{baseline.name!r}, described as there. Received: none. Select others, or save a "
                "new baseline.",
                red=True,
            )
            return
        terminalreporter.write_line(
            f"Baseline {baseline.name!r}: {self.arms} of {len(baseline.arms)} arms compared."
        )
        if differences := self._differences(baseline.provenance):
            terminalreporter.write_line(
                f"Baseline {baseline.name!r} was trained otherwise: {'; '.join(differences)}."
            )

    def _differences(self, before: Mapping[str, str]) -> list[str]:
        ledger = self.config.pluginmanager.get_plugin("training_claims.reports.ledger")
        assert isinstance(ledger, Ledger)
        trained = {name: provenance.BOTH.join(told) for name, told in ledger.environment.items()}
        now = {**trained, **provenance.of_data(self.config)}
        return [
            f"{name} {before[name]} then, {now[name]} now"
            for name in ("tensorflow", "keras", "device", "mnist", "imdb")
            if before.get(name) and now.get(name) and before[name] != now[name]
        ]


def _save(config: pytest.Config, status: int) -> str:
    """Join what the session's processes left; what to say of it.

    Raises:
        OSError: If the baseline cannot be written, or there is nothing to write.
    """
    if status not in COMPLETE:
        return f"Baseline not saved: the session ended with {status:d}."
    parts = [baseline_file.parsed(text) for text in config.stash[PARTS].texts]
    if not parts:
        raise OSError("no claim was selected whose runs could be saved")
    path = path_of(config.option.claims_save_baseline, config.invocation_params.dir)
    trained = provenance.joined(part.provenance for part in parts)
    about = {**trained, **provenance.of_session(config)}
    whole = Baseline.of(path.stem, about, (arm for part in parts for arm in part.arms))
    baseline_file.write(whole, path)
    return f"Baseline: {os.path.relpath(path)}, {len(whole.arms)} arms"


def _keep(item: pytest.Item, arms: Iterable[SavedArm], runs: Iterable[Runs]) -> None:
    if PARTS in item.config.stash:
        about = provenance.joined(each.environment for each in runs)
        part = baseline_file.text(Baseline("part", about, tuple(arms)))
        item.stash.setdefault(READ, []).append(part)


def _tell_new(item: pytest.Item, baseline: Baseline, arm: SavedArm) -> None:
    try:
        baseline.arm(arm)
    except NotComparable as reason:
        item.user_properties.append(("notice", f"Not comparable: {reason}"))
