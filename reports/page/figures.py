"""The figures of a claim. Nothing else in the project imports Matplotlib.

Colours are Okabe and Ito's, which colour-blind readers tell apart. Figures have a white ground of
their own, so that they read alike on a dark page, on a light one and on paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from training_claims.evidence.intervals import median
from training_claims.evidence.statistic import Statistic
from training_claims.evidence.verdict import Verdict
from training_claims.experiment import Experiment
from training_claims.hooks import Judgement
from training_claims.reports.drift.baseline import SavedArm, SavedStatistic
from training_claims.reports.drift.rule import ArmDrift
from training_claims.runs.history import Runs

Curves = NDArray[np.float64]

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
INK, FAINT, WIN, LOSS, TIE = "#2b303a", "#c9ced6", "#0072b2", "#d55e00", "#8a919c"
COLOURS = {1: WIN, 0: TIE, -1: LOSS}
FAINT_POINTS = 500  # of all single seeds together; a few more bytes each than digits
LOG_RATIO = 30.0
MOST_ARMS = 6  # are drawn and listed; a claim on estimators has dozens, all of a kind
LONG_NAME = 22  # letters, of which two do not fit beside each other
HEIGHT, CURVES_WIDTH, STRIP_WIDTH = 2.75, 4.3, 3.0  # inches: text stays legible on a phone
STRIP = (0.17, 0.17, 0.79, 0.68)  # its axes; to have them laid out takes as long as to draw them
QUOTES = str.maketrans("\"'", "'\"")  # an address holds ' as it is, and " as %22
NUMBER = re.compile(r"-?\d+\.\d{2,}")
# What Matplotlib writes and no one needs: half of a small figure.
NEEDLESS = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>"
    r"|(?<=<g) id=\"[^\"]*\"| transform=\"rotate\(-0 [^\"]*\)\"|font-family:[^;\"]*; ",
    re.DOTALL,
)
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#9aa1ab",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e8eaee",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "claims",
}


@dataclass(frozen=True)
class Picture:
    """A figure as SVG text, with what it shows in words for who cannot see it."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Figures:
    """A claim's differences by seed, and the learning curves that it reads, if any."""

    curves: Picture | None
    strip: Picture


def draw(judgement: Judgement) -> Figures:
    """Draw a claim's figures."""
    with mpl.rc_context(STYLE):
        strip = Figure(figsize=(STRIP_WIDTH, HEIGHT))
        _draw_strip(strip.add_axes(STRIP), judgement.verdict)
        told = Picture(_svg(strip), _strip_alt(judgement.verdict))
        if not metrics_of(judgement):
            return Figures(None, told)
        curves = Figure(figsize=(CURVES_WIDTH, HEIGHT), layout="constrained")
        _draw_curves(curves, judgement)
        return Figures(Picture(_svg(curves), _curves_alt(judgement)), told)


def draw_drift(before: SavedArm, now: SavedArm, drift: ArmDrift) -> Picture:
    """Draw an arm's curves before and now, and each seed's value of what moved most."""
    moved = drift.shifts[0].statistic if drift.shifts else ""
    sides = {"before": before, "now": now}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(5, 4))
        metric = _metric_of(before, now, moved)
        for place, (name, arm) in enumerate(sides.items()):
            label = f"{name}: {len(arm.seeds)} seeds{_lost(arm.curves[metric])}"
            _draw_side(left, _finite(arm.curves[metric]), label, place)
        _scale(left, [arm.curves[metric] for arm in sides.values()])
        left.set_xlabel("epoch")
        left.set_title(metric, loc="left", fontsize=10, fontweight="bold")
        left.legend()
        for saved in (each for each in before.statistics if each.name == moved):
            values = [each.values for each in now.statistics if each.name == moved]
            _draw_values(right, saved, values[0])
        return Picture(_svg(figure), f"{metric} of {drift.arm} by epoch. {drift.headline}.")


