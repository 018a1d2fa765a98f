"""What `make audit` found, as committed beside this file, for reports to quote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from training_claims.reading import open_regular
from training_claims.reports.provenance import BOTH

FILE = Path(__file__).with_name("found.json")
INJECTED = ("injected", "planted")  # what the environment of a broken training says, now and once
SAME = ("tensorflow", "keras", "device")
WORDS = ("statement", "comparison", "p_win_interval")  # of a claim's record: no single numbers


@dataclass(frozen=True)
class Record:
    """The findings of one `make audit`.

    Args:
        found: A record of `Findings`.
    """

    found: dict[str, Any]

    @property
    def overview(self) -> str:
        """In a line, such as "12 of 13 operating characteristics hold on baseline 'x'; ..."."""
        tried = self.found["characteristics"]
        missing = [each["name"] for each in tried if not each["kept"]]
        told = f"; not shown: {', '.join(missing)}" if missing else ""
        return (
            f"{len(tried) - len(missing)} of {len(tried)} operating characteristics hold on "
            f"baseline {self.found['baseline']['name']!r}{told}"
        )

    def speaks_of(self, environment: Mapping[str, Sequence[str]], claims: Iterable[str]) -> bool:
        """Whether a session trained what the record is about.

        Args:
            environment: What trained its runs: the values of each name, as the ledger has them.
            claims: The identities of what it decided.
        """
        trained = self.found["baseline"]
        same = all({*environment.get(name, ())} == {*trained[name].split(BOTH)} for name in SAME)
        known = {*environment.get("data", ())} <= {*trained["data"]}
        broken = any(name in environment for name in INJECTED)
        return same and known and not broken and {*claims} <= self.found["claims"].keys()

    def power(self, claim_id: str, comparison: str) -> float | None:
        """A claim's power at the share of the baseline's seeds that win.

        None without its arms, or if the claim compared something else then, if only by margin.
        """
        known = self._claim(claim_id, comparison)
        return None if known is None else float(known["supported"])

    def prospects(self, claim_id: str, comparison: str, unit: str) -> str | None:
        """What the baseline says of a claim's prospects; None as for `power`."""
        if (known := self._claim(claim_id, comparison)) is None:
            return None
        told = {name: float(value) for name, value in known.items() if name not in WORDS}
        baseline = self.found["baseline"]
        return (
            f"On {told['seeds']:.0f} seeds of baseline {baseline['name']!r}, which no suite uses "
            f"(digits: {baseline['mnist']}): median {told['median']:.4g}, SD {told['sd']:.3g} "
            f"{unit}, standardized effect beyond the margin {told['standardized_effect']:.3g} SD, "
            f"power {told['supported']:.4f} (at least {told['supported_low']:.3f}), "
            f"{told['mean_seeds']:.1f} seeds on average, smallest detectable effect "
            f"{told['detectable']:.3g} {unit}."
        )

    def _claim(self, claim_id: str, comparison: str) -> dict[str, Any] | None:
        """What is on record of a claim that compares this."""
        known: dict[str, Any] | None = self.found["claims"].get(claim_id)
        return known if known is not None and known["comparison"] == comparison else None


@lru_cache(maxsize=1)
def committed() -> Record | None:
    """The record that is committed; None if none can be read, since no verdict needs it."""
    try:
        with open_regular(FILE) as file:
            record = Record(json.load(file))
        # What reports quote is quoted once here, so that none of them stumbles over it.
        quoted: list[object] = [record.overview, record.speaks_of({}, ())]
        for name, claim in record.found["claims"].items():
            asked = name, str(claim["comparison"])
            quoted += [record.prospects(*asked, ""), record.power(*asked)]
    except Exception:  # absent, or damaged in any way
        return None
    return record
