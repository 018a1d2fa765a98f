"""A claim's page, as HTML for Allure's description: verdict, numbers and curves on one screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import compress
from textwrap import shorten

import numpy as np

from training_claims.condition import Condition
from training_claims.evidence.statistic import Statistic
from training_claims.evidence.verdict import Verdict
from training_claims.hooks import Judgement
from training_claims.reports.page.elements import Markup, div, element, image, small, table
from training_claims.reports.page.figures import (
    MOST_ARMS,
    PALETTE,
    Figures,
    metrics_of,
    overfits_from,
)
from training_claims.reports.page.folds import folds
from training_claims.reports.table import effect, plain
from training_claims.runs.history import Runs

SIGNS = {
    "supported": ("0,158,115", "✔"),
    "refuted": ("213,94,0", "✘"),
    "inconclusive": ("230,159,0", "?"),
}
ROW = "display:flex;flex-wrap:wrap"
BANNER = f"{ROW};gap:2px 18px;align-items:center;padding:6px 8px 6px 10px;border-radius:8px"


def page(judgement: Judgement, figures: Figures, prospects: str | None = None) -> str:
    """The whole page below its title, the claim. Text from names, messages and data is escaped.

    Args:
        judgement: The claim as decided.
        figures: Its figures.
        prospects: What is known of the claim's power, if something is.
    """
    return div(
        "max-width:1240px;line-height:1.4",
        _banner(judgement.verdict),
        *_known(judgement),
        div(
            f"{ROW};align-items:flex-start;gap:10px;margin:8px 0",
            *_figures(figures),
        ),
        _arms(judgement),
        *folds(judgement, prospects),
    )


def _figures(figures: Figures) -> Iterable[Markup]:
    """Curves and strip side by side and of one height; a strip alone as small as can be read."""
    widest = 360
    if figures.curves:
        shown = image(figures.curves.svg, figures.curves.alt)
        yield div("flex:43 1 300px;max-width:720px", shown)
        widest = 500
    shown = image(figures.strip.svg, figures.strip.alt)
    yield div(f"flex:30 1 210px;max-width:{widest}px", shown)


def _wins(verdict: Verdict) -> str:
    return f"{verdict.tally.wins} of {len(verdict.seeds)} seeds"


def _banner(verdict: Verdict) -> Markup:
    colour, sign = SIGNS[verdict.outcome]
    facts = (_fact(top, below) for top, below in _facts(verdict))
    ground = f"background:rgba({colour},.16);border-left:6px solid rgb({colour})"
    word = div("font-size:18px;font-weight:700", f"{sign} {verdict.outcome}")
    return div(f"{BANNER};{ground}", word, *facts)


def _known(judgement: Judgement) -> Iterable[Markup]:
    """Where it is reported that the claim is wrong upstream, if it is."""
    if judgement.known:
        told = "fixed" if judgement.verdict else "known"
        yield div("padding:6px 10px", f"{told} upstream: {judgement.known}")


def _facts(verdict: Verdict) -> Iterable[tuple[str, str]]:
    ties, (low, high, level) = verdict.tally.ties, verdict.win_interval
    tied = f", {ties} tie{'s' * (ties == 1)}" if ties else ""
    two_sided = verdict.region.direction == "equivalent"
    meaning = "closer to 0 than this" if two_sided else "more than this"
    yield effect(verdict), f"median difference, {verdict.median_interval.coverage:.0%} interval"
    yield f"{_wins(verdict)} win{tied}", f"P(win) {low:.2f} to {high:.2f}, {level:.0%} interval"
    if verdict.pairs_won:
        yield f"{verdict.pairs_won} win", "by their mean; signed ranks decide"
    yield f"margin {verdict.margin:g} {verdict.unit}", f"a seed wins if {meaning}"


def _fact(top: str, below: str) -> Markup:
    return div("", div("font-weight:600;font-size:13px", top), small(below))


def _arms(judgement: Judgement) -> Markup:
    """Median, SD and range over seeds: of each statistic, and of each arm's last epoch if more."""
    comparison, by_arm = judgement.comparison, {run.arm: run for run in judgement.runs}
    rows = []
    for side in (comparison.left, comparison.right):
        if isinstance(side, Statistic):
            rows += _side(judgement, side, by_arm)
        else:
            rows.append(["reference", "", plain(side), "", "", "", ""])
    header = ["arm", "statistic", "median", "SD", "range", "n", "overfits from"]
    names = list(dict.fromkeys(row[1] for row in rows if row[1]))
    several, overfits = len(names) > 1, any(row[-1] for row in rows)
    told = [True, several, *[True] * 4, overfits]  # a column that says something
    header, *rows = ([*compress(row, told)] for row in (header, *rows))
    if several:
        return table(header, rows, words=2)
    return div("", small(f"{names[0]}, over seeds"), table(header, rows))


def _side(
    judgement: Judgement, side: Statistic, by_arm: Mapping[Condition, Runs]
) -> list[list[str]]:
    runs = [by_arm[arm] for arm in side.arms]
    spread = _spread(side.values(by_arm))
    if len(runs) == 1:
        return [[_named(judgement, runs[0]), side.name, *spread, _start(runs[0])]]
    rows = [_last_epoch(judgement, run) for run in runs[:MOST_ARMS]]
    if len(runs) > MOST_ARMS:
        rows.append([f"{len(runs) - MOST_ARMS} more arms", "", "", "", "", "", ""])
    return [["together", side.name, *spread, ""], *rows]


def _last_epoch(judgement: Judgement, run: Runs) -> list[str]:
    metric = next(iter(metrics_of(judgement) or run.history.metrics))
    values = run.history[metric][:, -1]
    return [_named(judgement, run), f"{metric} of the last epoch", *_spread(values), _start(run)]


def _named(judgement: Judgement, run: Runs) -> Markup:
    """An arm's name after a spot of its curves' colour."""
    colour = PALETTE[judgement.runs.index(run) % len(PALETTE)]
    name = shorten(run.arm.name, 60, placeholder=" ...")  # whole below: here it would hide numbers
    return Markup(element("span", f"color:{colour}", "■ ") + element("span", "", name))


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    finite = values[np.isfinite(values)]
    lost, count = len(values) - len(finite), str(len(values))
    if lost:
        count = f"{len(finite)}, diverged in {lost} of {len(values)}"
    if not len(finite):
        return ["", "", "", count]
    spread = plain(float(np.std(finite, ddof=1)), 2) if len(finite) > 1 else ""
    low, middle, high = (plain(value) for value in np.quantile(finite, (0, 0.5, 1)))
    return [middle, spread, f"{low} to {high}", count]


def _start(run: Runs) -> str:
    if "val_loss" not in run.history.metrics:
        return ""
    start = overfits_from(run)
    return f"epoch {start}" if start else "not yet"
