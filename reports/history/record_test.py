"""The record of a history: what joins, in whichever order, and what a file may not be."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_claims.reports.history import record
from training_claims.reports.history.record import (
    MOST_SEEDS,
    Record,
    Series,
    Trained,
    UnusableRecord,
    add,
    joined,
    read,
    text,
)

ARM = Series("arm", "digits on mnist", "late loss", "nats", "", 0.0)
CLAIM = Series("claim", "claims.noise", "a exceeds b by 1", "", "exceeds", 1.0)
BY = Trained("2.21.0", "3.15.1", "2.4.6", "3.11.7", "CPU x86_64", "packaged", "f00")

trained = st.sampled_from(["3.9.0", "3.14.0", "3.16.0.dev2026102704"]).map(
    lambda keras: replace(BY, keras=keras)
)
values = st.dictionaries(st.integers(0, 70), st.sampled_from([0.5, -1.0, inf, nan]), min_size=1)
records = st.dictionaries(st.tuples(st.sampled_from([ARM, CLAIM]), trained), values)


@given(st.lists(records, max_size=3), st.randoms())
def test_files_join_to_the_same_content_whatever_the_order(
    parts: list[Record], rng: object
) -> None:
    whole = text(joined(*parts))
    shuffled = list(parts)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert text(joined(*shuffled)) == whole
    assert text(joined(joined(*parts[:1]), joined(*parts[1:]), *parts)) == whole


@given(st.lists(records, max_size=3))
def test_a_file_says_what_was_added_to_it(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Record]
) -> None:
    path = tmp_path_factory.mktemp("record") / "history.jsonl"
    for part in parts:
        add(path, part)
    assert text(read(path)) == text(joined(*parts))


def test_it_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    add(path, {(CLAIM, BY): {0: 1.0}})
    before = path.read_text()
    add(path, {(CLAIM, BY): {0: 1.0}})
    assert path.read_text() == before
    add(path, {(CLAIM, BY): {1: 2.0}, (ARM, BY): {0: 3.0}})
    assert path.read_text().startswith(before)
    assert read(path)[CLAIM, BY] == {0: 1.0, 1: 2.0}


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest versions leave, of each part the last seeds."""
    monkeypatch.setattr(record, "MOST", 3)
    path = tmp_path / "history.jsonl"
    for minor in (10, 9, 11, *range(12, 40)):
        by = replace(BY, keras=f"3.{minor}.0")
        add(path, {(ARM, by): dict.fromkeys(range(90), 0.123456)})
    assert [by.keras for _, by in read(path)] == ["3.37.0", "3.38.0", "3.39.0"]
    assert {len(values) for values in read(path).values()} == {MOST_SEEDS}
    assert len(path.read_text()) <= 2 * len(text(read(path)))


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("no JSON\n", "line 1 of history.jsonl. Received: Expecting value"),
        ("[]\n", "Expected a dict as line 1 of history.jsonl. Received: \\[\\]"),
        (text({(ARM, BY): {0: 1.0}}).replace('"arm"', '"leg"'), "series, kind. Received: leg"),
        (text({(ARM, BY): {0: 1.0}}) + '{"series', "line 2 of history.jsonl"),
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path: Path, content: str, received: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(content)
    with pytest.raises(UnusableRecord, match=received):
        read(path)


def test_a_folder_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(UnusableRecord, match="Expected a history's record in"):
        read(tmp_path)
