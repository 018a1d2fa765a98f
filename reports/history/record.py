"""What claims and arms gave under many versions: a file of lines that only grows, up to a bound.

Each line is a part of a series under one version, by seed. A file says what its lines say
together, in whichever order; where two give a seed other numbers the lesser one counts. So files
of several machines join to one content, whatever is joined first. Beyond `MOST` parts those of the
oldest versions are left out, of each part seeds beyond `MOST_SEEDS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from filelock import FileLock
from packaging.version import InvalidVersion, Version

from training_claims.evidence.region import DIRECTIONS, Region
from training_claims.evidence.verdict import plain
from training_claims.reading import one_line, open_regular
from training_claims.reports.history.change import Sample
from training_claims.reports.records import Mismatch, check
from training_claims.reports.records import read as read_record
from training_claims.session import outputs

MOST = 20_000  # parts; about 1 kB each
MOST_SEEDS = 60


class UnusableRecord(ValueError):
    """A file that is no record of a history; its text says where and why."""


@dataclass(frozen=True, order=True)
class Series:
    """What is followed over versions.

    Args:
        kind: "claim", whose numbers are its differences, or "arm", whose are a statistic's.
        name: The claim's identity; or the arm's name and its data's.
        what: The comparison, or the statistic, in words.
        unit: Of the numbers and the margin.
        direction: A claim's, see `Region`; empty of an arm.
        margin: A claim's; 0 of an arm.
    """

    kind: Literal["arm", "claim"]
    name: str
    what: str
    unit: str
    direction: str
    margin: float

    def sample(self, values: Mapping[int, float]) -> Sample:
        """Its numbers under one version, in the order of their seeds."""
        found = next((each for each in DIRECTIONS if each == self.direction), None)
        region = Region(found, self.margin) if found else None
        return Sample(tuple(values[seed] for seed in sorted(values)), self.unit, region)


@dataclass(frozen=True, order=True)
class Trained:
    """What gave the numbers.

    Args:
        tensorflow: Its version; `keras`, `numpy` and `python` alike.
        device: Such as "CPU x86_64".
        data: Where the textbook's data come from, such as "mnist packaged, imdb packaged".
        code: A digest of all that decides the arms' numbers, so that an edited arm is another.
    """

    tensorflow: str
    keras: str
    numpy: str
    python: str
    device: str
    data: str
    code: str

    @property
    def age(self) -> tuple[object, ...]:
        """Sorts by the versions' order, and then by anything."""
        own = (self.tensorflow, self.keras, self.numpy, self.python)
        return (*map(_in_order, own), *asdict(self).values())


Record: TypeAlias = Mapping[tuple[Series, Trained], Mapping[int, float]]


def joined(*records: Record) -> Record:
    """All that some records say, within the bound."""
    found: dict[tuple[Series, Trained], dict[int, float]] = {}
    for record in records:
        for part, values in record.items():
            known = found.setdefault(part, {})
            for seed, value in values.items():
                known[seed] = min(value, known.get(seed, value), key=_rank)
    newest = sorted(found, key=lambda part: (part[1].age, part[0]))[-MOST:]
    return {part: dict(sorted(found[part].items())[:MOST_SEEDS]) for part in newest}


def text(record: Record) -> str:
    """A record as its file says it, a line a part."""
    return "".join(
        json.dumps(plain({"series": asdict(series), "trained": asdict(trained), "seeds": values}))
        + "\n"
        for (series, trained), values in record.items()
    )


def read(path: Path) -> Record:
    """What a file says; nothing if there is none.

    Raises:
        UnusableRecord: If a line is none of a record's.
    """
    try:
        with open_regular(path) as file:
            lines = file.read().decode("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as fault:
        raise UnusableRecord(
            f"Expected a history's record in {one_line(path)}. Received: {one_line(fault)}. Name "
            "another file."
        ) from None
    return joined(*(_part(line, f"line {at} of {path.name}") for at, line in enumerate(lines, 1)))


def add(path: Path, new: Record) -> Record:
    """Append to a file what it does not say yet; all that it then says.

    It is written anew once half of it no longer counts, being beyond the bound.

    Raises:
        UnusableRecord: As `read`.
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        known = read(path)
        whole = joined(known, new)
        more = {
            part: {seed: x for seed, x in values.items() if str(x) != str(_of(known, part, seed))}
            for part, values in whole.items()
        }
        lines = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines += text({part: values for part, values in more.items() if values})
        whole_text = text(whole)
        outputs.write(path, lines if len(lines) <= 2 * len(whole_text) else whole_text)
    return whole


def _part(line: str, place: str) -> Record:
    """Raises UnusableRecord if it is none."""
    try:
        record: Any = json.loads(line)
        check(isinstance(record, dict), place, "a dict", record)
        series = read_record(Series, record.get("series"), f"{place}, series")
        trained = read_record(Trained, record.get("trained"), f"{place}, trained")
        values = read_record(Mapping[str, float], record.get("seeds"), f"{place}, seeds")
        return {(series, trained): {int(seed): value for seed, value in values.items()}}
    except (Mismatch, ValueError, RecursionError) as fault:
        raise UnusableRecord(
            f"Expected a part of a history as {place}. Received: {one_line(fault)}. Take the "
            "line out, or name another file."
        ) from None


def _of(record: Record, part: tuple[Series, Trained], seed: int) -> float | None:
    return record.get(part, {}).get(seed)


def _rank(value: float) -> tuple[bool, float]:
    """Sorts numbers, NaN last."""
    return (value != value, value)


def _in_order(version: str) -> Version:
    with suppress(InvalidVersion):
        return Version(version)
    return Version("0")
