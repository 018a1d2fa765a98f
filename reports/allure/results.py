"""A claim in Allure. Nothing else in the project imports Allure.

allure-pytest reports every test, and a result only when its test is over. Here only claims are
reported, and each leaves a broken result while it runs, which the real one replaces: if the
process dies, that is what stays, under the claim's own identity. Where the user has Allure report
too, to `--alluredir`, its listener serves both folders.
"""

# Allure's functions have no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import allure
import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Label, Parameter, Status, StatusDetails, TestResult
from allure_commons.types import AttachmentType, ParameterMode
from allure_commons.utils import md5, now, represent
from allure_pytest import utils as identity
from allure_pytest.listener import AllureListener
from attr import asdict, evolve

from training_claims.hooks import Judgement
from training_claims.mark import claim_id, is_claim, statement_of, subject_of
from training_claims.reports.allure.histories import csv_text
from training_claims.reports.audit import record
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.reports.drift.rule import ArmDrift
from training_claims.reports.ledger import CHANGED
from training_claims.reports.page import drift_page, page
from training_claims.reports.page.figures import draw, draw_drift
from training_claims.reports.provenance import data_of, tensorflow_version
from training_claims.reports.records import record_of
from training_claims.session import outputs
from training_claims.session.outputs import REPORT, noted

EPIC = "Training claims"
UNTOLD = ("host", "thread")  # labels: who reads a report need not learn the name of a machine
LISTENER = "allure_listener"  # as Allure's own plugin calls it
VERSION = "tf"  # the label and the parameter that tell TensorFlow versions apart


def start(config: pytest.Config, results: Path, claims: Sequence[pytest.Item]) -> None:
    """Report claims, and only these, into a folder.

    Raises:
        OSError: If the folder cannot be written to.
    """
    for item in claims:
        _label(item)
    if not config.pluginmanager.has_plugin(LISTENER):
        listener = AllureListener(config)
        config.pluginmanager.register(listener, LISTENER)
        _register(config, listener)
    _register(config, logger := _ClaimsOnly(config, results))
    pages = AllurePages(config, results, logger)
    config.pluginmanager.register(pages, "training_claims.reports.allure_pages")


def _register(config: pytest.Config, plugin: object) -> None:
    """Have Allure call a plugin until the session ends."""
    allure_commons.plugin_manager.register(plugin)
    config.add_cleanup(partial(allure_commons.plugin_manager.unregister, plugin))


class _ClaimsOnly(AllureFileLogger):
    """Writes the results of claims. Fixtures are left out: their failures are in the results.

    What cannot be written is no failure of the claim that it is about.

    Args:
        config: pytest's.
        results: The folder of results.
    """

    def __init__(self, config: pytest.Config, results: Path) -> None:
        super().__init__(results)
        self._config = config
        self.within_claim = False

    @allure_commons.hookimpl
    def report_result(self, result: TestResult) -> None:
        labels = {label.name: label.value for label in result.labels}
        if VERSION not in labels:
            return
        kept = [label for label in result.labels if label.name not in UNTOLD]
        told = evolve(  # a copy: the user's own folder gets the result as it is
            result,
            titlePath=[labels["feature"]],  # the tree: a subject, and its claims
            labels=[*kept, Label("thread", _worker())],
            statusDetails=_without_places(result.statusDetails, self._config),
        )
        with noted(self._config, REPORT):  # in ASCII: an error's text may hold anything
            outputs.write(self._report_dir / f"{told.uuid}-result.json", _as_json(told))

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        with noted(self._config, REPORT):
            if self.within_claim:
                super().report_attached_data(body, file_name)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        with noted(self._config, REPORT):
            if self.within_claim:
                super().report_attached_file(source, file_name)

    @allure_commons.hookimpl
    def report_container(self, container: object) -> None:
        """Write nothing."""


class AllurePages:
    """Hooks that fill the page of each claim.

    Args:
        config: pytest's.
        results: The folder of results.
        logger: What writes there.
    """

    def __init__(self, config: pytest.Config, results: Path, logger: _ClaimsOnly) -> None:
        self._config, self._results, self._logger = config, results, logger

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Keep a broken result in place of the claim's own until that is written."""
        if not is_claim(item):
            return (yield)
        _name(item)
        allure.dynamic.parameter(VERSION, _version(item.config), mode=ParameterMode.HIDDEN)
        standin = _unfinished(item)
        file = self._results / f"{standin.uuid}-result.json"
        with noted(self._config, REPORT):
            outputs.write(file, _as_json(standin))
        self._logger.within_claim = True
        finished = yield
        self._logger.within_claim = False
        with noted(self._config, REPORT):
            file.unlink(missing_ok=True)
        return finished

    def pytest_claim_judged(self, item: pytest.Item, judgement: Judgement) -> None:
        """Write the page, and attach what it was made from."""
        figures = draw(judgement)
        changed = item.stash.get(CHANGED, "")
        allure.dynamic.title(judgement.statement + f": {changed}" * bool(changed))
        allure.dynamic.description_html(page.page(judgement, figures, _prospects(item, judgement)))
        verdict = json.dumps(judgement.verdict.as_json(), indent=1)
        allure.attach(csv_text(judgement), "Learning curves, every seed (CSV)", AttachmentType.CSV)
        allure.attach(verdict, "Verdict (JSON)", AttachmentType.JSON)
        with noted(self._config, REPORT):
            _measure(self._results, item, judgement)

    def pytest_arm_compared(
        self, drift: ArmDrift, saved: SavedArm, now: SavedArm, baseline: Baseline
    ) -> None:
        """Write the page of an arm against its baseline, and attach its numbers."""
        allure.dynamic.title(f"{drift.arm} ({drift.data}): {drift.headline}")
        picture = draw_drift(saved, now, drift)
        allure.dynamic.description_html(drift_page.arm_page(drift, picture, baseline))
        numbers = json.dumps(record_of(drift), indent=1)
        allure.attach(numbers, "Drift (JSON)", AttachmentType.JSON)


