"""`training-claims audit BASELINE ... [options of pytest]`, or `pytest --claims-audit BASELINE`.

Claims are gathered instead of decided, and the rule is tried on the baseline's seeds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from training_claims.evidence.design import GroupSequential
from training_claims.evidence.statistic import Comparison
from training_claims.mark import claim_id, statement_of
from training_claims.reports import places, provenance
from training_claims.reports.audit.banked import Banked
from training_claims.reports.audit.findings import find
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, NotComparable
from training_claims.reports.drift.file import UnusableBaseline, path_of
from training_claims.reports.gather import Gathering
from training_claims.reports.records import record_of
from training_claims.runs.source import RunSource
from training_claims.session import outputs
from training_claims.session.options import given_count, given_name
from training_claims.session.settings import parsed

SUITES = 10_000


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Gather the claims and try their operating characteristics; pytest's exit status."""
    parser = Parser(prog="training-claims audit", epilog="Other options go to pytest.")
    known = "a baseline of seeds that the suite does not use: a name, or a FILE.json"
    parser.add_argument("baselines", nargs="+", type=given_name, help=known)
    given, rest = parser.parse_known_args(arguments)
    told = [f"--claims-audit={name}" for name in given.baselines]
    return int(pytest.main(["-n", "0", *told, "--claims-no-report", *rest]))


def pytest_configure(config: pytest.Config) -> None:
    """Read the baseline, and refuse at once one that cannot be used."""
    suites = parsed("--claims-audit-suites", config.option.claims_audit_suites, given_count, SUITES)
    with outputs.refused("--claims-audit"):
        outputs.check_file(places.home() / "audit.json")
    Audit(config, _read_baseline(config), suites).register()


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


@dataclass(eq=False)
class Audit(Gathering):
    """A session that tries the suite's operating characteristics on a baseline's runs.

    Args:
        config: pytest's.
        baseline: The seeds that suites are drawn from.
        suites: How many.
        claims: Those that the baseline has runs of; gathered.
        uncovered: Why the baseline has none of another claim, by its statement; gathered.
        source: Where injected runs lie.
    """

    option = "--claims-audit"
    baseline: Baseline
    suites: int
    claims: list[Banked] = field(default_factory=list)
    uncovered: dict[str, str] = field(default_factory=dict)
    source: RunSource | None = None

    def take(self, item: pytest.Item, comparison: Comparison) -> None:
        """Take note of a claim, and of what the baseline has of it; contracts are in none."""
        if item.get_closest_marker("contract"):
            return
        self.source = self.source or item._request.getfixturevalue("claims_source")  # type: ignore[attr-defined]
        statement, _ = statement_of(item)
        try:
            runs = {arm: self.baseline.runs(arm) for arm in comparison.arms}
            self.claims.append(Banked.of(claim_id(item), statement, comparison, runs))
        except NotComparable as reason:
            self.uncovered[statement] = str(reason)

    def act(self) -> int:
        """Try the characteristics, and write what was found; how many do not hold."""
        if not self.claims:
            return 0
        assert self.source is not None  # some claim has asked
        started = time.monotonic()
        found = find(self.baseline, self.claims, self.uncovered, self.source, self.suites)
        seconds = time.monotonic() - started
        self.lines += (lines := found.lines())
        record = {"suites": self.suites, "seconds": round(seconds, 1), **record_of(found)}
        with outputs.noted(self.config, "--claims-audit"):
            outputs.write(places.home() / "audit.json", json.dumps(record, indent=1) + "\n")
            outputs.write(places.home() / "audit.md", "\n".join(lines))
        self.lines += self.source.notices  # such as injected runs that are damaged
        self.lines.append(f"{seconds:.0f} s on one core; also in .claims/audit.md and .json")
        return sum(characteristic.kept is False for characteristic in found.characteristics)