def metrics_of(judgement: Judgement) -> list[str]:
    """The curves that a claim is read off, at most two; validation loss if it names none.

    None where there is no validation loss: numbers of all kinds, which no axis fits.
    """
    sides = (judgement.comparison.left, judgement.comparison.right)
    named = [side.metric for side in sides if isinstance(side, Statistic) and side.metric]
    recorded = judgement.runs[0].history.metrics
    named = [name for name in dict.fromkeys(named) if name in recorded]
    return named[:2] or ["val_loss"] * ("val_loss" in recorded)


def overfits_from(run: Runs) -> int | None:
    """The epoch, from 1, at which an arm starts to overfit; None if it does not.

    That is where the median validation loss is least, if afterwards it rises by more than most
    seeds differ there while the training loss still falls.
    """
    if not {"loss", "val_loss"} <= run.history.metrics.keys():
        return None
    low, middle, high = _quantiles(run.history["val_loss"], 0.1, 0.5, 0.9)
    training = _quantiles(run.history["loss"], 0.5)[0]
    if np.isnan(middle[-1]):
        return None
    start = int(np.nanargmin(middle))
    rises = middle[-1] - middle[start] > high[start] - low[start]
    return start + 1 if rises and training[-1] < training[start] else None


def _draw_curves(figure: Figure, judgement: Judgement) -> None:
    metrics = metrics_of(judgement)
    for axes, metric in zip(np.ravel(figure.subplots(1, len(metrics))), metrics, strict=True):
        places = [
            place for place, run in enumerate(judgement.runs) if metric in run.history.metrics
        ]
        for place in places[:MOST_ARMS]:
            _draw_arm(axes, judgement.runs[place], metric, place)
        _scale(axes, [judgement.runs[place].history[metric] for place in places[:MOST_ARMS]])
        arms = [judgement.runs[place].arm for place in places]
        axes.set_xlabel("number" if isinstance(arms[0], Experiment) else "epoch")
        some = f", {MOST_ARMS} of {len(places)} arms" if len(places) > MOST_ARMS else ""
        axes.set_title(f"{metric}{some}", loc="left", fontsize=9, fontweight="bold")
        axes.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 if max(map(len, labels)) > LONG_NAME else 2
    figure.legend(handles, labels, loc="outside lower left", ncols=columns)