def _name(item: pytest.Item) -> None:
    """Name a claim where Allure finds it: on its function, which parametrized claims share."""
    function: Any = getattr(item, "function", None)
    if function:
        statement, _ = statement_of(item)
        # Allure formats what it finds.
        function.__allure_display_name__ = statement.replace("{", "{{").replace("}", "}}")


def _label(item: pytest.Item) -> None:
    """Label a claim where Allure finds it however far the test comes."""
    labels = {
        "ALLURE_ID": claim_id(item),
        "epic": EPIC,
        "feature": subject_of(item),
        "story": statement_of(item)[1],
        "severity": "normal",
        VERSION: _version(item.config),
    }
    for name, value in labels.items():
        item.add_marker(pytest.mark.allure_label(value, label_type=name))


def _version(config: pytest.Config) -> str:
    """What tells the session's results from those under another version."""
    return str(config.option.claims_report_as or tensorflow_version())


def _unfinished(item: pytest.Item) -> TestResult:
    """The result of a claim whose process died."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    name = identity.allure_full_name(item)
    parameters = [Parameter(name=key, value=represent(value)) for key, value in params.items()]
    parameters.append(
        Parameter(VERSION, represent(_version(item.config)), mode=ParameterMode.HIDDEN.value)
    )
    labels = [Label(*pair) for pair in identity.allure_labels(item)]
    message = (
        f"The process that ran this claim ({_worker()}) died or was stopped before the verdict. "
        "Memory may have run out: try fewer workers, such as pytest -n 1."
    )
    return TestResult(
        uuid=str(uuid4()),
        name=statement_of(item)[0],
        fullName=name,
        testCaseId=md5(name),
        historyId=identity.get_history_id(name, parameters, original_values=params),
        titlePath=[subject_of(item)],
        parameters=parameters,
        labels=labels,
        status=Status.BROKEN,
        statusDetails=StatusDetails(message=message),
        start=now(),
        stop=now(),
    )


def _worker() -> str:
    """What ran a claim, as xdist calls it: Allure's own label has the process's number."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _without_places(details: StatusDetails | None, config: pytest.Config) -> StatusDetails | None:
    """Say where a test went wrong as seen from the project, not from this machine's root."""
    if details is None:
        return None
    texts = {name: getattr(details, name) or "" for name in ("message", "trace")}
    return evolve(
        details, **{name: text.replace(f"{config.rootpath}/", "") for name, text in texts.items()}
    )


def _prospects(item: pytest.Item, judgement: Judgement) -> str | None:
    """What the audit found of a claim's power, if it is this claim, trained as here."""
    known, name, verdict = record.committed(), claim_id(item), judgement.verdict
    trained: dict[str, list[str]] = {}
    for run in judgement.runs:
        for key, value in (("data", data_of(run.arm)), *run.environment.items()):
            trained.setdefault(key, []).append(value)
    if known and known.speaks_of(trained, [name]):
        return known.prospects(name, verdict.wording, verdict.unit)
    return None


def _as_json(result: TestResult) -> str:
    return json.dumps(asdict(result, filter=lambda _, value: value or value is False))


def _measure(results: Path, item: pytest.Item, judgement: Judgement) -> None:
    """Write the effect for Allure's page of metrics, which shows it over time."""
    median = judgement.verdict.median
    if not isfinite(median):
        return
    stop, name, version = now(), claim_id(item), _version(item.config)
    effect = {
        "id": name,
        "key": f"{name} {version}",  # what Allure follows over time
        "title": f"{judgement.statement} (TensorFlow {version})",
        "group": judgement.subject,
        "unit": judgement.verdict.unit,
        "value": median,
        "start": stop - int(judgement.seconds * 1000),
        "stop": stop,
    }
    (results / f"{uuid4()}-perf.json").write_text(json.dumps([effect]), encoding="utf-8")
