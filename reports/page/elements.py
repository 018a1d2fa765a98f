"""Pieces of HTML that Allure 3 leaves as they are: style attributes, tables, folds, images.

Allure removes scripts, style sheets and inline SVG. Colours are half transparent over the page's
own ground, so that dark and light themes read well. `Markup` is HTML; any other text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

READABLE = " '/:;=,.()*{}[]!?@$+|~"  # what an address may hold besides letters and digits


class Markup(str):
    """Text that is HTML already."""


def markup(text: str) -> Markup:
    """Text as HTML: escaped, unless it is HTML already."""
    return text if isinstance(text, Markup) else Markup(escape(text))


def element(name: str, style: str, *inside: str) -> Markup:
    """An element with a style and what it holds."""
    attribute = f' style="{escape(style)}"' if style else ""
    return Markup(f"<{name}{attribute}>{''.join(map(markup, inside))}</{name}>")


def div(style: str, *inside: str) -> Markup:
    """A block."""
    return element("div", style, *inside)


def small(*inside: str) -> Markup:
    """A block of smaller, fainter text."""
    return div("font-size:12px;opacity:.75", *inside)


def image(svg: str, alt: str) -> Markup:
    """SVG as an image that carries its data, on a white ground.

    Not in base64: Allure's single file is in base64 already, which would make it a third longer.
    """
    source = f"data:image/svg+xml,{quote(svg, safe=READABLE)}"
    style = "display:block;width:100%;height:auto;background:#fff;border-radius:8px"
    return Markup(f'<img src="{source}" alt="{escape(alt)}" style="{style}">')


def fold(summary: str, *inside: str) -> Markup:
    """A block that opens at a click on its summary."""
    head = element(
        "summary", "cursor:pointer;font-weight:600;font-size:14px;margin:0;padding:2px 0", summary
    )
    return element("details", "margin:0", head, div("padding:4px 0 6px 16px", *inside))


def preformatted(text: str) -> Markup:
    """Text in columns."""
    return element("pre", "overflow-x:auto;font-size:12px;line-height:1.3;margin:4px 0", text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> Markup:
    """A table whose first `words` columns are text and whose others are numbers.

    A header of no column at all is left out.
    """
    head = element("tr", "", *_cells("th", header, words)) if header else Markup()
    body = (element("tr", "", *_cells("td", row, words)) for row in rows)
    style = "font-size:13px;margin:0;white-space:nowrap;font-variant-numeric:tabular-nums"
    return div("overflow-x:auto;padding-bottom:1px", element("table", style, head, *body))


def _cells(name: str, texts: Sequence[str], words: int) -> Iterator[Markup]:
    """Cells, with short styles since there are many: a first column, other words, then numbers."""
    for place, text in enumerate(texts):
        word = "white-space:normal" if place else "text-align:left"
        style = word if place < words else "text-align:right"
        yield element(name, f"padding:3px 10px;{style}", text)
