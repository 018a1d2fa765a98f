"""`training-claims gpu-check [files] [options of pytest]`: all that a GPU is asked, in one go.

Whether training on it is `fit`'s, how fast and how large stacks of seeds are beside stock Keras,
with TensorFloat-32 and without, and how long the notebook's claims take.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from training_claims.reports import places
from training_claims.reports.bench.machine import memory_gib, processor
from training_claims.reports.command_line import CommandFailed, Parser, command, output_of
from training_claims.reports.markdown import table
from training_claims.session import outputs
from training_claims.session.hardware import cores, visible_gpus
from training_claims.session.options import given_path
from training_claims.status import Status

CONFORMANCE = "claims/test_conformance.py"
WIDTHS = "1,2,4,8,16,32,64,128"
HEADINGS = ("arm", "TF32", "seeds at once", "s/seed and epoch", "times fit", "MiB")
Found: TypeAlias = dict[str, Any]


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Check the GPU; 0 if every claim is supported, 1 if one is not, 3 if a step did not end."""
    parser = Parser(prog="training-claims gpu-check", epilog="Other options go to pytest.")
    parser.add_argument("files", nargs="+", help="claims whose arms are timed, and then decided")
    parser.add_argument("--conformance", default=CONFORMANCE, metavar="FILE")
    parser.add_argument("--seeds", default="30", help="of each claim (default: %(default)s)")
    parser.add_argument("--widths", default=WIDTHS, help="seeds at once (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=600.0, help="what all may take (default: %(default)s)"
    )
    parser.add_argument("--cpu", action="store_true", help="try the check itself, without a GPU")
    parser.add_argument(
        "--output", type=given_path, default=places.home() / "gpu.json", metavar="FILE"
    )
    given, rest = parser.parse_known_args(arguments)
    if not given.cpu and not visible_gpus():
        parser.error("expected a GPU that nvidia-smi lists. Received: none. --cpu tries without")
    with TemporaryDirectory() as folder:
        found = dict(_steps(given, rest, Path(folder)))
    found["machine"] = {
        "processor": processor(),
        "cores": cores(),
        "memory_gib": round(memory_gib(), 1),
    }
    outputs.write(given.output, json.dumps(found, indent=1) + "\n")
    page = "\n".join(lines(found)) + "\n"
    outputs.write(given.output.with_suffix(".md"), page)
    print(page)
    decided = [found[name] for name in ("conformance", "claims")]
    if any("failed" in each for each in found.values()):
        return Status.FAULT
    return int(any(each["supported"] < each["decided"] for each in decided))


def _steps(given: Any, rest: list[str], folder: Path) -> Iterator[tuple[str, Found]]:
    """What is done, each in processes of its own, and what it found."""
    expects = [] if given.cpu else ["--claims-expect-gpu"]
    shared = [*expects, "--claims-no-report", *rest]
    yield "conformance", _decided([given.conformance, *shared], folder, given.seconds * 0.2)
    for name in ("TF32 off",) if given.cpu else ("TF32 on", "TF32 off"):
        print(f"gpu-check: {name}", file=sys.stderr, flush=True)
        yield name, _timed(name, given, shared, folder)
    claims = [*given.files, *shared, "--claims-seeds", given.seeds]
    yield "claims", _decided(claims, folder, given.seconds * 0.4)


def _decided(options: list[str], folder: Path, seconds: float) -> Found:
    """Decide claims from an empty store."""
    print(f"gpu-check: deciding {options[0]} ...", file=sys.stderr, flush=True)
    file = folder / "decided.json"
    file.unlink(missing_ok=True)
    told = ["-n", "auto", f"--claims-run-store={folder / 'runs'}", f"--claims-summary={file}"]
    begin = time.perf_counter()
    failed = _pytest([*options, *told], seconds)
    if not file.is_file():
        return {"failed": failed}
    claims = json.loads(file.read_text(encoding="utf-8"))["claims"]
    supported = sum(claim["outcome"] == "supported" for claim in claims)
    return {
        "decided": len(claims),
        "supported": supported,
        "seconds": round(time.perf_counter() - begin, 1),
        "claims": claims,
        **({"failed": failed} if failed and supported == len(claims) else {}),
    }


def _timed(name: str, given: Any, shared: list[str], folder: Path) -> Found:
    """Time the arms at every width."""
    file, seconds = folder / "timed.json", given.seconds * 0.15
    file.unlink(missing_ok=True)
    told = ["-p", "training_claims.reports.bench.widths", "-n", "0", f"--widths={given.widths}"]
    told += [f"--widths-seconds={seconds}", f"--widths-output={file}"]
    told += ["--widths-tf32"] if name == "TF32 on" else []
    failed = _pytest([*given.files, *shared, *told], seconds * 2)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"failed": failed}


def _pytest(options: list[str], seconds: float) -> str:
    """Run pytest; what it said if it failed."""
    try:
        output_of([sys.executable, "-m", "pytest", *options], {}, seconds=seconds)
    except CommandFailed as fault:
        return fault.said
    except subprocess.TimeoutExpired:
        return f"not ended after {seconds:.0f} s"
    return ""


def lines(found: Found) -> list[str]:
    """The page."""
    timed = {name: told for name, told in found.items() if name.startswith("TF32")}
    environments = [told["environment"] for told in timed.values() if "environment" in told]
    versions: Found = next(iter(environments), {})
    machine = found["machine"]
    begin = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB"
    told = [
        begin,
        *(
            f"{name} {versions[name]}"
            for name in ("device", "tensorflow", "keras")
            if name in versions
        ),
    ]
    rows = [row for name, each in timed.items() for row in _rows(name, each.get("timed", []))]
    failed = [f"- {name}: {each['failed']}" for name, each in found.items() if "failed" in each]
    counts = [
        f"- {name}: {each['supported']} of {each['decided']} supported in {each['seconds']:.0f} s"
        for name, each in found.items()
        if "supported" in each
    ]
    return [
        "# A GPU, checked",
        "",
        f"{'; '.join(told)}.",
        "",
        *counts,
        *failed,
        "",
        *table(HEADINGS, rows, words=2),
    ]


def _rows(name: str, timed: list[Found]) -> Iterator[tuple[str, ...]]:
    stock: dict[str, float] = {
        each["arm"]: each["seconds"] for each in timed if not each["replicas"]
    }
    for each in timed:
        yield (
            each["arm"],
            name.removeprefix("TF32 "),
            str(each["replicas"] or "fit"),
            f"{each['seconds']:.3g}",
            f"{stock[each['arm']] / each['seconds']:.3g}",
            f"{each['mib']:.0f}",
        )
