from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from training_claims.reports.allure.screenshots import main


def test_without_a_report_it_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--report", str(tmp_path / "none.html")]) == 4
    assert "expected a report in" in (said := capsys.readouterr().err)
    assert "Run `make report` first" in said


@pytest.mark.parametrize("lacking", ["Chromium", "Playwright"])
def test_without_a_browser_it_says_what_to_install(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lacking: str,
) -> None:
    found = None if lacking == "Chromium" else "/usr/bin/chromium"
    monkeypatch.setattr(shutil, "which", lambda _: found)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    report = tmp_path / "report.html"
    report.write_text("")
    assert main(["--report", str(report), "--pictures", str(tmp_path)]) == 3
    assert f"expected {lacking}. Received: none." in (said := capsys.readouterr().err)
    assert "install" in said
    assert list(tmp_path.glob("*.png")) == []
