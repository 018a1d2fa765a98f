"""`training-claims public-faults`: which contract claims see the public faults of Keras.

Each fault is injected in a process of its own, which decides the claims of the files named here.
The record is `public.json`, `training-claims tables` makes its page. Options for pytest may follow;
runs go to the run store, so that what was cut off goes on where it was.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from training_claims.faults.injection import INJECTABLE
from training_claims.reports.audit.experiment import ExperimentFailed, failures
from training_claims.reports.command_line import Parser, command
from training_claims.session import outputs
from training_claims.status import Status

CONTRACTS = Path("claims/contracts")
RECORD = Path(__file__).with_name("public.json")
# Where each fault is expected to show, files and what they are asked for.
WATCHED = {
    "activity-penalty-summed": "penalties",
    "early-stopping-keeps-its-best": "early_stopping",
    "early-stopping-restores-only-if-stopped": "early_stopping",
    "metrics-run-on-over-batches": "reported",
    "evaluate-updates-metrics-twice": "reported",
    "accuracy-by-outputs-alone": "reported",
    "loss-of-batch-means": "reported outputs",
    "metrics-of-batch-means": "reported evaluation",
    "a-batch-lost": "loop",
    "batches-shuffled-apart": "loop",
    "one-order-for-all-seeds": "loop",
    "ranks-broadcast": "reported losses",
    "class-weight-of-columns-ignored": "weights",
    "class-weight-of-one-hot-ignored": "weights",
    "sparse-rows-mixed": "evaluation",
    "schedule-one-step-late": "schedules",
    "ema-not-swapped-back": "callbacks",
    "optimizer-state-lost": "saving",
    "seed-of-keras-not-set": "initializers",
    "rmsprop-epsilon-outside-the-root": "optimizers",
    "adam-epsilon-under-the-root": "optimizers",
    "adadelta-rate": "optimizers",
    "weight-decay-without-the-rate": "optimizer_options",
    "weight-decay-on-excluded": "optimizer_options",
    "clipped-by-value": "optimizer_options",
    "accumulated-gradients-summed": "optimizer_options",
    "skipped-steps-counted": "optimizer_options saving",
    "frozen-statistics-move": "normalization saving",
    "normalized-with-the-masked": "normalization",
    "momentum-of-the-batch": "normalization",
    "dropout-of-states-at-each-step": "recurrent",
    "masks-of-sequences-ignored": "recurrent",
    "masks-not-reversed": "recurrent",
    "initializers-repeat": "initializers",
    "products-of-some-shapes": "products",
    "biases-never-trained": "evaluation penalties",
    "from-logits": "reported",
    "float16-compute": "products evaluation",
    "first-layer-frozen": "penalties",
    "no-shuffling": "loop",
    "dropout-not-applied": "dropout",
    "dropout-in-evaluation": "dropout",
    "l2-doubled": "penalties",
    "initial-weights-tripled": "initializers",
}
# Why no claim sees a fault, of those that none does.
UNSEEN: dict[str, str] = {}
# With a fault injected, Keras may well raise.
DECIDED = (Status.OK, Status.REFUTED, Status.INCONCLUSIVE, Status.FAULT)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Decide the claims that should see each fault, and record which do; the exit status."""
    parser = Parser(
        prog="training-claims public-faults",
        usage="%(prog)s [--help] [--only FAULT] [options of pytest]",
        allow_abbrev=False,
    )
    parser.add_argument("--only", choices=WATCHED, metavar="FAULT", help="one fault alone")
    given, options = parser.parse_known_args(arguments)
    try:
        for name in [given.only] if given.only else WATCHED:
            print(f"{name}:", flush=True)
            found = {"reported": reported(name), "red": red_with(name, options)}
            rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
            rows[name] = found
            kept = {each: rows[each] for each in WATCHED if each in rows}
            outputs.write(RECORD, json.dumps(kept, indent=1) + "\n")
    except ExperimentFailed as fault:
        print(fault, file=sys.stderr)
        return fault.status
    return Status.OK


def reported(name: str) -> str:
    """What goes wrong with a fault, and where that was reported: its docstring."""
    return " ".join((INJECTABLE[name].__doc__ or "").split())


def red_with(name: str, options: Sequence[str]) -> list[str]:
    """The claims that a fault turns red, as `file::test`."""
    files = [str(CONTRACTS / f"test_{file}.py") for file in WATCHED[name].split()]
    told = ["--claims-inject", name, "--claims-no-report", "--tb=no", "-q", *options]
    red = failures(*files, *told, decided=DECIDED)
    return [f"{module.rpartition('.')[2]}::{test}" for module, test in red]
