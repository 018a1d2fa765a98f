"""The command line: `training-claims COMMAND`, or `python -m training_claims.reports COMMAND`."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module

from training_claims.reports.command_line import Parser, command

ROOM = "training_claims.reports"
COMMANDS = {
    "report": ("allure.generate", "turn a session's results into one HTML file"),
    "screenshots": ("allure.screenshots", "take pictures of the report"),
    "compare": ("drift.compare", "what moved from one saved baseline to another"),
    "join": ("drift.join", "make one baseline of several"),
    "upgrade": ("upgrade.upgrade", "decide the claims under two versions, and what moved"),
    "history": ("history.history", "the claims under many versions, and which changed them"),
    "bisect": ("history.bisect", "the first version that changed a claim or moved an arm"),
    "releases": ("upgrade.releases", "decide contracts under every release of Keras, TensorFlow"),
    "simulated-histories": ("history.simulation", "how often such a version is named rightly"),
    "audit": ("audit.plugin", "try the suite's error rates on a baseline of other seeds"),
    "public-faults": ("audit.public", "which contract claims see the public faults of Keras"),
    "faults": ("audit.experiment", "train with each fault injected, for the audit"),
    "false-alarms": ("audit.false_alarms", "how often an unchanged suite would raise an alarm"),
    "bench": ("bench.plugin", "measure training against stock Keras"),
    "gpu-check": ("bench.gpu_check", "conformance, speed and memory on a GPU, in ten minutes"),
    "scale": ("bench.scale", "measure a Ray cluster against workers of this machine"),
    "tables": ("tables", "write the pages that are made of committed records"),
}
EPILOG = """\
Claims themselves are decided by pytest: `pytest -n auto`, then `training-claims report`.
Each command tells more by `training-claims COMMAND --help`. Exit statuses: 0 all is well, 1 a
claim is refuted, 3 something could not be decided or written, 4 wrong usage, 7 an arm drifted.
"""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    parser = Parser(
        prog="training-claims",
        usage="training-claims COMMAND ...",
        description="\n".join(["commands:", *lines]),
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, help="one of these", metavar="COMMAND")
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = parser.parse_args(given[:1]).command
    status: int = import_module(f"{ROOM}.{COMMANDS[name][0]}").main(given[1:])
    return status


if __name__ == "__main__":
    raise SystemExit(main())