def _draw_arm(axes: Axes, run: Runs, metric: str, place: int) -> None:
    """Median and central 80 % of seeds over some single ones, and where overfitting starts."""
    curves = _finite(run.history[metric])
    epochs = np.arange(1, curves.shape[1] + 1)
    colour = PALETTE[place % len(PALETTE)]
    stride = 1 + curves.shape[1] // 60
    shown = max(3, FAINT_POINTS // (4 * len(epochs[::stride])))
    few = np.pad(curves[:shown, ::stride], ((0, 0), (0, 1)), constant_values=np.nan)
    along = np.tile(np.append(epochs[::stride], np.nan), len(few))  # one path: NaN lifts the pen
    axes.plot(along, few.ravel(), color=colour, alpha=0.3, linewidth=0.6)
    start = overfits_from(run)
    label = f"{run.arm.name} (overfits from epoch {start})" if start else run.arm.name
    middle = _draw_side(axes, curves, label + _lost_of(run, metric), place)
    if start and metric.startswith("val_"):
        axes.plot(start, middle[start - 1], "o", color=colour, mec="white", ms=8)


def _draw_side(axes: Axes, curves: Curves, label: str, place: int) -> Curves:
    """Median and central 80 % of seeds; the median."""
    epochs = np.arange(1, curves.shape[1] + 1)
    colour, dash = PALETTE[place % len(PALETTE)], DASHES[place % len(DASHES)]
    low, middle, high = _quantiles(curves, 0.1, 0.5, 0.9)
    axes.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(epochs, middle, color=colour, linestyle=dash, linewidth=2, label=label)
    return np.asarray(middle)


def _draw_values(axes: Axes, before: SavedStatistic, now: Sequence[float]) -> None:
    """A dot a seed, in two rows, and how far the median may move."""
    middle = median(before.values)
    if np.isfinite(middle):
        ends = middle - before.margin, middle + before.margin
        axes.axvspan(*ends, color=FAINT, alpha=0.5, linewidth=0)
    for row, values in enumerate((before.values, now)):
        shown = _finite(np.array(values))
        heights = row + np.linspace(-0.3, 0.3, len(shown))
        axes.scatter(shown, heights, color=PALETTE[row], s=14, linewidths=0)
        lost = len(shown) - int(np.isfinite(shown).sum())
        if lost:
            told = f"diverged in {lost} of {len(shown)}"
            axes.text(0.99, row, told, ha="right", transform=_rows(axes))
    axes.set_yticks([0, 1], ["before", "now"])
    axes.set_ylim(1.5, -0.5)
    axes.set_title(f"{before.name}\n(shade: margin)", loc="left", fontsize=9)
    axes.set_xlabel(before.unit)


def _rows(axes: Axes) -> Transform:
    """Across the axes by fractions, down them by rows."""
    return axes.get_yaxis_transform()


def _metric_of(before: SavedArm, now: SavedArm, statistic: str) -> str:
    """The curve that a statistic is read off; validation loss, or the first, if there is none."""
    measure = next((each.measure for each in before.statistics if each.name == statistic), None)
    named = (str(getattr(measure, "metric", "")), "val_loss", *before.curves)
    return next(name for name in named if name in before.curves and name in now.curves)


def _scale(axes: Axes, curves: Sequence[Curves]) -> None:
    """A log axis where finite values span orders of magnitude, as exploding losses do."""
    values = np.concatenate([np.ravel(curve) for curve in curves])
    values = values[np.isfinite(values)]
    sizes = values[values > 0] if (values >= 0).all() else np.ones(1)  # signed: no orders to tell
    if sizes.size and np.percentile(sizes, 98) > LOG_RATIO * np.percentile(sizes, 2):
        axes.set_yscale("log", nonpositive="clip")
    if not values.size:
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center")


def _draw_strip(axes: Axes, verdict: Verdict) -> None:
    """Each seed's difference as a dot, in increasing order, with median, interval and margin."""
    values = np.array(verdict.differences.values)
    order = np.argsort(values, kind="stable")
    scores = np.array(verdict.region.scores(verdict.differences))[order]
    values, colours = values[order], [COLOURS[score] for score in scores]
    edge = _edge(values, verdict)
    shown = np.clip(values, -edge, edge)
    rows = np.arange(1, len(values) + 1)
    low, high, _ = verdict.median_interval
    axes.axvspan(*np.clip([low, high], -edge, edge), color="#56b4e9", alpha=0.25, linewidth=0)
    if not np.isnan(verdict.median):
        axes.axvline(float(np.clip(verdict.median, -edge, edge)), color=INK, linewidth=1.6)
    for side in verdict.region.sides:
        axes.axvline(side.threshold, color=LOSS, linestyle=(0, (4, 2)), linewidth=1.3)
    axes.axvline(0, color="#9aa1ab", linewidth=0.8)
    axes.scatter(shown, rows, c=colours, s=26, edgecolors="white", linewidths=0.6, zorder=3)
    middle = max(verdict.margin, _middle_size(values))
    if 0 < LOG_RATIO * middle < edge:
        axes.set_xscale("symlog", linthresh=middle)
    ends = axes.get_xlim()
    axes.axvspan(*_winning(verdict, ends), color=WIN, alpha=0.07, linewidth=0)
    axes.set_xlim(ends)
    axes.set_yticks([1, len(values)])
    axes.set_ylabel("seeds, in order")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"difference{f' [{verdict.unit}]' if verdict.unit else ''}")
    axes.set_title(_strip_title(verdict), loc="left", fontsize=8)
    axes.locator_params(axis="x", nbins=5) if axes.get_xscale() == "linear" else None


