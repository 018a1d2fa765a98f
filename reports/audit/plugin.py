"""`--claims-audit BASELINE`: claims are gathered, and the rule is tried on a baseline's seeds."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.statistic import Comparison
from training_claims.mark import claim_id, statement_of
from training_claims.reports import places, provenance
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.findings import find
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, NotComparable
from training_claims.reports.drift.file import UnusableBaseline, path_of
from training_claims.runs.source import RunSource
from training_claims.session import outputs
from training_claims.session.options import given_count, given_name
from training_claims.session.settings import parsed

SUITES = 10_000


def pytest_configure(config: pytest.Config) -> None:
    """Read the baseline, and refuse at once one that cannot be used."""
    if config.option.claims_audit is None:
        return
    suites = _suites(config)
    with outputs.refused("--claims-audit"):
        outputs.check_file(places.home() / "audit.json")
    audit = Audit(config, _read_baseline(config), suites)
    config.pluginmanager.register(audit, "training_claims.audit")


def _suites(config: pytest.Config) -> int:
    """How many suites to draw."""
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(
            "--claims-audit: expected -n 0, since all claims are gathered in one process. "
            f"Received: -n {config.option.numprocesses}"
        )
    given = config.option.claims_audit_suites
    return parsed("--claims-audit-suites", given, given_count, SUITES)


def _read_baseline(config: pytest.Config) -> Baseline:
    here = config.invocation_params.dir
    try:
        with outputs.refused("--claims-audit"):
            names = [given_name(name) for name in config.option.claims_audit]
        baseline = _joined([baseline_file.read(path_of(name, here)) for name in names])
    except UnusableBaseline as fault:
        raise pytest.UsageError(f"--claims-audit: {fault}") from None
    least = 2 * GroupSequential().looks[0]
    for arm in baseline.arms:
        if len(arm.seeds) < least:
            raise pytest.UsageError(
                f"--claims-audit: expected a baseline of at least {least} seeds an arm, to compare "
                f"halves. Received: {len(arm.seeds)} of {arm.name!r}. Train more, such as 100."
            )
    return baseline


def _joined(baselines: Sequence[Baseline]) -> Baseline:
    """The arms of several baselines; an arm in two of them is the first's."""
    arms = {arm.fingerprint: arm for baseline in reversed(baselines) for arm in baseline.arms}
    name = " and ".join(baseline.name for baseline in baselines)
    about = provenance.joined(baseline.provenance for baseline in baselines)
    return Baseline(name, about, tuple(arms.values()))


@dataclass(eq=False)  # pytest keeps plugins in a set
class Audit:
    """A session that gathers claims, tries the suite's characteristics, and prints what it found.

    Args:
        config: pytest's.
        baseline: The seeds that suites are drawn from.
        suites: How many.
        claims: Those that the baseline has runs of; gathered.
        uncovered: Why the baseline has none of another claim, by its statement; gathered.
        lines: What to print.
        source: Where injected runs lie.
    """

    config: pytest.Config
    baseline: Baseline
    suites: int
    claims: list[Banked] = field(default_factory=list)
    uncovered: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    source: RunSource | None = None

    def pytest_claim_asked(self, item: pytest.Item, comparison: Comparison) -> None:
        """Take note of a claim, and skip it."""
        self.source = self.source or item._request.getfixturevalue("claims_source")  # type: ignore[attr-defined]
        statement, _ = statement_of(item)
        try:
            runs = {arm: self.baseline.runs(arm) for arm in comparison.arms}
            self.claims.append(Banked.of(claim_id(item), statement, comparison, runs))
        except NotComparable as reason:
            self.uncovered[statement] = str(reason)
        pytest.skip("gathered by --claims-audit")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Try the characteristics, once every claim has asked and none went wrong.

        A characteristic that does not hold fails the session.
        """
        outcome = yield
        if self.claims and not session.testsfailed:
            session.testsfailed = self._try()
        return outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables."""
        terminalreporter.section("audit")
        for line in self.lines:
            terminalreporter.write_line(line)

    def _try(self) -> int:
        """How many characteristics do not hold."""
        assert self.source is not None  # some claim has asked
        started = time.monotonic()
        found = find(self.baseline, self.claims, self.uncovered, self.source, self.suites)
        seconds = time.monotonic() - started
        self.lines = found.lines()
        record = {"suites": self.suites, "seconds": round(seconds, 1), **found.as_json()}
        with outputs.noted(self.config, "--claims-audit"):
            outputs.write(places.home() / "audit.json", json.dumps(record, indent=1) + "\n")
            outputs.write(places.home() / "audit.md", "\n".join(self.lines))
        self.lines += self.source.notices  # such as injected runs that are damaged
        self.lines.append(f"{seconds:.0f} s on one core; also in .claims/audit.md and .json")
        return sum(characteristic.kept is False for characteristic in found.characteristics)
