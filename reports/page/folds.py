"""The folded parts of a claim's page: how its runs were made, and how it was decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any, cast

import numpy as np

from training_claims.arm import Arm
from training_claims.condition import Condition
from training_claims.data.data import Data
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.verdict import Verdict
from training_claims.hooks import Judgement
from training_claims.losses import Loss
from training_claims.metrics import Metric
from training_claims.reports.page.elements import Markup, div, fold, preformatted, table
from training_claims.reports.page.figures import MOST_ARMS
from training_claims.runs.history import Runs
from training_claims.values.curve import Callback, Curve

SEED = (
    "A seed changes the initial weights, the order of batches, dropout masks and how a transform "
    "is dealt. Arms share a seed's batch order and deal, so that their difference pairs."
)
P_WIN = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def folds(judgement: Judgement, prospects: str | None) -> Iterator[Markup]:
    """Protocol, looks, power, error rates and source, each folded."""
    verdict = judgement.verdict
    yield fold("Protocol", *_protocol(judgement))
    yield fold("Looks", _looks(verdict), div("", f"The claim as decided: {verdict.wording}."))
    yield fold("Power and smallest detectable effect", *_power(verdict, prospects))
    yield fold("Error rates and estimates", _errors(verdict))
    yield fold("Source", div("", f"Chapter section: {judgement.source}."))


def _protocol(judgement: Judgement) -> Iterator[Markup]:
    yield div("", f"{SEED} The verdict took {judgement.seconds:.1f} s, training included.")
    printed: dict[str, str] = {}
    for run in judgement.runs[:MOST_ARMS]:
        yield div("font-weight:600;margin-top:8px", run.arm.name)
        rows = [*_settings(run.arm), ("trained by", run.trained_by)]
        yield table([], [[*row] for row in rows if row[1]], words=2)
        if isinstance(run.arm, Arm):
            text = model_text(run.arm)
            unnumbered = re.sub(r"_\d+| +|[─━]+", "", text)  # Keras counts models and layers
            first = printed.setdefault(unnumbered, run.arm.name)
            same = div("", f"Model: that of {first}.")
            yield preformatted(text) if first == run.arm.name else same
    if len(judgement.runs) > MOST_ARMS:
        yield div("", f"{len(judgement.runs) - MOST_ARMS} more arms, all in the CSV file.")
    yield fold("What trained", *(_environment(judgement.runs)))


def _settings(arm: Condition) -> Iterator[tuple[str, str]]:
    """An arm's values as they are stated, without those that say nothing."""
    for field in fields(cast("Any", arm)):
        value = getattr(arm, field.name)
        if field.name != "name" and value not in (None, "", (), 0):
            yield field.name.replace("_", " "), _told(value)
    if isinstance(arm, Arm):
        yield "digest", arm.data.digest
    yield "fingerprint", arm.fingerprint()


def _told(value: object) -> str:
    """A value in a line: parts beside each other, those of outputs after their names."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_told(each)}" for name, each in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_told, value))
    if isinstance(value, Loss | Metric | Callback):
        unit = getattr(value, "unit", "")
        return _told(value.build) + f" [{unit}]" * bool(unit)
    if isinstance(value, Curve):
        return f"{value.name} ({value.better} is better)"
    return value if isinstance(value, str) else repr(value)


def model_text(arm: Arm) -> str:
    """The summary that Keras prints of an arm's model."""
    model, lines = arm.model.build(), list[str]()
    if isinstance(arm.data, Data):
        (x, *_), _ = arm.data.draw(0).select(np.arange(1), training=1).parts()
        with suppress(Exception):  # else the summary is one of a model that is not built
            model(x)
    model.summary(print_fn=lines.append, line_length=72)
    return "\n".join(lines)


def _environment(runs: tuple[Runs, ...]) -> list[Markup]:
    rows = {(name, value): None for run in runs for name, value in run.environment.items()}
    return [table([], list(rows), words=2)]


def _looks(verdict: Verdict) -> Markup:
    counted = "" if verdict.design.test == "sign" else "pairs: "
    header = ["condition", "outcome", "seeds", f"{counted}wins", "ties", "losses"]
    header += ["supported if wins ≥", "refuted if wins + ties ≤"]
    rows = [
        [look.side, look.outcome, *map(str, (look.seeds, look.wins, look.ties, look.losses))]
        + ["-" if at is None else str(at) for at in (look.support_at, look.refute_at)]
        for look in verdict.looks
    ]
    return table(header, rows, words=2)


def _power(verdict: Verdict, prospects: str | None) -> Iterator[Markup]:
    if prospects:
        yield div("", prospects)
    yield div(
        "",
        f"Smallest effect that this design would support with probability .99, at the spread of "
        f"these differences: {verdict.detectable:.3g} {verdict.unit}",
    )
    yield table(
        ["P(a seed wins)", "supported", "refuted", "mean seeds"], _prospects(verdict.design)
    )


def _prospects(design: GroupSequential) -> list[list[str]]:
    found = ((p, design.power(p)) for p in P_WIN)
    return [
        [f"{p:g}", f"{to.supported:.4f}", f"{to.refuted:.2g}", f"{to.mean_seeds:.1f}"]
        for p, to in found
    ]


def _errors(verdict: Verdict) -> Markup:
    low, high, level = verdict.win_interval
    rows = [
        ["False support, at most", f"{verdict.false_support:.3g}"],
        ["False refutation, at most", f"{verdict.false_refutation:.3g}"],
        [f"P(win), Clopper-Pearson {level:.0%}", f"{low:.3f} to {high:.3f}"],
        ["Hodges-Lehmann difference", _hodges_lehmann(verdict)],
        ["Seeds", _span(verdict.seeds)],
    ]
    return table([], rows)


def _hodges_lehmann(verdict: Verdict) -> str:
    told = f", {verdict.diverged}, taken as 0 where unknown" if verdict.diverged else ""
    return f"{verdict.hodges_lehmann:+.4g} {verdict.unit}".rstrip() + told


def _span(seeds: tuple[int, ...]) -> str:
    whole = seeds == tuple(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))
