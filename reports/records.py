"""Dataclasses as JSON and back: what is written is what their fields say, and what is read fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from training_claims.evidence.verdict import plain

NOT_FINITE = ("nan", "inf", "-inf")

# Readers of types that are no plain ones: (value, place) to what the value says.
Own: TypeAlias = Mapping[Any, Callable[[Any, str], Any]]


class Mismatch(ValueError):
    """A record that is not as its type; it has what was expected where, and what was received."""

    def __init__(self, place: str, expected: str, received: object) -> None:
        super().__init__(f"Expected {expected} as {place}. Received: {received}")
        self.place, self.expected, self.received = place, expected, received


def check(met: bool, place: str, expected: str, received: object) -> None:
    """Raise Mismatch unless something is met."""
    if not met:
        raise Mismatch(place, expected, received)


def record_of(value: Any) -> Any:
    """A dataclass in plain types; numbers that are not finite as the words that `float` reads."""
    return plain(asdict(value))


def read(hint: Any, value: Any, place: str = "", own: Own | None = None) -> Any:
    """What a record says, as a value of a type.

    Args:
        hint: A dataclass, a plain type, a tuple, mapping or literal of such, or a key of `own`.
        value: Plain types, as JSON gives them.
        place: What the value is, in the words of an error.
        own: How to read other types.

    Raises:
        Mismatch: If it is of another type anywhere, or a field is missing or unknown.
    """
    inside = get_args(hint)
    kind = get_origin(hint) or hint
    if own and hint in own:
        return own[hint](value, place)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        _check_fields(value, hints, place)
        return kind(**{n: read(each, value[n], f"{place}, {n}", own) for n, each in hints.items()})
    if kind is tuple:
        check(isinstance(value, list), place, "a list", value)
        hints_of_all = [inside[0]] * len(value) if inside[-1] is ... else inside
        check(len(value) == len(hints_of_all), place, f"{len(hints_of_all)} of them", value)
        pairs = enumerate(zip(hints_of_all, value, strict=True))
        return tuple(read(each, one, f"{place}[{at}]", own) for at, (each, one) in pairs)
    if kind is Mapping:
        check(isinstance(value, dict), place, "a dict", value)
        return {name: read(inside[1], each, f"{place}.{name}", own) for name, each in value.items()}
    if kind is UnionType:
        for each in inside:
            with suppress(Mismatch):
                return read(each, value, place, own)
        raise Mismatch(place, f"a {hint}", value)
    if kind is Literal:
        check(value in inside, place, f"one of {', '.join(inside)}", value)
        return value
    if kind is float:
        with suppress(OverflowError):
            if is_number(value):
                return float(value)
        raise Mismatch(place, "a float", value)
    check(hint is object or type(value) is hint, place, f"a {hint.__name__}", value)
    return value


def is_number(value: Any) -> bool:
    """Whether it is a number or a word for one that is not finite; truth values are none."""
    return type(value) in (int, float) or value in NOT_FINITE


def _check_fields(value: Any, hints: Mapping[str, Any], place: str) -> None:
    check(isinstance(value, dict), place, "a dict", value)
    for name in hints:
        check(name in value, f"{place}, {name}", "a value", None)
    unknown = ", ".join(map(str, value.keys() - hints.keys()))
    check(not unknown, place, f"no more than {', '.join(hints)}", unknown)
