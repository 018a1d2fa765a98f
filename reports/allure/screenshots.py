"""Take the README's pictures of the last report: `training-claims screenshots [--claim WORDS]`.

Chromium comes from the system, Playwright from PyPI; neither asks anything of the network.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from training_claims.reports import places
from training_claims.reports.command_line import Parser, command
from training_claims.session import outputs
from training_claims.session.options import given_name, given_path
from training_claims.status import Status

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PICTURES = Path("reports/pictures")
WIDTH, HEIGHT = 1000, 900
SETTLED = 500  # milliseconds, after which what folds and fades has done so
PATIENCE = 5_000  # milliseconds; a busy machine may need some of them
COLOURS = 128  # enough for flat colours; a third of the bytes


class NoPicture(Exception):
    """No picture can be taken. Its text says why, and what to do."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Write overview.png and claim.png; 4 without a report, 3 if there is no such picture."""
    parser = Parser(prog="training-claims screenshots")
    parser.add_argument(
        "--report", type=given_path, default=places.home() / "report.html", metavar="FILE"
    )
    parser.add_argument("--pictures", type=given_path, default=PICTURES, metavar="DIR")
    parser.add_argument(
        "--claim",
        type=given_name,
        default="Logistic regression underfits",
        help="words of the claim to show",
    )
    given = parser.parse_args(arguments)
    if not given.report.is_file():
        print(f"expected a report in {given.report}. Run `make report` first.", file=sys.stderr)
        return Status.USAGE
    outputs.check_folder(given.pictures)
    try:
        with chromium() as browser:
            _take(browser, given.report.resolve(), given.pictures, given.claim)
    except NoPicture as fault:
        print(fault, file=sys.stderr)
        return Status.FAULT
    return Status.OK


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window.

    Raises:
        NoPicture: If Chromium or Playwright is not installed.
    """
    program = shutil.which("chromium")
    if not program:
        raise NoPicture("expected Chromium. Received: none. apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoPicture("expected Playwright. Received: none. pip install playwright") from None
    with sync_playwright() as playwright:
        # Without a sandbox, which root has none of: the only pages opened are our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def _take(browser: Browser, report: Path, pictures: Path, claim: str) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(report.as_uri())
    page.get_by_test_id("metadata-item").first.wait_for()
    claim_in_tree(page, "")
    _save(page, pictures / "overview.png")
    claim_in_tree(page, claim).click()
    page.frame_locator("iframe").get_by_alt_text("Differences of").wait_for()
    _save(page, pictures / "claim.png")


def claim_in_tree(page: Page, words: str) -> Locator:
    """The first claim in the tree with such words, subjects unfolded until there is one.

    Raises:
        NoPicture: If there is no such claim.
    """
    leaf = page.get_by_test_id("tree-leaf-title").filter(has_text=words).first
    subjects = page.get_by_test_id("tree-section-title")
    subjects.first.wait_for()
    for subject in subjects.all():
        if _shown(leaf, SETTLED):
            break
        subject.click()
    if not _shown(leaf, PATIENCE):
        raise NoPicture(f"expected a claim with the words {words!r}. Received: none. Try --claim.")
    return leaf


def _shown(element: Locator, milliseconds: float) -> bool:
    """Whether an element is on the page, or comes in that time."""
    from playwright import sync_api

    with suppress(sync_api.TimeoutError):
        element.wait_for(timeout=milliseconds)
    return element.is_visible()


def _save(page: Page, picture: Path) -> None:
    page.wait_for_timeout(SETTLED)
    picture.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(COLOURS).save(picture, optimize=True)
    print(f"{picture}: {picture.stat().st_size / 1000:.0f} kB")
