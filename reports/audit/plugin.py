"""`--audit BANK`: claims are gathered instead of decided, and their characteristics tried on a bank."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest
from training_claims.claim import statement_of
from training_claims.evidence.comparison import Comparison
from training_claims.evidence.design import GroupSequential
from training_claims.reports import provenance
from training_claims.reports.allure import folder
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.findings import find
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, NotComparable
from training_claims.reports.drift.file import UnusableBaseline, path_of
from training_claims.runs.source import RunSource
from training_claims.session import outputs
from training_claims.session.options import given_name

SUITES = 10_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("claims", "scientific claims")
    group.addoption(
        "--audit",
        type=given_name,
        action="append",
        metavar="BANK",
        help="decide nothing: try the suite's characteristics on a baseline of seeds that it does not "
        "use, a name or a FILE.json; may be given again for other arms; needs -n 0",
    )
    group.addoption(
        "--audit-suites",
        type=int,
        default=SUITES,
        metavar="N",
        help=f"how many suites to draw (default: {SUITES})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the bank, and refuse at once one that cannot be used."""
    if not config.option.audit:
        return
    _check(config)
    with outputs.refused("--audit"):
        outputs.check_file(folder.OUT / "audit.json")
    audit = Audit(config, _read_bank(config), config.option.audit_suites)
    config.pluginmanager.register(audit, "audit")


def _check(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(
            "--audit: expected -n 0, since all claims are gathered in one process. "
            f"Received: -n {config.option.numprocesses}"
        )
    if config.option.audit_suites < 1:
        raise pytest.UsageError(
            "--audit-suites: expected a whole number of at least 1. "
            f"Received: {config.option.audit_suites}"
        )


def _read_bank(config: pytest.Config) -> Baseline:
    here = config.invocation_params.dir
    try:
        bank = _joined([baseline_file.read(path_of(name, here)) for name in config.option.audit])
    except UnusableBaseline as fault:
        raise pytest.UsageError(f"--audit: {fault}") from None
    least = 2 * GroupSequential().looks[0]
    for arm in bank.arms:
        if len(arm.seeds) < least:
            raise pytest.UsageError(
                f"--audit: expected a bank of at least {least} seeds an arm, to compare halves. "
                f"Received: {len(arm.seeds)} of {arm.name!r}. Train more, such as 100."
            )
    return bank


def _joined(banks: Sequence[Baseline]) -> Baseline:
    """The arms of several banks; an arm in two of them is the first's."""
    arms = {arm.fingerprint: arm for bank in reversed(banks) for arm in bank.arms}
    name = " and ".join(bank.name for bank in banks)
    about = provenance.joined(bank.provenance for bank in banks)
    return Baseline(name, about, tuple(arms.values()))


@dataclass(eq=False)  # pytest keeps plugins in a set
class Audit:
    """A session that gathers claims, tries their characteristics, and prints what it found.

    Args:
        config: pytest's.
        bank: The seeds that suites are drawn from.
        suites: How many.
        claims: Those that the bank has runs of; gathered.
        uncovered: Why the bank has none of another claim, by its statement; gathered.
        lines: What to print.
        source: Where injected runs lie.
    """

    config: pytest.Config
    bank: Baseline
    suites: int
    claims: list[Banked] = field(default_factory=list)
    uncovered: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    source: RunSource | None = None

    def pytest_claim_asked(
        self, item: pytest.Item, comparison: Comparison, source: RunSource
    ) -> None:
        """Take note of a claim, and skip it."""
        self.source, (statement, _) = source, statement_of(item)
        try:
            runs = {arm: self.bank.runs(arm) for arm in comparison.arms}
            self.claims.append(Banked.of(statement, comparison, runs))
        except NotComparable as reason:
            self.uncovered[statement] = str(reason)
        pytest.skip("gathered by --audit")

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
        found = find(self.bank, self.claims, self.uncovered, self.source, self.suites)
        seconds = time.monotonic() - started
        self.lines = found.lines()
        record = {"suites": self.suites, "seconds": round(seconds, 1), **found.as_json()}
        with outputs.noted(self.config, "--audit"):
            outputs.write(folder.OUT / "audit.json", json.dumps(record, indent=1) + "\n")
            outputs.write(folder.OUT / "audit.md", "\n".join(self.lines))
        self.lines += self.source.notices  # such as injected runs that are damaged
        self.lines.append(f"{seconds:.0f} s on one core; also in reports/out/audit.md and .json")
        return sum(characteristic.kept is False for characteristic in found.characteristics)
