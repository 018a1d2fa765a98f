"""A baseline as a JSON file: a line for each seed's curve, so that versions compare by `diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from hashlib import sha256
from itertools import repeat
from math import inf, isfinite
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from training_claims.evidence import measures
from training_claims.evidence.measures import Measure
from training_claims.reading import one_line, open_regular
from training_claims.reports import places
from training_claims.reports.drift.baseline import Baseline, SavedArm, SavedStatistic
from training_claims.session import outputs

FORMAT = "training claims: baseline 1"
SHORT = 90
DEEPEST = 50  # levels of an arm's description
NOT_FINITE = ("nan", "inf", "-inf")

T = TypeVar("T")


class UnusableBaseline(ValueError):
    """A file that is no baseline, or not as it was written; its text names what differs."""


def path_of(name: str, folder: Path) -> Path:
    """Where a baseline lies: a file, seen from a folder, or a name among the project's own."""
    is_file = name.endswith(".json") or "/" in name
    return folder / name if is_file else places.baselines() / f"{name}.json"


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline; the file appears whole."""
    outputs.write(path, text(baseline))


def text(baseline: Baseline) -> str:
    """A baseline as its file says it."""
    record = {
        "format": FORMAT,
        "name": baseline.name,
        "provenance": dict(baseline.provenance),
        "arms": [_record(arm) for arm in baseline.arms],
    }
    return "".join(_text(record)) + "\n"


def parsed(text: str) -> Baseline:
    """What `text` gave, from another process of the session."""
    return _Reader("a report").baseline(json.loads(text))


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UnusableBaseline: If there is no such file, it is no baseline, or it was changed since.
    """
    try:
        with open_regular(path) as file:
            return _Reader(path.name).baseline(_parsed(file.read().decode("utf-8")))
    except FileNotFoundError:
        known = ", ".join(sorted(each.stem for each in places.baselines().glob("*.json"))) or "none"
        raise UnusableBaseline(
            f"Expected a baseline in {one_line(path.name)}. Received: no such file in "
            f"{one_line(path.parent)}. Name a file, or one of the project's own: {known}."
        ) from None
    except UnusableBaseline:
        raise
    except Exception as fault:  # a file may hold anything, and run out of memory or stack
        raise UnusableBaseline(
            f"Expected a baseline in {one_line(path.name)}, as JSON. "
            f"Received: {one_line(str(fault) or repr(fault))}. Write it again by "
            "--claims-save-baseline."
        ) from None


def _parsed(text: str) -> Any:
    """What the JSON says; texts in it are such as can be written again."""
    record = json.loads(text)
    if r"\ud" in text.lower():  # half a character, perhaps
        json.dumps(record, ensure_ascii=False).encode()
    return record


def _record(arm: SavedArm) -> dict[str, Any]:
    statistics = [
        {
            "name": each.name,
            "unit": each.unit,
            "measure": _measure_record(each.measure),
            "margin": each.margin,
            "values": _plain(each.values),
        }
        for each in arm.statistics
    ]
    record = {
        "name": arm.name,
        "data": arm.data,
        "fingerprint": arm.fingerprint,
        "description": arm.description,
        "claims": list(arm.claims),
        "seeds": list(arm.seeds),
        "statistics": statistics,
        "curves": {name: [_plain(row) for row in each] for name, each in arm.curves.items()},
    }
    return {**record, "seal": _seal(record)}


def _measure_record(measure: Measure) -> dict[str, Any]:
    if not is_dataclass(measure) or isinstance(measure, type):
        raise TypeError(
            "Expected a statistic whose measure is a dataclass of fixtures/evidence/measures.py. "
            f"Received: {measure!r}. Move it there, so that baselines can name it."
        )
    return {"kind": type(measure).__name__, **asdict(measure)}


def _plain(numbers: Any) -> list[float | str]:
    return [float(each) if isfinite(each) else str(float(each)) for each in numbers]


def _seal(record: Mapping[str, Any]) -> str:
    text = json.dumps({name: value for name, value in record.items() if name != "seal"})
    return sha256(text.encode()).hexdigest()[:16]


def _text(value: Any, indent: str = "") -> Iterator[str]:
    """JSON in which a list of numbers takes one line, as does an object that is short."""
    inside = value.values() if isinstance(value, dict) else value
    flat = not isinstance(value, dict | list) or not any(isinstance(x, dict | list) for x in inside)
    if flat and (not isinstance(value, dict) or len(json.dumps(value)) < SHORT):
        yield json.dumps(value)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    keys = (f"{json.dumps(key)}: " for key in value) if isinstance(value, dict) else repeat("")
    yield opening
    for place, (key, each) in enumerate(zip(keys, inside, strict=False)):
        yield f"{',' * (place > 0)}\n{indent} {key}"
        yield from _text(each, f"{indent} ")
    yield f"\n{indent}{closing}"


