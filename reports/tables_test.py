"""Pages that are made of committed records say what the records say."""

from pathlib import Path

import pytest

from training_claims.reports import tables
from training_claims.status import Status

pytestmark = pytest.mark.xdist_group("tables")


@pytest.mark.parametrize("name", tables.PAGES)
def test_a_page_is_as_its_record(name: str) -> None:
    written = (tables.ROOT / name).read_text(encoding="utf-8")
    assert written == tables.page(name), f"{name} differs from its record: training-claims tables"
    assert written.startswith("<!-- Made from ")


def test_every_page_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(tables, "PAGES", {"made/PAGE.md": ("a record", "Title", lambda: ["told"])})
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    assert tables.main([]) == Status.OK
    assert (tmp_path / "made" / "PAGE.md").read_text().splitlines()[1:] == ["# Title", "", "told"]


def test_an_installed_package_has_no_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    assert tables.main([]) == Status.USAGE
    assert "expected a checkout of the project" in capsys.readouterr().err


def test_a_claim_of_another_margin_than_was_audited_has_no_power() -> None:
    claim = {"id": "claims.better", "margin": 0.04}
    audited = {
        "claims.better": {"comparison": "a exceeds b by more than 0.04 nats", "supported": 1}
    }
    assert tables._power(claim, audited) == 1
    assert tables._power({**claim, "margin": 0.4}, audited) is None
    assert tables._power(claim, {}) is None


def test_every_option_is_told() -> None:
    told = tables.page("fixtures/OPTIONS.md")
    assert "`--claims-trainer compiled\\|fit`" in told
    assert "## Exit statuses" in told
