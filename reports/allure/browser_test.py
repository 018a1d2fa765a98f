"""The report as a reader sees it: in Chromium, on a desktop and on a phone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from training_claims.reports.allure.generate import NotGenerated, Report, generate
from training_claims.reports.allure.screenshots import NoPicture, chromium, claim_in_tree, main
from training_claims.reports.conftest import CLAIMS, CONFTEST, INI

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, FrameLocator, Locator, Page, Request

expect = pytest.importorskip("playwright.sync_api").expect
PATIENCE = 60_000  # milliseconds; a busy machine may need some of them
expect.set_options(timeout=PATIENCE)

# One worker makes the reports that all of these read, and drives one browser at a time.
pytestmark = pytest.mark.xdist_group("browser")

DESKTOP, PHONE = (1400, 1000), (390, 844)
LOCAL = {"file", "data", "blob"}
OLD, NEW = "2.20.0", "2.21.0"
HELPS = "Helps by 0.1 & <more>"
HOSTILE = "<script>window.broken = 1</script><img src='x' onerror='window.broken = 2'>"
MORE_CLAIMS = f"""
HOSTILE = {HOSTILE!r}

class Drifted(AssertionError):
    pass

@claim("Ties", source="Noise")
def test_open(judge):
    arms = made_arm("0"), made_arm("0.0")
    assert judge(late("val_accuracy", arms[0]).exceeds(late("val_accuracy", arms[1]), by=0))

@claim("Moved since the last version", source="Noise")
def test_moved(judge):
    raise Drifted("the median moved by 0.2")

@claim("Is harmless: " + HOSTILE, source=HOSTILE)
def test_hostile(judge):
    arms = made_arm("0.1"), made_arm("0" + HOSTILE)
    judge(late("val_accuracy", arms[0]).exceeds(late("val_accuracy", arms[1]), by=0.01))
    raise ValueError(HOSTILE)
"""
CONTRAST = """
element => {
    const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
    const linear = part => part <= 10 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4
    const light = ([red, green, blue]) =>
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    const style = getComputedStyle(element)
    const ground = parts(getComputedStyle(document.body).backgroundColor)
    const ink = parts(style.color).map(
        (part, place) => style.opacity * part + (1 - style.opacity) * ground[place])
    const [dark, bright] = [light(ink), light(ground)].sort((one, other) => one - other)
    return (bright + 0.05) / (dark + 0.05)
}
"""


@dataclass(frozen=True)
class Reader:
    """Someone who opens the report and clicks."""

    page: Page

    def claim(self, statement: str) -> FrameLocator:
        """Open a claim from the tree; its description."""
        self.page.get_by_test_id("tree-section-title").first.wait_for()
        claim_in_tree(self.page, statement).click()
        return self.page.frame_locator("[data-testid=test-result-description-frame]")

    def tab(self, name: str) -> Locator:
        """Open a tab of the claim's page; all that the page shows then."""
        self.page.get_by_test_id(f"test-result-tab-{name}").click()
        return self.page.get_by_test_id("base-layout")

    def section(self, name: str) -> None:
        """Turn from the results to another section of the report."""
        self.page.get_by_role("button", name="Report", exact=True).first.click()
        self.page.get_by_text(name, exact=True).click()

    def fold(self) -> float:
        """Where the first screen ends, in pixels from its top: at Allure's footer."""
        return box(self.page.get_by_text("Powered by"))["y"]


def box(element: Locator) -> FloatRect:
    """Where an element lies on the screen, in pixels."""
    element.wait_for()
    found = element.bounding_box()
    assert found
    return found


def bottom(element: Locator) -> float:
    """Where an element ends, in pixels from the top of the screen."""
    return box(element)["y"] + box(element)["height"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or a skip that says what to install."""
    with ExitStack() as opened:
        try:
            browser = opened.enter_context(chromium())
        except NoPicture as fault:
            pytest.skip(str(fault))
        yield browser


@pytest.fixture(scope="module")
def report(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - no browser, no report
    """The report of two TensorFlow versions, after one of the older alone."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_noise_channels.py").write_text(CLAIMS + MORE_CLAIMS)
    (folder / "pytest.ini").write_text(INI)
    page = folder / "report.html"
    old, new = (decided(folder, version) for version in (OLD, NEW))
    try:
        generate(Report((old,), page))
    except NotGenerated as fault:
        pytest.skip(str(fault))
    generate(Report((old, new), page))
    return page


