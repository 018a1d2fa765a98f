"""The README says what is so: its links, its options, its examples."""

import importlib
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from training_claims.evidence.design import SUITE
from training_claims.reports.audit.record import committed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_BYTES = 6000


def _statements() -> Iterator[str]:
    """Every claim's sentence, read off the marks of the tests in claims/."""
    for path in sorted((ROOT / "claims").glob("test_*.py")):
        module = importlib.import_module(f"training_claims.claims.{path.stem}")
        for name, test in vars(module).items():
            marks = getattr(test, "pytestmark", []) if name.startswith("test_") else []
            sentences = [mark.args[0] for mark in marks if mark.name == "claim"]
            cases = [mark.args for mark in marks if mark.name == "parametrize"]
            for values in product(*(values for _, values in cases)):
                names = (parameter for parameter, _ in cases)
                yield from (
                    text.format(**dict(zip(names, values, strict=True))) for text in sentences
                )


def test_it_is_short() -> None:
    assert len(README.encode()) <= MOST_BYTES


def test_every_claim_is_counted_and_on_record() -> None:
    record = json.loads((ROOT / "claims" / "record.json").read_text())
    statements = sorted(_statements())
    assert f"{len(statements)} claims" in README
    assert len(statements) <= SUITE.claims  # the boundaries' promise is for so many
    assert sorted(each["statement"] for each in record["claims"]) == statements


def test_every_claims_power_is_on_record() -> None:
    """Margins come with their power: the baseline of `make audit` has every claim's arms."""
    record = committed()
    assert record is not None
    told = sorted(each["statement"] for each in record.found["claims"].values())
    assert told == sorted(_statements())


def test_every_link_leads_to_a_file_and_its_heading() -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", README) if not link.startswith("http")]
    assert len(links) > 10
    for link in links:
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(), re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings]


def test_every_option_exists(pytester: pytest.Pytester) -> None:
    known = pytester.runpytest_subprocess("--help").stdout.str()
    named = {*re.findall(r"--claims-[a-z-]+", README)}
    assert named
    assert [option for option in sorted(named) if option not in known] == []


def test_every_picture_is_there_and_small() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    assert all(0 < (ROOT / picture).stat().st_size < 200_000 for picture in pictures)


def _examples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_claim_shown_is_one_of_the_suite() -> None:
    (shown,) = (example for example in _examples() if "import" not in example)
    assert shown in (ROOT / "claims" / "test_noise_channels.py").read_text()


def test_the_claims_on_own_models_are_supported(pytester: pytest.Pytester) -> None:
    (example,) = (example for example in _examples() if "import" in example)
    pytester.makepyfile(example)
    pytester.makeini("[pytest]")
    said = pytester.runpytest_subprocess("-n", "0", "--claims-no-report")
    said.assert_outcomes(passed=2)
    said.stdout.fnmatch_lines(["*supported*", "*supported*"])
    assert (pytester.path / ".claims" / "runs").is_dir()
