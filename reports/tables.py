"""`training-claims tables`: writes the pages that are made of committed records.

A page says in its first line what it is made of; `tables_test.py` holds it to that. Exit status:
0; 3, a page could not be written; 4, this is no checkout of the project.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import getdoc, getsource
from pathlib import Path
from typing import Any

from training_claims import plugin, status
from training_claims.plan import costs
from training_claims.reports import plugin as reports_plugin
from training_claims.reports.audit import table as audit_table
from training_claims.reports.audit.public import UNSEEN
from training_claims.reports.bench import scale, simulated
from training_claims.reports.bench.whole import how
from training_claims.reports.command_line import Parser, command
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.rule import SuiteDrift
from training_claims.reports.drift.table import markdown_table
from training_claims.reports.markdown import literal, table
from training_claims.reports.summary import claims_table
from training_claims.reports.upgrade import release_record, release_table
from training_claims.session import outputs
from training_claims.status import Status

ROOT = Path(__file__).parents[1]
UPGRADED = ("tensorflow-2.20.0-cpu", "tensorflow-2.21.0-cpu")
INJECTED = ("injected", "exit status", "claims refuted", "arms drifted", "moved most")

SIMULATED = ("what", "histories", "right", "installed", "tried", "seeds")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Write every page; the exit status."""
    Parser(prog="training-claims tables").parse_args(arguments)
    if not (ROOT / "pyproject.toml").is_file():
        print(
            "Cannot write: expected a checkout of the project, whose pages these are. Received: "
            "an installed package.",
            file=sys.stderr,
        )
        return Status.USAGE
    for name in PAGES:
        outputs.write(ROOT / name, page(name))
        print(name)
    return Status.OK


def page(name: str) -> str:
    """What a page says, as its record is now."""
    source, title, lines = PAGES[name]
    made = f"<!-- Made from {source} by `training-claims tables`: change that, not this. -->"
    return "\n".join([made, f"# {title}", "", *lines()]).rstrip() + "\n"


def _claims() -> Iterator[str]:
    record, found = _read("claims/record.json"), _read("reports/audit/found.json")
    for name, told in record["about"].items():
        yield f"- {name}: {literal(', '.join(told))}"
    yield from (
        "",
        "The effect is the median over seeds of the paired difference in the direction of the "
        "claim, with an interval of at least 95 %. Power is what 100 other seeds say: see "
        "[the audit](../reports/audit/RECORD.md). The seconds are a worker's, from an empty store; "
        "a run that several claims read is charged to the first.",
        "",
    )
    yield from claims_table(record["claims"], lambda each: _power(each, found["claims"]))


def _power(claim: Mapping[str, Any], audited: Mapping[str, Any]) -> float | None:
    """What the audit found, if it was of the same margin."""
    margin, known = re.escape(f"{claim['margin']:g}"), audited.get(claim["id"])
    same = known is not None and re.search(rf" {margin}(?= |$|,)", known["comparison"])
    return float(known["supported"]) if known and same else None


def _audit() -> list[str]:
    return audit_table.lines(_read("reports/audit/found.json"))


def _bench() -> Iterator[str]:
    measured = _read("reports/bench/measured.json")
    for run in measured["runs"]:
        machine, versions = run["machine"], run["versions"]
        yield from (
            f"## {run['data']}",
            "",
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
            f"{machine['device']}; TensorFlow {versions['tensorflow']}, Keras {versions['keras']}.",
            "",
            *table(run["headings"], run["rows"], words=1),
            "",
        )
    tuned = any("tuned s/seed" in run["headings"] for run in measured["runs"])
    for line in how(measured["workers"], measured["threads"]):
        if tuned or not line.startswith("Tuned"):  # of a record made before it was measured
            yield f"- {line}"


def _scale() -> Iterator[str]:
    measured = _read("reports/bench/scale.json")
    yield from (
        "## Measured by `training-claims scale`",
        "",
        *scale.how(measured),
        "",
        *table(scale.HEADINGS, scale.cells([scale.Row(**row) for row in measured["rows"]])),
        "",
    )
    known = costs.read([ROOT / "claims" / costs.NAME])
    seeds = {claim["id"]: claim["seeds"] for claim in _read("claims/record.json")["claims"]}
    yield from ("## Reckoned: this suite on many workers", "", *simulated.ASSUMED, "")
    for what, cells in simulated.tables(known, seeds):
        yield from (f"### {what}", "", *table(simulated.HEADINGS, cells), "")


def _compared() -> Iterator[str]:
    before, now = (ROOT / "reports" / "baselines" / f"{name}.json" for name in UPGRADED)
    suite = SuiteDrift.of(baseline_file.read(before), baseline_file.read(now))
    yield from (f"{len(suite.arms)} arms of {suite.before.name} against {suite.now.name}.", "")
    yield from markdown_table(suite.arms)
    yield from map(literal, suite.left_out)


