from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import Any, Literal

import pytest

from training_claims.reports.records import Mismatch, read, record_of


@dataclass(frozen=True)
class Part:
    size: float
    at: int | None


@dataclass(frozen=True)
class Whole:
    name: str
    parts: tuple[Part, ...]
    pair: tuple[int, str]
    way: Literal["up", "down"]
    about: Mapping[str, float]


WHOLE = Whole("a", (Part(0.5, 1), Part(-inf, None)), (1, "b"), "up", {"x": 1e300})


def test_what_is_written_is_read_as_it_was() -> None:
    assert read(Whole, json.loads(json.dumps(record_of(WHOLE), allow_nan=False))) == WHOLE
    assert str(read(Part, record_of(Part(nan, 2)))) == str(Part(nan, 2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 3}, "Expected a str as whole, name. Received: 3"),
        ({"parts": {}}, "Expected a list as whole, parts. Received: {}"),
        ({"parts": [{"size": 1}]}, r"Expected a value as whole, parts\[0\], at. Received: None"),
        ({"parts": [{"size": True, "at": 1}]}, r"Expected a float as whole, parts\[0\], size"),
        ({"parts": [{"size": 1, "at": "1"}]}, r"Expected a int \| None as whole, parts\[0\], at"),
        ({"pair": [1]}, "Expected 2 of them as whole, pair"),
        ({"way": "left"}, "Expected one of up, down as whole, way. Received: left"),
        ({"about": {"x": []}}, r"Expected a float as whole, about.x. Received: \[\]"),
        ({"more": 1}, "Expected no more than name, .* as whole. Received: more"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Mismatch, match=message):
        read(Whole, {**record_of(WHOLE), **changes}, "whole")
