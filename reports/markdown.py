"""Markdown: text that stands as it is, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from training_claims.reading import one_line

# An underscore between letters means nothing.
MEANING = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")


def literal(text: str) -> str:
    """Text that Markdown and the HTML in it leave alone, in one line."""
    return MEANING.sub(r"\\\g<0>", escape(one_line(text, most=None), quote=False))


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int | None = None
) -> list[str]:
    """A table, with cells that hold Markdown; a bar in them ends none.

    Args:
        header: What the columns are called.
        rows: As many cells each.
        words: How many columns are text, before those of numbers; None for all.
    """
    words = len(header) if words is None else words
    rules = ["---" if place < words else "---:" for place in range(len(header))]
    return [f"| {' | '.join(map(_cell, row))} |" for row in (header, rules, *rows)]


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