def decided(folder: Path, version: str) -> Path:
    """The results of the suite's claims, as if on a version of TensorFlow."""
    results = folder / version
    chosen = ["-k", "not crash and not without and not plain", "--claims-seeds", "12,20"]
    command = [sys.executable, "-m", "pytest", *chosen, "--claims-results", str(results)]
    command += ["--claims-report-as", version]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return results


def opened(browser: Browser, page: Path, size: tuple[int, int], theme: str) -> Iterator[Reader]:
    """A reader of a page, who asks nothing of the network."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    context.on("request", note)
    reader = Reader(context.new_page())
    reader.page.goto(page.as_uri())
    yield reader
    context.close()
    outside = [address for address in asked if urlsplit(address).scheme not in LOCAL]
    assert asked, "the browser opened nothing"
    assert not outside, f"expected no request to leave, received {outside}"


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def reader(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A reader at a desktop, and one with a phone."""
    yield from opened(browser, report, request.param, "light")


@pytest.fixture
def at_desktop(browser: Browser, report: Path) -> Iterator[Reader]:
    yield from opened(browser, report, DESKTOP, "light")


def test_request_that_leaves_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/a.png">')
    reading = opened(browser, page, DESKTOP, "light")
    next(reading)
    with pytest.raises(AssertionError, match=r"no request to leave.*127\.0\.0\.1:9/a\.png"):
        next(reading)


def test_the_report_opens_at_its_top_and_scrolls(browser: Browser, report: Path) -> None:
    for reader in opened(browser, report, (1000, 600), "light"):
        moved = reader.page.get_by_text("not-decided").first
        reader.page.get_by_test_id("tree-leaf-title").first.wait_for()
        reader.page.wait_for_timeout(500)  # by then it has scrolled
        expect(moved).to_be_in_viewport()
        reader.page.mouse.move(500, 400)
        reader.page.mouse.wheel(0, 1000)
        expect(moved).not_to_be_in_viewport()


def test_verdict_and_curves_stand_on_the_first_screen(reader: Reader) -> None:
    description = reader.claim(HELPS)
    assert bottom(description.get_by_text("✔ supported")) < reader.fold()
    curves = description.get_by_alt_text("Learning curves of val_accuracy")
    assert bottom(curves) < reader.fold()
    expect(curves).not_to_have_js_property("naturalWidth", 0)
    expect(description.get_by_text("+0.1 [+0.1, +0.1]")).to_be_visible()


def test_page_is_as_wide_as_the_screen(reader: Reader) -> None:
    description = reader.claim(HELPS)
    description.locator("summary").first.click()  # the widest part
    description.get_by_text("MadeOptimizer").first.wait_for()
    for frame in reader.page.frames:
        overhang = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert frame.evaluate(overhang) <= 0


def test_every_figure_has_alt_text(at_desktop: Reader) -> None:
    images = at_desktop.claim(HELPS).locator("img")
    expect(images).to_have_count(2)
    assert all(image.get_attribute("alt") for image in images.all())


def test_csv_opens_and_reads_as_a_table(reader: Reader) -> None:
    reader.claim(HELPS)
    reader.page.get_by_role("button", name="Learning curves, every seed (CSV)").click()
    cell = reader.page.get_by_role("cell", name="val_accuracy").first
    assert box(cell)["height"] < 60, "the cell's text is broken into letters"


def test_what_went_wrong_stands_first(at_desktop: Reader) -> None:
    leaves = at_desktop.page.get_by_test_id("tree-leaf-title")
    expect(leaves.nth(0)).to_have_text("Hurts")
    expect(leaves.nth(1)).to_contain_text("Moved since the last version")


def test_versions_are_chosen_from_the_list(reader: Reader) -> None:
    for version in (OLD, NEW):
        reader.page.get_by_text(f'Environment: "TensorFlow {version}"').wait_for()
    reader.page.get_by_test_id("environment-picker-button").click()
    reader.page.get_by_test_id("environment-picker-item").filter(has_text=OLD).click()
    reader.page.get_by_text(f'Environment: "TensorFlow {NEW}"').wait_for(state="hidden")
    reader.claim(HELPS).get_by_text("✔ supported").wait_for()


