"""The first version that changed a claim's verdict or effect, or moved an arm.

`training-claims bisect CLAIM FROM TO [--arm NAME] [--args=...]`

CLAIM is what pytest selects one claim by. FROM and TO pin the same packages: all versions between
are looked at as bisection asks for them, each in an environment of its own, which is kept, as is
what was trained: run again, it goes on where it was. See `bisection` for the rule.

Exit status: 0, each change is named, or there is none; 6, a range stays open; 8, FROM or TO cannot
be installed or decided; 4, wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from training_claims.reports.command_line import Parser, command
from training_claims.reports.history import versions
from training_claims.reports.history.bisection import Bisection, Change, NoEnd
from training_claims.reports.history.change import Sample
from training_claims.reports.history.record import Record, Series
from training_claims.reports.history.session import commit_of, decide, environment_of
from training_claims.reports.table import signed
from training_claims.reports.upgrade.environments import UnusableVersion
from training_claims.session.options import given_name, given_words
from training_claims.status import Status


class NotOne(ValueError):
    """A selection that names no series, or several; its text says which there are."""


@dataclass
class Trials:
    """Tries versions as they are asked for.

    Args:
        path: All versions, the oldest first, each as requirements.
        arguments: What pytest is given.
        arm: The arm to follow, its statistic first in the order of names; the claim if empty.
    """

    path: Sequence[str]
    arguments: tuple[str, ...]
    arm: str = ""
    series: Series | None = field(default=None, init=False)
    samples: dict[int, Sample] = field(default_factory=dict, init=False)
    unusable: dict[int, str] = field(default_factory=dict, init=False)

    def look(self, place: int, seeds: int) -> Sample | None:
        """At least so many seeds of a version; None if it cannot be tried."""
        if place in self.unusable:
            return None
        if len(self.samples.get(place, Sample(()))) < seeds:
            try:
                self.samples[place] = self._tried(place, seeds)
            except UnusableVersion as fault:
                self.unusable[place] = str(fault)
                print(f"{self.path[place]}: skipped. {fault}", file=sys.stderr, flush=True)
                return None
            print(f"{self.path[place]}: {told(self.samples[place])}", flush=True)
        return self.samples[place]

    def _tried(self, place: int, seeds: int) -> Sample:
        record = decide(environment_of(self.path[place]), self.arguments, seeds)
        if self.series is None:
            self.series = one_series(record, self.arm)
        found = [values for (series, _), values in record.items() if series == self.series]
        if not found or len(found[0]) < seeds:
            raise UnusableVersion(f"Expected {seeds} seeds of {self.series.name}. Received: fewer.")
        return self.series.sample(found[0])


def one_series(record: Record, arm: str) -> Series:
    """The claim of a record, or an arm's statistic.

    Raises:
        NotOne: If there is not just one claim, or no such arm.
    """
    claims = [series for series, _ in record if series.kind == "claim"]
    arms = [series for series, _ in record if series.kind == "arm"]
    if arm:
        named = sorted(series for series in arms if series.name.startswith(f"{arm} on "))
        if not named:
            names = ", ".join(sorted({series.name.rpartition(" on ")[0] for series in arms}))
            raise NotOne(f"Expected an arm of the claim. Received: {arm!r}. Name one of: {names}.")
        return named[0]
    if len(claims) != 1:
        names = ", ".join(sorted(series.name for series in claims))
        raise NotOne(
            f"Expected one claim. Received: {len(claims)}, {names}. Name one as pytest does: "
            "FILE.py::test_name."
        )
    return claims[0]


def told(sample: Sample) -> str:
    """A sample in words: "median +0.0123 nats, 12 of 12 seeds support"."""
    unit = f" {sample.unit}" if sample.unit else ""
    of = (
        f"{sample.wins} of {len(sample)} seeds support" if sample.region else f"{len(sample)} seeds"
    )
    return f"median {signed(sample.median)}{unit}, {of}"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Search, and print what is found; the exit status."""
    parser = Parser(prog="training-claims bisect")
    parser.add_argument("claim", type=given_name, metavar="CLAIM", help="as pytest selects it")
    parser.add_argument("old", type=given_name, metavar="FROM", help='such as "keras==3.10.0"')
    parser.add_argument("new", type=given_name, metavar="TO", help="the same packages, newer")
    parser.add_argument("--arm", default="", help="follow this arm instead of the claim")
    parser.add_argument("--args", type=given_words, default=(), help="more arguments of pytest")
    given = parser.parse_args(arguments)
    try:
        path = versions.path(given.old, given.new)
        return _search(Trials(path, (given.claim, *given.args), given.arm))
    except UnusableVersion as fault:
        print(f"Cannot be tried: {fault}", file=sys.stderr)
        return Status.UNUSABLE
    except ValueError as fault:
        parser.error(str(fault))


def _search(trials: Trials) -> int:
    found: list[Change] = []
    print(f"{len(trials.path)} versions", flush=True)
    try:
        for change in Bisection(len(trials.path), trials.look).changes():
            found.append(change)
            print("\n".join(_told(change, trials)), flush=True)
    except NoEnd as end:
        raise UnusableVersion(trials.unusable[end.args[0]]) from None
    if not found:
        print(
            f"No change is shown between {trials.path[0]} and {trials.path[-1]}. What came and "
            "went between them, `training-claims history` finds."
        )
    return Status.INCONCLUSIVE if any(each.ambiguous for each in found) else Status.OK


def _told(change: Change, trials: Trials) -> list[str]:
    old, new = trials.path[change.old], trials.path[change.new]
    what = "verdict" if change.kind == "verdict" else "numbers"
    before, now = told(trials.samples[change.old]), told(trials.samples[change.new])
    lines = [f"  {old}: {before}", f"  {new}: {now}"]
    lines += [f"  {address}" for address in (*versions.sources(old, new), *_commits(old, new))]
    if not change.ambiguous:
        return [f"== {new} changed the {what}", *lines]
    open_ = ", ".join(trials.path[change.old + 1 : change.new + 1])
    return [f"== AMBIGUOUS: one of {open_} changed the {what}", *lines]


def _commits(old: str, new: str) -> list[str]:
    """The range of TensorFlow's commits between two nightly builds, if their wheels carry it."""
    if "tf-nightly" not in new:
        return []
    both = [commit_of(environment_of(each)) for each in (old, new)]
    at = f"https://github.com/{versions.REPOSITORIES['tensorflow']}/compare"
    return [f"{at}/{both[0]}...{both[1]}"] if all(both) and len({*both}) == 2 else []
