"""The folded parts of a claim's page: how its runs were made, and how it was decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training_claims.arm import Arm
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.verdict import Verdict
from training_claims.hooks import Judgement
from training_claims.reports.page.elements import Markup, div, fold, preformatted, table
from training_claims.reports.page.figures import MOST_ARMS
from training_claims.runs.history import Runs

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
        yield table([], [[name, value] for name, value in _settings(run.arm)], words=2)
        text = model_text(run.arm)
        unnumbered = re.sub(r"_\d+| +|[─━]+", "", text)  # Keras counts models and layers
        first = printed.setdefault(unnumbered, run.arm.name)
        yield preformatted(text) if first == run.arm.name else div("", f"Model: that of {first}.")
    if len(judgement.runs) > MOST_ARMS:
        yield div("", f"{len(judgement.runs) - MOST_ARMS} more arms, all in the CSV file.")
    yield fold("What trained", *(_environment(judgement.runs)))


def _settings(arm: Arm) -> Iterator[tuple[str, str]]:
    yield "data", f"{arm.data.name}, {len(arm.data)} examples, digest {arm.data.digest}"
    yield "validation", f"the last {arm.validation_split:.0%}"
    yield "optimizer", optimizer_text(arm.optimizer())
    yield "loss", arm.loss
    yield "batch", str(arm.batch_size)
    yield "epochs", f"{arm.budget}, {arm.steps_per_epoch} steps each"
    yield "fingerprint", arm.fingerprint()


def optimizer_text(optimizer: Any) -> str:
    """A Keras optimizer with its settings, such as "RMSprop(learning_rate=0.001, rho=0.9)"."""
    settings = optimizer.get_config().items()
    told = {
        name: value for name, value in settings if value not in (None, False) and name != "name"
    }
    values = (f"{name}={_number(value)}" for name, value in told.items())
    return f"{type(optimizer).__name__}({', '.join(values)})"


def model_text(arm: Arm) -> str:
    """The summary that Keras prints of an arm's model."""
    model, lines = arm.model(), list[str]()
    model.build((None, *arm.data.draw(0).input_shape))
    model.summary(print_fn=lines.append, line_length=72)
    return "\n".join(lines)


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


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