def _injected() -> Iterator[str]:
    record = _read("reports/upgrade/injected.json")
    yield from (f"{record['from']} to {record['to']}: see [UPGRADE.md](UPGRADE.md).", "")
    told = ("injected", "status", "refuted", "drifted")
    rows = [
        [*(str(row[name]) for name in told), literal(row["moved_most"])] for row in record["rows"]
    ]
    yield from table(INJECTED, rows)


def _releases() -> Iterator[str]:
    return release_table.lines(release_record.read(ROOT / "reports/upgrade/releases.json"))


def _simulated() -> Iterator[str]:
    record = _read("reports/history/simulated.json")
    yield (
        f"Seeds of {' and '.join(record['baselines'])}, by `training-claims simulated-histories`; "
        "see [HISTORY.md](HISTORY.md). Installed and tried versions are the most of any history, "
        "seeds those of all versions together, the median history's."
    )
    yield ""
    told = ("what", "histories", "right", "most_installs", "most_tried", "median_seeds")
    rows = [[str(row.get(name, "")) for name in told] for row in record["rows"]]
    yield from table(SIMULATED, rows, words=1)


def _public_faults() -> Iterator[str]:
    rows = _read("reports/audit/public.json")
    seen = sum(bool(row["red"]) for row in rows.values())
    yield (
        f"{seen} of {len(rows)} faults, each injected in a process of its own by "
        "`training-claims public-faults`, turn contract claims red that are green without it. Of "
        "each, only the claims of some files were asked; three at most are named."
    )
    yield ""
    told = [
        [name, literal(row["reported"]), _some(row["red"]) or f"none: {UNSEEN[name]}"]
        for name, row in rows.items()
    ]
    yield from table(("fault", "reported, what goes wrong", "claims that turn red"), told, words=3)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return literal(", ".join(names[:3]) + more)


def _contracts() -> Iterator[str]:
    record = _read("claims/contracts/record.json")
    for name, told in record["about"].items():
        yield f"- {name}: {literal(', '.join(told))}"
    yield from ("", "The effect is the largest error of 16 seeds' or more, as a median.", "")
    rows = [
        [literal(each["statement"]), each["outcome"], each["effect"], f"{each['margin']:g}"]
        for each in record["claims"]
    ]
    yield from table(("claim", "verdict", "effect", "margin"), rows, words=2)


def _options() -> Iterator[str]:
    declared = Declared()
    for each in (plugin, reports_plugin):
        each.pytest_addoption(declared)
    yield "Of `pytest`, wherever a test is a claim; the commands' own: `training-claims --help`."
    yield ""
    yield from table(["option", "meaning"], declared.options)
    yield from ("", "## In pytest's configuration file", "")
    yield from table(["key", "meaning"], declared.keys)
    yield from ("", "## Exit statuses", "", "The same for every command, with and without xdist.")
    yield " ".join((getdoc(Status) or "").split("\n\n", 1)[1].split())
    yield ""
    lines = re.findall(r"^    ([A-Z]+) = (\d+)  # (.*)$", getsource(status), re.MULTILINE)
    rows = [[number, name, literal(meaning)] for name, number, meaning in lines]
    yield from table(["status", "name", "meaning"], rows)


class Declared:
    """Takes what a plugin declares to pytest, for a table."""

    def __init__(self) -> None:
        self.options: list[list[str]] = []
        self.keys: list[list[str]] = []

    def getgroup(self, *_: str) -> Declared:
        """Options of every group alike."""
        return self

    def addoption(self, name: str, **about: Any) -> None:
        """Take note of an option."""
        values = "\\|".join(about.get("choices", ())) or about.get("metavar", "")
        self.options.append([f"`{f'{name} {values}'.rstrip()}`", literal(about["help"])])

    def addini(self, name: str, meaning: str, kind: str = "text", default: object = None) -> None:
        """Take note of a key of the configuration file."""
        told = str(default).lower() if kind == "bool" else default
        self.keys.append([f"`{name}`", f"{literal(meaning)} (default: {told})"])


def _read(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return record


PAGES: dict[str, tuple[str, str, Callable[[], Iterator[str] | list[str]]]] = {
    "claims/CLAIMS.md": ("record.json and the audit's found.json", "Claims", _claims),
    "claims/contracts/CONTRACTS.md": ("record.json", "Contracts", _contracts),
    "reports/audit/PUBLIC.md": ("public.json", "Public faults", _public_faults),
    "reports/audit/RECORD.md": ("found.json", "What the audit found", _audit),
    "reports/bench/RECORD.md": ("measured.json", "How fast arms train", _bench),
    "reports/bench/SCALE.md": (
        "scale.json, and claims/costs.json and record.json",
        "A suite on many machines",
        _scale,
    ),
    "reports/drift/COMPARED.md": ("two baselines", "TensorFlow 2.20.0 to 2.21.0", _compared),
    "reports/upgrade/INJECTED.md": ("injected.json", "Broken upgrades", _injected),
    "reports/upgrade/RELEASES.md": ("releases.json", "Contracts, release by release", _releases),
    "reports/history/SIMULATED.md": ("simulated.json", "Histories that are made up", _simulated),
    "fixtures/OPTIONS.md": ("the plugins' declarations", "Options", _options),
}
