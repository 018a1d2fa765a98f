"""A baseline as a JSON file: a line for each seed's curve, so that versions compare by `diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from hashlib import sha256
from itertools import repeat
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from training_claims.evidence import measures
from training_claims.evidence.measures import Measure
from training_claims.evidence.verdict import plain
from training_claims.reading import one_line, open_regular
from training_claims.reports import places
from training_claims.reports.drift.baseline import Baseline, Curves, OwnMeasure, SavedArm, is_own
from training_claims.reports.records import Mismatch, check, is_number
from training_claims.reports.records import read as read_record
from training_claims.session import outputs

FORMAT = "training claims: baseline 2"
SHORT = 90
DEEPEST = 50  # levels of an arm's description
AGAIN = "Write it again by --claims-save-baseline."


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
    arms = [_record(arm) for arm in baseline.arms]
    about = {"name": baseline.name, "provenance": dict(baseline.provenance)}
    return "".join(_text({"format": FORMAT, **about, "arms": arms})) + "\n"


def parsed(text: str) -> Baseline:
    """What `text` gave, from another process of the session."""
    return _baseline(json.loads(text))


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UnusableBaseline: If there is no such file, it is no baseline, or it was changed since.
    """
    name = one_line(path.name)
    try:
        with open_regular(path) as file:
            return _baseline(_parsed(file.read().decode("utf-8")))
    except FileNotFoundError:
        known = ", ".join(sorted(each.stem for each in places.baselines().glob("*.json"))) or "none"
        raise UnusableBaseline(
            f"Expected a baseline in {name}. Received: no such file in "
            f"{one_line(path.parent)}. Name a file, or one of the project's own: {known}."
        ) from None
    except Mismatch as fault:
        raise UnusableBaseline(
            f"Expected {one_line(fault.expected, SHORT)} as {one_line(fault.place)} of baseline "
            f"{name}. Received: {one_line(fault.received, SHORT)}. {AGAIN}"
        ) from None
    except Exception as fault:  # a file may hold anything, and run out of memory or stack
        raise UnusableBaseline(
            f"Expected a baseline in {name}, as JSON. "
            f"Received: {one_line(str(fault) or repr(fault))}. {AGAIN}"
        ) from None


def _parsed(text: str) -> Any:
    """What the JSON says; texts in it are such as can be written again."""
    record = json.loads(text)
    if r"\ud" in text.lower():  # half a character, perhaps
        json.dumps(record, ensure_ascii=False).encode()
    return record


def _record(arm: SavedArm) -> dict[str, Any]:
    record = {each.name: getattr(arm, each.name) for each in fields(arm)}
    record["recorded"] = [asdict(each) for each in arm.recorded]
    record["statistics"] = [
        {**asdict(each), "measure": _measure_record(each.measure)} for each in arm.statistics
    ]
    record["curves"] = {name: each.tolist() for name, each in arm.curves.items()}
    whole: dict[str, Any] = plain(record)
    return {**whole, "seal": _seal(whole)}


def _measure_record(measure: Measure) -> dict[str, Any]:
    """A measure by its class and fields; of a user's own, by where its class lies."""
    if isinstance(measure, OwnMeasure):
        return {"kind": measure.kind, **dict(measure.settings)}
    if not is_dataclass(measure) or isinstance(measure, type):
        raise TypeError(
            f"Expected a statistic whose measure is a frozen dataclass. Received: {measure!r}. "
            "Make it one, so that baselines can name it."
        )
    kind = type(measure)
    own = f"{kind.__module__}:{kind.__qualname__}"
    return {"kind": own if is_own(measure) else kind.__name__, **asdict(measure)}


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


