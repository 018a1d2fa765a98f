"""Drift as HTML: an arm's page for Allure's description, and two baselines on one page."""

from __future__ import annotations

from html import escape

from training_claims.reports.drift.baseline import Baseline
from training_claims.reports.drift.rule import WORST_FIRST, ArmDrift, SuiteDrift
from training_claims.reports.drift.table import HEADER, WORDS, alert_line, cells, rows
from training_claims.reports.page.elements import Markup, div, element, fold, image, small, table
from training_claims.reports.page.figures import Picture, draw_drift

SIGNS = {
    "drifted": ("213,94,0", "✘"),
    "inconclusive": ("230,159,0", "?"),
    "stable": ("0,158,115", "✔"),
}


def arm_page(drift: ArmDrift, picture: Picture, baseline: Baseline) -> str:
    """The whole page of an arm. Text from names and files is escaped."""
    return div(
        "max-width:1240px;line-height:1.4",
        _arm(drift, picture),
        fold(
            f"Baseline {baseline.name}",
            table([], [list(pair) for pair in baseline.provenance.items()], words=2),
        ),
    )


def comparison_page(suite: SuiteDrift) -> str:
    """A page of its own: counts, provenance and what moved most, then arm by arm."""
    title = f"{suite.before.name} → {suite.now.name}"
    counts = ", ".join(
        f"{sum(arm.outcome == outcome for arm in suite.arms)} {outcome}" for outcome in WORST_FIRST
    )
    alert = [small(line) for line in alert_line(suite.arms)]
    body = div(
        "max-width:1240px;margin:auto;line-height:1.4;font-family:sans-serif;padding:12px",
        element("h1", "font-size:20px", title),
        div("font-size:16px;font-weight:600", f"{counts} of {len(suite.arms)} arms"),
        *alert,
        *(small(reason) for reason in suite.left_out),
        _provenance(suite),
        table(HEADER, rows(suite.arms), words=WORDS),
        *(_arm(each.drift, draw_drift(each.before, each.now, each.drift)) for each in suite.pairs),
    )
    return f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>{body}'


def _arm(drift: ArmDrift, picture: Picture) -> Markup:
    colour, sign = SIGNS[drift.outcome]
    ground = f"background:rgba({colour},.16);border-left:6px solid rgb({colour})"
    before, now = drift.seeds
    curves = f"Curves as a whole: p = {drift.curves_p:.2g}, by permutation, not corrected"
    return div(
        "margin:14px 0",
        div(
            f"padding:8px 14px;border-radius:8px;{ground}",
            div("font-size:18px;font-weight:700", f"{sign} {drift.arm} {drift.outcome}"),
            small(f"{drift.data}; {now} new seeds against {before} of the baseline. {curves}."),
        ),
        div("max-width:900px;margin:8px 0", image(picture.svg, picture.alt)),
        table(HEADER[1:], [cells(each) for each in drift.shifts]),
        small(f"Read by claims {', '.join(drift.claims)}"),
    )


def _provenance(suite: SuiteDrift) -> Markup:
    sides = (suite.before.provenance, suite.now.provenance)
    names = dict.fromkeys(name for side in sides for name in side)
    rows = [[name, *(side.get(name, "") for side in sides)] for name in names]
    return fold("Versions and data", table(["", "before", "now"], rows, words=3))
