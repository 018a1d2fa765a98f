"""The pytest plugin that saves baselines, and compares arms with them.

What each claim read travels with its report to the reporting process, which joins it at the end:
a worker that dies takes nothing along, and a session that is killed leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

import pytest

from fixtures.claim import claim_id
from fixtures.hooks import Judgement
from fixtures.runs import Runs
from fixtures.status import Status
from reports import baseline_file, drift_item, provenance
from reports.baseline import Baseline, NotComparable, SavedArm
from reports.baseline_file import UnusableBaseline, path_of
from reports.drift import ArmDrift

PARTS = pytest.StashKey["Parts"]()
READ = pytest.StashKey[list[str]]()
BASELINE = pytest.StashKey[Baseline]()
SAVED = pytest.StashKey[str]()
# A session that ended so has trained all that it was asked to.
COMPLETE = (Status.OK, Status.REFUTED, Status.DRIFTED, Status.INCONCLUSIVE)


@dataclass(eq=False)  # pytest keeps plugins in a set
class Parts:
    """Gathers what claims have read, as baselines in JSON, whichever process they ran in."""

    texts: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what was sent along."""
        self.texts += getattr(report, "baseline_parts", [])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options about baselines."""
    group = parser.getgroup("claims", "scientific claims")
    group.addoption(
        "--save-baseline",
        metavar="NAME",
        help="save the session's runs as reports/baselines/NAME.json, or as a FILE.json",
    )
    group.addoption(
        "--baseline",
        metavar="NAME",
        help="test also that each arm trains as that baseline did, a name or a FILE.json",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """See `reports.drift_item`."""
    pluginmanager.add_hookspecs(drift_item)


def pytest_configure(config: pytest.Config) -> None:
    """Read the baseline, and refuse at once one that cannot be used."""
    here = config.invocation_params.dir
    if config.option.baseline:
        try:
            config.stash[BASELINE] = baseline_file.read(path_of(config.option.baseline, here))
        except UnusableBaseline as fault:
            raise pytest.UsageError(f"--baseline: {fault}") from None
    if config.option.save_baseline:
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
    if BASELINE in config.stash and not config.option.bench:
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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save the baseline, unless arms are missing from it."""
    config = session.config
    if PARTS not in config.stash or hasattr(config, "workerinput"):
        return
    parts = [baseline_file.parsed(text) for text in config.stash[PARTS].texts]
    if session.exitstatus not in COMPLETE or not parts:
        config.stash[SAVED] = f"Baseline not saved: the session ended with {session.exitstatus:d}."
        return
    path = path_of(config.option.save_baseline, config.invocation_params.dir)
    trained = provenance.joined(part.provenance for part in parts)
    about = {**trained, **provenance.of_session(config)}
    whole = Baseline.of(path.stem, about, (arm for part in parts for arm in part.arms))
    baseline_file.write(whole, path)
    config.stash[SAVED] = f"Baseline: {os.path.relpath(path)}, {len(whole.arms)} arms"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say whether a baseline was saved."""
    if SAVED in config.stash:
        terminalreporter.write_line(config.stash[SAVED])


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
