"""The pytest plugin that reports claims: options, and what loads the rest once there are claims.

It imports pytest alone, as `training_claims.plugin` does, whose session it follows.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from training_claims.plugin import GROUP

if TYPE_CHECKING:
    from training_claims.hooks import Judgement


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.addini("claims_baselines", "folder of baselines that are named", default="baselines")
    group = parser.getgroup(*GROUP)
    _add_report(group)
    _add_baselines(group)
    _add_audit(group)


def pytest_claims_opened(config: pytest.Config) -> None:
    """Load what reports a session of claims."""
    option = config.option
    rooms = {
        "session": not option.claims_plan,
        "drift.plugin": not option.claims_plan,
        "upgrade.before": option.claims_before is not None and not option.claims_plan,
        "audit.plugin": option.claims_audit is not None,
        "history.plugin": option.claims_history is not None,
        "bench.plugin": (option.claims_bench, option.claims_bench_workers) != (None, None),
    }
    for name in (name for name, asked in rooms.items() if asked):
        plugin = import_module(f"training_claims.reports.{name}")
        config.pluginmanager.register(plugin, plugin.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Under `--looponfail`, write no report: a written file would be the change it waits for."""
    if config.getoption("looponfail", False):
        config.option.claims_no_report = True


def pytest_claim_judged(item: pytest.Item, judgement: Judgement) -> None:
    """Tell the reporting process of the claim's data and of what trained its runs."""
    from training_claims.reports.provenance import data_of

    told = [("data", data_of(runs.arm)) for runs in judgement.runs]
    told += [pair for runs in judgement.runs for pair in runs.environment.items()]
    item.user_properties.append(("environment", json.dumps(list(dict.fromkeys(told)))))


def _add_report(group: pytest.OptionGroup) -> None:
    group.addoption("--claims-no-report", action="store_true", help="write no report")
    group.addoption(
        "--claims-results",
        metavar="DIR",
        help="where results for the report go (default: .claims/allure-results, emptied first)",
    )
    group.addoption(
        "--claims-clean-results", action="store_true", help="empty --claims-results first"
    )
    group.addoption(
        "--claims-report-as",
        metavar="VERSION",
        help="what the report calls this session's environment (default: TensorFlow's version)",
    )
    group.addoption(
        "--claims-summary",
        metavar="FILE",
        help="write the table of claims as Markdown, or as a record if FILE ends in .json",
    )


def _add_baselines(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--claims-save-baseline",
        metavar="NAME",
        help="save the session's runs as NAME.json among the baselines, or as a FILE.json",
    )
    group.addoption(
        "--claims-baseline",
        metavar="NAME",
        help="test also that each arm trains as that baseline did, a name or a FILE.json",
    )
    group.addoption(
        "--claims-history",
        metavar="FILE",
        help="add what claims and arms give to a history's record, for `training-claims history`",
    )

    group.addoption(
        "--claims-before",
        metavar="FILE",
        help="the record of another version's session (its --claims-summary, a FILE.json): "
        "verdicts that differ are told, and what was as wrong there is not red",
    )


def _add_audit(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--claims-audit",
        action="append",
        metavar="BASELINE",
        help="decide nothing: try the suite's operating characteristics on a baseline of seeds "
        "that it does not use; may be given again for other arms; needs -n 0",
    )
    group.addoption(
        "--claims-audit-suites",
        metavar="N",
        help="how many suites to draw (default: 10000)",
    )
    group.addoption(
        "--claims-bench",
        metavar="FILE",
        help="decide nothing: measure how fast the claims' arms train; needs -n 0",
    )
    group.addoption(
        "--claims-bench-workers",
        metavar="N",
        help="processes that train compiled at once (default: one a core; one with a GPU)",
    )
