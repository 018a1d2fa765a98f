"""Baselines that are damaged in any way: read as what they say, or refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from math import inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from training_claims.evidence.readings import final, late
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import Baseline, SavedArm
from training_claims.reports.drift.file import UnusableBaseline, read, write
from training_claims.testing.damage import assert_one_line, damaged
from training_claims.testing.judgement import made_arm, made_runs

NESTS = [json.loads('{"in": ' * levels + "{}" + "}" * levels) for levels in (48, 80)]
JUNK = st.sampled_from(
    [
        *(None, True, 0, -1, 10**400, nan, inf, -inf, 1.5, "", "nan", "loss", "\ud800", "\n\x1b"),
        *([], {}, [[]], [None], {"": {}}, "x" * 9_999, *NESTS),
    ]
)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything in a record."""
    yield path
    inside = enumerate(value) if isinstance(value, list) else ()
    for key, each in value.items() if isinstance(value, dict) else inside:
        yield from nodes(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """A record in which what lies at a path is another thing."""
    if not path:
        return change(value)
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(value[key], tuple(rest), change)
    return copy


def without_one(value: Any, junk: Any) -> Any:
    """A list or an object without its last part; of anything else, junk."""
    if isinstance(value, dict):
        return dict(list(value.items())[:-1])
    return value[:-1] if isinstance(value, list) else junk


@cache
def sound() -> tuple[bytes, Any, list[tuple[Any, ...]]]:
    """A baseline's bytes, what they say, and the paths to everything in it."""
    runs = made_runs(made_arm("noise", 6), seeds=3)
    statistics = [late("val_accuracy", runs.arm), final("val_loss", runs.arm)]
    arm = SavedArm.of(runs, statistics, ["noise.helps"])
    with TemporaryDirectory() as folder:
        write(Baseline.of("made", {"device": "CPU"}, [arm]), path := Path(folder) / "b.json")
        record = json.loads(path.read_text())
        return path.read_bytes(), record, list(nodes(record))


def assert_read_or_refused(content: bytes) -> None:
    """What is read can be written and is read again as it was; what is not, is one line."""
    with TemporaryDirectory() as folder:
        (path := Path(folder) / "b.json").write_bytes(content)
        try:
            found = read(path)
        except UnusableBaseline as fault:
            assert_one_line(str(fault))
            return
        write(found, path)
        assert repr(read(path)) == repr(found)


@given(st.data())
def test_a_baseline_with_anything_in_it_is_read_or_refused(drawn: st.DataObject) -> None:
    _, record, paths = sound()
    path, junk = drawn.draw(st.sampled_from(paths)), drawn.draw(JUNK)
    change = drawn.draw(
        st.sampled_from([lambda _: junk, lambda value: without_one(value, junk), lambda x: [x, x]])
    )
    damaged_record = changed(record, path, change)
    if path[:1] == ("arms",) and isinstance(damaged_record["arms"], list):
        for arm in damaged_record["arms"]:
            if isinstance(arm, dict) and path[2:] != ("seal",):
                arm["seal"] = baseline_file._seal(arm)
    assert_read_or_refused(json.dumps(damaged_record).encode())


@given(st.data())
def test_a_damaged_baseline_is_read_or_refused(drawn: st.DataObject) -> None:
    assert_read_or_refused(drawn.draw(damaged(sound()[0])))