def test_versions_of_a_claim_lie_side_by_side(at_desktop: Reader) -> None:
    at_desktop.claim(HELPS)
    at_desktop.tab("environments")
    versions = at_desktop.page.get_by_test_id("test-result-env-item")
    for version in (OLD, NEW):
        expect(versions.filter(has_text=f"TensorFlow {version}")).to_have_count(1)
    expect(versions).to_have_count(2)
    before = at_desktop.page.url
    versions.filter(has_text=NEW).click()
    expect(at_desktop.page).not_to_have_url(before)
    at_desktop.page.get_by_test_id("test-result-description").wait_for()


def test_versions_have_a_history_each(at_desktop: Reader) -> None:
    page = at_desktop.page
    for version, runs_before in ((OLD, "1"), (NEW, "")):
        page.get_by_test_id("environment-picker-button").click()
        page.get_by_test_id("environment-picker-item").filter(has_text=version).click()
        at_desktop.claim(HELPS)
        history = page.get_by_test_id("test-result-tab-history")
        expect(history).to_have_text(re.compile(rf"^History\s*{runs_before}$"))
        page.go_back()


def test_categories_hold_what_went_wrong(at_desktop: Reader) -> None:
    at_desktop.page.get_by_test_id("nav-tab-categories").click()
    order = ["Claim refuted", "Hurts", "Drifted", "Moved since", "Inconclusive", "Ties"]
    in_order = re.compile(".*".join([*order, "Infrastructure", "Breaks"]), re.DOTALL)
    expect(at_desktop.page.get_by_test_id("base-layout")).to_have_text(in_order)


def test_metrics_follow_each_claims_effect_by_version(at_desktop: Reader) -> None:
    at_desktop.section("Metrics")
    rows = at_desktop.page.get_by_role("row")
    rows.filter(has_text=HELPS).first.wait_for()
    shown = {
        version: rows.filter(has_text=f"{HELPS} (TensorFlow {version})").first.inner_text()
        for version in (OLD, NEW)
    }
    # Count, total, mean, least and largest effect, and how far from the last run's, if any was.
    assert shown[OLD].split()[-6:] == ["1", "0.1", "0.1", "0.1", "0.1", "0"]
    assert shown[NEW].split()[-5:] == ["1", "0.1", "0.1", "0.1", "0.1"]


def test_overview_says_what_holds_on_what_and_at_what_cost(reader: Reader) -> None:
    items = reader.page.get_by_test_id("metadata-item")
    known = ["not-decided", "claims", "seeds", "cost", "data", "tensorflow", "device"]
    expect(items).to_have_count(1 + len(known))
    assert [item.inner_text().split("\n")[0] for item in items.all()][1:] == known
    expect(items.filter(has_text="1 refuted, 1 inconclusive, 2 supported")).to_have_count(1)


def test_text_that_looks_like_html_is_text(at_desktop: Reader) -> None:
    description = at_desktop.claim("Is harmless")
    # A long name is cut in the table, and whole in the curves beneath.
    description.get_by_role("cell", name=HOSTILE[:30]).first.wait_for()
    page = at_desktop.page
    expect(page.get_by_test_id("test-result-info-title")).to_contain_text(HOSTILE)
    expect(page.get_by_text(f"ValueError: {HOSTILE}").first).to_be_visible()
    page.get_by_role("button", name="Learning curves, every seed (CSV)").click()
    page.get_by_role("cell", name=HOSTILE).first.wait_for()
    assert [frame.evaluate("window.broken") for frame in page.frames] == [None] * len(page.frames)


@pytest.mark.usefixtures("browser")
def test_pictures_are_taken_of_a_claim_and_the_overview(report: Path, tmp_path: Path) -> None:
    given = ["--report", str(report), "--pictures", str(tmp_path)]
    # Playwright runs once in a thread, and the tests' own browser is open in this one.
    with ThreadPoolExecutor(1) as other:
        assert other.submit(main, [*given, "--claim", "Helps"]).result() == 0
        assert other.submit(main, [*given, "--claim", "No such claim"]).result() == 3
    sizes = {picture.name: picture.stat().st_size for picture in tmp_path.iterdir()}
    assert sizes.keys() == {"claim.png", "overview.png"}
    assert max(sizes.values()) < 200_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_in_both_themes(browser: Browser, report: Path, theme: str) -> None:
    for reader in opened(browser, report, DESKTOP, theme):
        description = reader.claim(HELPS)
        for text in ("✔ supported", "median difference", "mean val_accuracy of"):
            assert description.get_by_text(text).first.evaluate(CONTRAST) > 4.5
