"""A packed page, as a browser shows it."""

from pathlib import Path

import pytest

from training_claims.reports.allure.packed import packed
from training_claims.reports.allure.screenshots import NoPicture, chromium

PAGE = """<!DOCTYPE html><html lang="en"><head><title>né</title></head>
<body><script>document.body.append("unpacked at " + location.hash, " ‰")</script></body></html>"""


def test_a_small_page_stays_as_it_is() -> None:
    assert packed(PAGE) == PAGE


def test_a_large_page_is_smaller_and_shows_the_same(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    large = PAGE + "<!-- as often as this -->" * 1000
    file.write_text(packed(large, large=1000), encoding="utf-8")
    assert file.stat().st_size < len(large) / 3
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"{file.as_uri()}#here")
            page.get_by_text("unpacked at #here ‰").wait_for()
            assert page.title() == "né"
    except NoPicture as fault:
        pytest.skip(str(fault))
