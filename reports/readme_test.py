"""The README says what is so: its claims, its options, its example."""

import importlib
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from training_claims.reports.audit.record import committed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _statements() -> Iterator[str]:
    """Every claim's sentence, read off the marks of the tests in claims/."""
    for path in sorted((ROOT / "claims").glob("test_*.py")):
        module = importlib.import_module(f"claims.{path.stem}")
        for name, test in vars(module).items():
            marks = getattr(test, "pytestmark", []) if name.startswith("test_") else []
            sentences = [mark.args[0] for mark in marks if mark.name == "claim"]
            cases = [mark.args for mark in marks if mark.name == "parametrize"]
            for values in product(*(values for _, values in cases)):
                names = (parameter for parameter, _ in cases)
                yield from (
                    text.format(**dict(zip(names, values, strict=True))) for text in sentences
                )


def test_the_table_has_every_claim_and_no_other() -> None:
    table = README.partition("<!-- claims -->")[2].partition("<!-- /claims -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    told = [row.split(" | ")[0].removeprefix("| ") for row in rows if not row.startswith("| ---")]
    assert sorted(told) == sorted(_statements())


def test_every_claims_power_is_on_record() -> None:
    """Margins come with their power: the bank that `make trust` read has every claim's arms."""
    record = committed()
    assert record is not None
    assert sorted(record.found["claims"]) == sorted(_statements())


def test_every_option_exists(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    known = pytester.runpytest_subprocess(
        "--help",
        "-p",
        "training_claims.plugin",
        "-p",
        "training_claims.reports.plugin",
        "-p",
        "no:allure_pytest",
    ).stdout.str()
    named = re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE)
    assert len(named) > 10
    assert [option for option in named if option not in known] == []


def test_every_picture_is_there_and_small() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) == 2
    assert all(0 < (ROOT / picture).stat().st_size < 200_000 for picture in pictures)


def test_the_example_is_decided(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(import keras.*?)```", README, re.DOTALL)
    assert example is not None
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(example[1])
    plugins = ("-p", "training_claims.plugin", "-p", "no:allure_pytest")
    pytester.runpytest_subprocess(*plugins, "-n", "0").assert_outcomes(passed=1)


def test_arrays_come_from_tf_data() -> None:
    example = re.search(r"```python\n(import numpy.*?)```", README, re.DOTALL)
    assert example is not None
    made: dict[str, Any] = {}
    exec(example[1], made)
    assert made["rows"].x.tolist() == [[float(i == k) for k in range(8)] for i in range(8)]
    assert made["rows"].y.tolist() == [0, 1] * 4
