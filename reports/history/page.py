"""A history as a page of its own: what changed, then each series over the versions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite

from training_claims.evidence.intervals import Interval, median_interval
from training_claims.evidence.region import Differences
from training_claims.reports.history.bisection import Change
from training_claims.reports.history.change import ERROR
from training_claims.reports.history.changes import PLANNED
from training_claims.reports.history.series import Followed
from training_claims.reports.history.versions import sources
from training_claims.reports.page.elements import Markup, div, element, fold, image, small, table
from training_claims.reports.table import interval, signed

WIDTH, HEIGHT, EDGE = 900, 150, 14  # of a figure, in its own units
INK, CHANGED = "#0072b2", "#d55e00"


def page(found: Sequence[Followed]) -> str:
    """The page, as HTML."""
    changed = [each for each in found if each.changes]
    rest = [each for each in found if not each.changes]
    title = "History of claims and arms"
    rule = (
        f"{len(changed)} of {len(found)} series changed. Were nothing to change, {len(found)} "
        f"series over {PLANNED} versions would show a change on this page with a probability of "
        f"{ERROR:g} at most."
    )
    body = div(
        "max-width:1240px;margin:auto;line-height:1.4;font-family:sans-serif;padding:12px",
        element("h1", "font-size:20px", title),
        small(rule),
        *(_block(each) for each in changed),
        *(fold(f"{each.series.name}: no change", _block(each)) for each in rest),
    )
    return f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>{body}'


def _block(each: Followed) -> Markup:
    series = each.series
    spans = [_interval(sample.values) for sample in each.samples]
    rows = [
        [
            f"TensorFlow {by.tensorflow}, Keras {by.keras}",
            next((change.kind for change in each.changes if change.new == at), ""),
            interval(sample.median, span.low, span.high, series.unit),
            f"{sample.wins} of {len(sample)}" if series.direction else str(len(sample)),
        ]
        for at, (by, sample, span) in enumerate(zip(each.trained, each.samples, spans, strict=True))
    ]
    by = each.trained[-1]
    return div(
        "margin:14px 0",
        div("font-size:16px;font-weight:700", series.name),
        small(f"{series.what}. {by.device}, NumPy {by.numpy}, Python {by.python}, data {by.data}."),
        *(_change(each, change) for change in each.changes),
        image(_figure(each, spans), f"{series.name}: {series.what}, over {len(rows)} versions"),
        table(["version", "changed", "median [interval]", "seeds"], rows, words=2),
    )


def _change(each: Followed, change: Change) -> Markup:
    """What changed, and where to read what the version brought."""
    pins = [
        f"tensorflow=={by.tensorflow} keras=={by.keras}"
        for by in (each.trained[change.old], each.trained[change.new])
    ]
    found = [f'<a href="{escape(address)}">{escape(address)}</a>' for address in sources(*pins)]
    told = element("span", f"color:{CHANGED};font-weight:600;padding-right:8px", each.told(change))
    return div("font-size:14px", told, *(Markup(f"{link} ") for link in found))


def _interval(values: Sequence[float]) -> Interval:
    return median_interval(Differences.of(values))


def _figure(each: Followed, spans: Sequence[Interval]) -> str:
    """Medians in their intervals, one a version, as SVG; what is not finite is left out."""
    ends = [x for span in spans for x in span[:2] if isfinite(x)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    scale = (HEIGHT - 2 * EDGE) / ((high - low) or 1.0)
    step = WIDTH / len(spans)
    changed = {change.new for change in each.changes}
    drawn = []
    for at, (span, sample) in enumerate(zip(spans, each.samples, strict=True)):
        x = step * (at + 0.5)
        if at in changed:
            drawn.append(
                _line(x - step / 2, 0, x - step / 2, HEIGHT, CHANGED, 'stroke-dasharray="4"')
            )
        if isfinite(span.low) and isfinite(span.high):
            bottom, top = (HEIGHT - EDGE - (y - low) * scale for y in span[:2])
            drawn.append(_line(x, bottom, x, top, INK, 'stroke-width="3" stroke-opacity=".4"'))
        if isfinite(sample.median):
            y = HEIGHT - EDGE - (sample.median - low) * scale
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{INK}"/>')
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    told = f'<text x="4" y="12" font-size="11">{signed(high)}</text>'
    told += f'<text x="4" y="{HEIGHT - 3}" font-size="11">{signed(low)}</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{told}{"".join(drawn)}</svg>'


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, more: str) -> str:
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {ends} stroke="{colour}" {more}/>'
