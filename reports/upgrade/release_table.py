"""The page of what claims were found to be under releases of Keras and TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from training_claims.reports.markdown import literal, table
from training_claims.reports.upgrade.release_record import NOT_YET, Record, Release

# Of errors, those that say that a release lacks what a claim asks for.
LACKING = ("AttributeError", "ImportError", "ModuleNotFoundError", "TypeError", "not collected")
SIGNS = {
    "supported": "✓",
    "refuted": "**✗**",
    "inconclusive": "?",
    "not there": "-",
    "fails": "!",
    "": "",
}
CHANGES = ("release", "claim", "before", "now", "told of this claim in public")
RELEASES = ("release", "ran on, or why not", "supported", "refuted", "inconclusive", "no verdict")
VERDICTS = ("supported", "refuted", "inconclusive")
KERAS = "https://github.com/keras-team/keras"
# Where claims' changes are told in public, by their files and names; of others their mark says it.
TOLD = {
    f"{KERAS}/issues/20136": ("joining.named",),
    f"{KERAS}/issues/22625": ("outputs.metrics",),
    f"{KERAS}/pull/17632": (
        "checkpoints.checkpoint[ModelCheckpoint with save_freq saves after so many batches]",
    ),
    f"{KERAS}/issues/18759, {KERAS}/pull/18921": (
        "normalization.batch_frozen",
        "normalization.batch_moving",
        "normalization.batch_training",
    ),
    f"{KERAS}/issues/18949, {KERAS}/pull/18972": ("optimizer_options.overwritten",),
    f"{KERAS}/pull/19363": (
        "callbacks.logs",
        "evaluation.evaluate",
        "evaluation.evaluate_again",
        "loop.steps_per_epoch",
        "penalties.in_loss[add_loss]",
        "reported.loss_of_ranks",
        "reported.mean_over_examples",
        "validation.split_values",
        "weights.class_weight_in_loss",
        "weights.class_weight_in_validation",
        "weights.sample_weight_in_values",
        "weights.validated",
    ),
    f"{KERAS}/pull/19998": ("optimizer_options.accumulation",),
    f"{KERAS}/pull/20533, {KERAS}/pull/22967": ("early_stopping.twice",),
    f"{KERAS}/pull/20656, {KERAS}/pull/20663": (
        "recurrent_gates.gates_apart",
        "recurrent_gates.gates_kept",
        "recurrent_gates.gates_share",
    ),
    f"{KERAS}/pull/21149": ("activations.options",),
    f"{KERAS}/pull/21438": ("normalization.half",),
    f"{KERAS}/issues/21483, {KERAS}/pull/21595": (
        "attention.attention[AdditiveAttention]",
        "attention.attention[Attention]",
    ),
    f"{KERAS}/pull/21850": ("attention.in_half",),
    f"{KERAS}/pull/21874": ("initializers.repeats",),
    f"{KERAS}/pull/21908": ("reductions.all_masked",),
    f"{KERAS}/pull/21946": ("joining.left",),
    f"{KERAS}/pull/22021": (
        "penalties.each",
        "penalties.eagerly",
        "penalties.in_loss[nested and shared layers]",
        "penalties.in_loss[weights and outputs]",
    ),
    f"{KERAS}/pull/22617": ("reported.on_batch",),
    f"{KERAS}/pull/22967": ("callbacks.plateau_again",),
    f"{KERAS}/pull/23029": ("restored.revived",),
    "reported nowhere that we found": (
        "augmentation.contrast_law",
        "losses.ctc",
        "optimizer_options.rescaled",
        "outputs.own_loss",
        "outputs.step",
        "outputs.total",
        "reductions.ranks",
        "reported.metrics_of_ranks",
        "restored.restored",
        "saving.mixed[mixed_float16-0.005]",
        "saving.mixed_steps",
        "validation.validation_freq",
        "validation.validation_steps",
        "weights.class_weight",
        "weights.class_weight_in_metrics",
        "weights.masked",
    ),
}


def lines(record: Record) -> Iterator[str]:
    """The page, without its title."""
    decided = [each for each in record.releases if not each.reason]
    families = [[*same] for _, same in groupby(decided, lambda release: release.order[0])]
    yield from (
        f"{len(record.claims)} [contracts](../../claims/contracts/README.md), under {len(decided)} "
        f"of {len(record.releases)} releases so far: `make releases` goes on. Releases of Keras "
        "run on the TensorFlow that the project pins, those of TensorFlow with its Keras.",
        "",
        "## What changed",
        "",
        *table(CHANGES, _changes(record, families)),
        "",
        "## Claims that change",
        "",
        f"{', '.join(f'{sign} {word}' for word, sign in SIGNS.items() if word)}; what has an empty "
        "cell, or is on this page nowhere, is not decided yet.",
        "",
    )
    for family in families:
        yield from (*_matrix(record, family), "")
    yield from ("## The others", "", *_others(record, families), "", "## Releases", "")
    yield from table(RELEASES, _releases(record), words=2)


def kind(found: str) -> str:
    """What was found, in a word or two: a key of `SIGNS`.

    Example:
        >>> [kind(each) for each in ("refuted: +1", "AttributeError: keras has no", "OSError")]
        ['refuted', 'not there', 'fails']
        >>> kind("ValueError: Unrecognized keyword arguments passed to Dense: {'sparse': 1}")
        'not there'
    """
    word = found.partition(":")[0]
    if not found or word in VERDICTS:
        return word
    lacks = word in LACKING or "Unrecognized keyword" in found
    return "not there" if lacks else "fails"


def _changes(record: Record, families: Sequence[Sequence[Release]]) -> Iterator[list[str]]:
    """Each change of a verdict, by release: from the last release before that has one."""
    for family in families:
        last: dict[str, tuple[Release, str]] = {}
        for release in family:
            for name, claim in record.claims.items():
                found = claim.under(release.name)
                if kind(found) not in VERDICTS:
                    continue
                before, once = last.get(name, (release, found))
                last[name] = release, found
                if kind(once) != kind(found):
                    told = _public(name) or claim.known or "not looked for yet"
                    after = f"{release.name}, after {before.order[1]}"
                    yield [after, *map(literal, (claim.statement, once, found)), told]


def _public(name: str) -> str:
    of = {claim: told for told, claims in TOLD.items() for claim in claims}
    return next((told for claim, told in of.items() if name.endswith(f".{claim}")), "")


def _matrix(record: Record, family: Sequence[Release]) -> list[str]:
    """A row for each claim that changes in a package's releases."""
    header = [family[0].order[0], *(str(each.order[1]) for each in family)]
    rows = []
    for claim in record.claims.values():
        kinds = [kind(claim.under(each.name)) for each in family]
        if len({*kinds} - {""}) > 1:
            rows.append([literal(claim.statement), *(SIGNS[each] for each in kinds)])
    return table(header, rows) if rows else []


def _others(record: Record, families: Sequence[Sequence[Release]]) -> list[str]:
    """Of each file, how many claims are the same under all releases of either package."""
    counts: dict[str, Counter[str]] = {}
    for name, claim in record.claims.items():
        kinds = [{kind(claim.under(e.name)) for e in family} - {""} for family in families]
        file = counts.setdefault(name.partition("[")[0].split(".")[-2], Counter())
        changes = any(len(each) > 1 for each in kinds)
        all_ = {word for each in kinds for word in each}
        file["changes" if changes else " and ".join(sorted(all_)) or NOT_YET] += 1
    words = sorted({word for count in counts.values() for word in count})
    rows = [[file, *(str(count[word]) for word in words)] for file, count in counts.items()]
    return table(("file", *words), rows, words=1)


def _releases(record: Record) -> Iterator[list[str]]:
    for release in record.releases:
        found = (kind(claim.under(release.name)) for claim in record.claims.values())
        count = Counter(found)
        rest = count.total() - count[""] - sum(count[word] for word in VERDICTS)
        numbers = [*(count[word] for word in VERDICTS), rest]
        yield [
            release.name,
            literal(release.reason or release.runs_on),
            *(str(each) if count.total() > count[""] else "" for each in numbers),
        ]