def _winning(verdict: Verdict, ends: tuple[float, float]) -> tuple[float, float]:
    """Where a seed wins, as far as the axis goes."""
    low, high = ends
    for side in verdict.region.sides:
        low, high = (side.threshold, high) if side.sign > 0 else (low, side.threshold)
    return low, max(low, high)


def _strip_title(verdict: Verdict) -> str:
    level = f"{verdict.median_interval.coverage:.0%}"
    return f"median (black), {level} interval (blue),\nmargin (dashed), a win (shaded)"


def _edge(values: Curves, verdict: Verdict) -> float:
    """Where infinite differences are drawn: a little outside all others."""
    finite = np.abs(values[np.isfinite(values)])
    return 1.1 * max(float(finite.max(initial=0)), 2 * verdict.margin) or 1.0


def _middle_size(values: Curves) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(np.median(finite)) if finite.size else 0.0


def _quantiles(curves: Curves, *levels: float) -> Curves:
    """Quantiles over seeds, (levels, epochs), of what is finite; NaN in an epoch without any."""
    curves = _finite(curves)
    known = np.isfinite(curves).any(axis=0)
    found = np.full((len(levels), curves.shape[1]), np.nan)
    if known.any():
        found[:, known] = np.nanquantile(curves[:, known], levels, axis=0)
    return found


def _lost(curves: Curves) -> str:
    """What a median over finite values leaves out: runs that diverged, or were stopped."""
    lost = int((~np.isfinite(curves[:, -1])).sum())
    return f", {lost} of {len(curves)} not finite at the end" if lost else ""


def _lost_of(run: Runs, metric: str) -> str:
    """As `_lost`, but that an experiment fills up with NaN what has fewer numbers."""
    curves = run.history[metric]
    if isinstance(run.arm, Experiment):
        lost = np.isnan(curves).all(axis=1) | np.isinf(curves).any(axis=1)
        curves = np.where(lost, np.nan, 0.0)[:, None]
    return _lost(curves)


def _finite(curves: Curves) -> Curves:
    return np.where(np.isfinite(curves), curves, np.nan)


def _svg(figure: Figure) -> str:
    """SVG text with coordinates to a tenth of a point, and its font named once."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    tags = re.sub(r"<[^>]*>", _short, NEEDLESS.sub("", text.getvalue()))
    fonts = ",".join(f"'{name}'" for name in STYLE["font.sans-serif"])
    style = f"*{{font-family:{fonts},sans-serif;"
    return re.sub(r">\s+<", "><", tags).strip().replace("*{", style, 1)


def _short(tag: re.Match[str]) -> str:
    """A tag with coordinates to a tenth; in a path of lines alone, what follows M is a line."""
    text = re.sub(r"([:;]) ", r"\1", NUMBER.sub(_tenth, tag[0]))
    text = text if re.search(r"[CQ] ", text) else re.sub(r"\s+L ", " ", text)
    return text.translate(QUOTES)


def _tenth(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _curves_alt(judgement: Judgement) -> str:
    names = ", ".join(run.arm.name for run in judgement.runs[:MOST_ARMS])
    return (
        f"Learning curves of {' and '.join(metrics_of(judgement))} for {names}: "
        "median over seeds, band from the 10th to the 90th percentile, single seeds faint."
    )


def _strip_alt(verdict: Verdict) -> str:
    wins, ties, losses = verdict.tally
    told = f" {verdict.diverged.capitalize()}." if verdict.diverged else ""
    return (
        f"Differences of {len(verdict.seeds)} seeds against the margin {verdict.margin:g}: "
        f"{wins} beyond it, {ties} tied, {losses} not.{told}"
    )
