"""What `make audit` found, as committed beside this file, for reports to quote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from training_claims.reading import open_regular

FILE = Path(__file__).with_name("found.json")


@dataclass(frozen=True)
class Record:
    """The findings of one `make audit`.

    Args:
        found: As `Findings.as_json` gives them.
    """

    found: dict[str, Any]

    @property
    def overview(self) -> str:
        """In a line, such as "12 of 13 characteristics kept on bank 'x'; not: ..."."""
        characteristics = self.found["characteristics"]
        open_ones = [each["name"] for each in characteristics if not each["kept"]]
        kept = f"{len(characteristics) - len(open_ones)} of {len(characteristics)} characteristics kept"
        missing = f"; not shown: {', '.join(open_ones)}" if open_ones else ""
        return f"{kept} on bank {self.found['bank']['name']!r}{missing}"

    def prospects(self, statement: str, unit: str) -> str | None:
        """What the bank says of a claim's prospects; None if it has not its arms."""
        if statement not in self.found["claims"]:
            return None
        told = {name: float(value) for name, value in self._numbers(statement)}
        bank = self.found["bank"]
        return (
            f"On {told['seeds']:.0f} seeds of bank {bank['name']!r}, which no suite uses (digits: "
            f"{bank['mnist']}): median {told['median']:.4g}, SD {told['sd']:.3g} {unit}, standardized_effect "
            f"over the margin {told['standardized_effect']:.3g} SD, power {told['supported']:.4f} (at "
            f"least {told['supported_low']:.3f}), {told['mean_seeds']:.1f} seeds on average, "
            f"smallest detectable effect {told['detectable']:.3g} {unit}."
        )

    def supported(self, statement: str) -> float | None:
        """A claim's power at the share of the bank's seeds that win; None without one."""
        power = self.found["claims"].get(statement)
        return None if power is None else float(power["supported"])

    def _numbers(self, statement: str) -> list[tuple[str, Any]]:
        """A claim's power, those of its parts that are one number."""
        power: dict[str, Any] = self.found["claims"][statement]
        return [(name, value) for name, value in power.items() if not isinstance(value, list)]


@lru_cache(maxsize=1)
def committed() -> Record | None:
    """The record that is committed; None if none can be read, since no verdict needs it."""
    try:
        with open_regular(FILE) as file:
            record = Record(json.load(file))
        # What reports quote is quoted once here, so that none of them stumbles over it.
        quoted: list[object] = [record.overview]
        for statement in record.found["claims"]:
            quoted += [record.prospects(statement, ""), record.supported(statement)]
    except Exception:  # absent, or damaged in any way
        return None
    return record