def _baseline(record: Any) -> Baseline:
    """What a file says, checked on the way in. Raises Mismatch where it is not as expected."""
    found = record.get("format") if isinstance(record, dict) else type(record).__name__
    check(found == FORMAT, "format", repr(FORMAT), repr(found))
    about = read_record(Mapping[str, str], record.get("provenance"), "provenance")
    name, arms = read_record(str, record.get("name"), "name"), record.get("arms")
    check(isinstance(arms, list) and len(arms) > 0, "arms", "an arm at least", arms)
    saved = tuple(_arm(each, f"arms[{place}]") for place, each in enumerate(arms))
    names = [arm.fingerprint for arm in saved]
    check(len({*names}) == len(names), "arms", "arms of different fingerprints", names)
    return Baseline(name, about, saved)


def _arm(record: Any, place: str) -> SavedArm:
    check(isinstance(record, dict), place, "a dict", record)
    name = read_record(str, record.get("name"), f"{place}, name")
    place = f"arm {one_line(name, SHORT)!r}"
    seal = read_record(str, record.get("seal"), f"{place}, seal")
    check(seal == _seal(record), place, f"what was sealed by {seal}", "a changed arm")
    content = {name: value for name, value in record.items() if name != "seal"}
    arm: SavedArm = read_record(SavedArm, content, place, {Measure: _measure, Curves: _curves})
    depth = _depth(arm.description)
    check(depth <= DEEPEST, f"{place}, description", "no deep nest", "a deep one")
    once = len({*arm.seeds}) == len(arm.seeds) > 0
    whole = once and all(0 <= seed < 2**32 for seed in arm.seeds)
    check(whole, f"{place}, seeds", "whole numbers, each once", arm.seeds)
    shapes = {name: each.shape for name, each in arm.curves.items()}
    for name, (rows, _) in shapes.items():
        check(rows == len(arm.seeds), f"{place}, curves of {name}", f"{len(arm.seeds)} rows", rows)
    check(len({*shapes.values()}) == 1, f"{place}, curves", "one number of epochs", shapes)
    told = [each.name for each in arm.recorded]
    check(told == [*shapes], f"{place}, recorded", f"those of {', '.join(shapes)}", told)
    for each in arm.statistics:
        at = f"{place}, {each.name}"
        check(0 < each.margin < inf, f"{at}, margin", "a number above 0", each.margin)
        check(len(each.values) == len(arm.seeds), at, f"{len(arm.seeds)} numbers", each.values)
    _check_readable(arm, f"{place}, statistics")
    return arm


def _check_readable(arm: SavedArm, place: str) -> None:
    """Whether the measures find in the curves what they read."""
    try:
        with np.errstate(all="ignore"):
            arm.with_statistics(each for each in arm.statistics if not is_own(each.measure))
    except Exception as fault:  # such as a metric that is not there, or too few epochs
        raise Mismatch(place, "measures of its own curves", fault) from None


def _measure(record: Any, place: str) -> Measure:
    unknown = partial(Mismatch, place, "a measure of fixtures/evidence/measures.py", record)
    name = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(name, str):
        raise unknown()
    settings = {name: value for name, value in record.items() if name != "kind"}
    if ":" in name:
        return OwnMeasure(name, tuple((each, _frozen(value)) for each, value in settings.items()))
    kind = getattr(measures, name, None)
    if not (is_dataclass(kind) and kind.__module__ == measures.__name__):
        raise unknown()
    try:
        measure: Measure = read_record(kind, settings, place)
    except Mismatch:
        raise unknown() from None
    return measure


def _frozen(setting: Any) -> Any:
    return tuple(map(_frozen, setting)) if isinstance(setting, list) else setting


def _curves(rows: Any, place: str) -> Curves:
    check(isinstance(rows, list) and len(rows) > 0, place, "rows", rows)
    epochs = len(rows[0]) if isinstance(rows[0], list) else 0
    for row in rows:
        met = isinstance(row, list) and len(row) == epochs > 0 and all(map(is_number, row))
        check(met, place, f"{epochs} numbers", row)
    return np.array([[float(each) for each in row] for row in rows])


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)