class _Reader:
    """Checks a file's content on the way in, and says where it is not as expected."""

    def __init__(self, file: str) -> None:
        self._file = file

    def baseline(self, record: Any) -> Baseline:
        found = record.get("format") if isinstance(record, dict) else type(record).__name__
        if found != FORMAT:
            raise self._unusable("format", repr(FORMAT), repr(found))
        provenance = self._get(record, "provenance", dict, "")
        for name, value in provenance.items():
            self._check(isinstance(value, str), f"provenance.{name}", "a text", value)
        arms = self._get(record, "arms", list, "")
        self._check(len(arms) > 0, "arms", "an arm at least", arms)
        saved = [self._arm(each, f"arms[{place}]") for place, each in enumerate(arms)]
        names = [arm.fingerprint for arm in saved]
        self._check(len({*names}) == len(names), "arms", "arms of different fingerprints", names)
        return Baseline(self._get(record, "name", str, ""), provenance, tuple(saved))

    def _arm(self, record: Any, place: str) -> SavedArm:
        place = f"arm {one_line((name := self._get(record, 'name', str, place)), SHORT)!r}"
        seal = self._get(record, "seal", str, place)
        self._check(seal == _seal(record), place, f"what was sealed by {seal}", "a changed arm")
        seeds = self._get(record, "seeds", list, place)
        whole = all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds)
        once = whole and len({*seeds}) == len(seeds) > 0
        self._check(once, f"{place}, seeds", "whole numbers, each once", seeds)
        curves = {
            name: self._curves(rows, len(seeds), f"{place}, curves of {name}")
            for name, rows in self._get(record, "curves", dict, place).items()
        }
        shapes = {name: each.shape for name, each in curves.items()}
        self._check(
            len({*shapes.values()}) == 1, f"{place}, curves", "one number of epochs", shapes
        )
        description = self._get(record, "description", dict, place)
        self._check(
            _depth(description) <= DEEPEST, f"{place}, description", "no deep nest", "a deep one"
        )
        claims = self._get(record, "claims", list, place)
        named = all(isinstance(claim, str) for claim in claims)
        self._check(named, f"{place}, claims", "texts", claims)
        statistics = self._get(record, "statistics", list, place)
        arm = SavedArm(
            name=name,
            data=self._get(record, "data", str, place),
            fingerprint=self._get(record, "fingerprint", str, place),
            description=description,
            claims=tuple(claims),
            seeds=tuple(seeds),
            statistics=tuple(self._statistic(each, len(seeds), place) for each in statistics),
            curves=curves,
        )
        self._check_readable(arm, place)
        return arm

    def _check_readable(self, arm: SavedArm, place: str) -> None:
        """Whether the measures find in the curves what they read."""
        try:
            with np.errstate(all="ignore"):
                arm.with_statistics((each.name, each.unit, each.measure) for each in arm.statistics)
        except Exception as fault:  # such as a metric that is not there, or too few epochs
            raise self._unusable(
                f"{place}, statistics", "measures of its own curves", str(fault)
            ) from None

    def _statistic(self, record: Any, seeds: int, place: str) -> SavedStatistic:
        name = self._get(record, "name", str, f"{place}, statistics")
        place = f"{place}, {name}"
        margin = self._get(record, "margin", float, place)
        self._check(0 < margin < inf, f"{place}, margin", "a number above 0", margin)
        return SavedStatistic(
            name,
            self._get(record, "unit", str, place),
            self._measure(self._get(record, "measure", dict, place), place),
            margin,
            tuple(self._numbers(self._get(record, "values", list, place), seeds, place)),
        )

    def _measure(self, record: dict[str, Any], place: str) -> Measure:
        fields = {name: value for name, value in record.items() if name != "kind"}
        kind = getattr(measures, str(record.get("kind")), None)
        known = is_dataclass(kind) and kind.__module__ == measures.__name__
        wanted = get_type_hints(kind) if known else {}
        met = known and fields.keys() == wanted.keys()
        met = met and all(_is(fields[name], wanted[name]) for name in fields)
        expected = "a measure of fixtures/evidence/measures.py"
        self._check(met, f"{place}, measure", expected, record)
        measure: Measure = kind(**fields)  # type: ignore[misc]
        return measure

    def _curves(self, rows: Any, seeds: int, place: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        self._check(isinstance(rows, list) and len(rows) == seeds, place, f"{seeds} rows", rows)
        epochs = len(rows[0]) if isinstance(rows[0], list) else 0
        return np.array([self._numbers(row, epochs, place) for row in rows])

    def _numbers(self, values: Any, count: int, place: str) -> list[float]:
        listed = isinstance(values, list) and len(values) == count > 0
        numbers = listed and all(type(x) in (int, float) or x in NOT_FINITE for x in values)
        self._check(numbers, place, f"{count} numbers", values)
        return [float(value) for value in values]

    def _get(self, record: Any, name: str, kind: type[T], place: str) -> T:
        there = f"{place}, {name}".lstrip(", ")
        value = record.get(name) if isinstance(record, dict) else None
        self._check(isinstance(value, kind), there, f"a {kind.__name__}", value)
        return value  # type: ignore[return-value]

    def _check(self, met: bool, place: str, expected: str, received: object) -> None:
        if not met:
            raise self._unusable(place, expected, str(received))

    def _unusable(self, place: str, expected: str, received: str) -> UnusableBaseline:
        return UnusableBaseline(
            f"Expected {one_line(expected, SHORT)} as {one_line(place)} of baseline "
            f"{one_line(self._file)}. Received: {one_line(received, SHORT)}. "
            "Write it again by --claims-save-baseline."
        )


def _is(value: object, hint: Any) -> bool:
    """Whether a value is of a field's type; whole numbers are numbers, truth values are none."""
    number = hint is float and isinstance(value, int)
    return not isinstance(value, bool) and (number or isinstance(value, hint))


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)
