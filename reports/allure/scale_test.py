"""How large a report becomes where a suite has grown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from training_claims.reports.allure.generate import Report, generate
from training_claims.reports.conftest import Run

# As many arms, and epochs, as the suite's own claims have; more of them on average.
SHAPES = [(2, 60), (2, 10), (1, 100), (2, 20), (2, 20), (4, 10)]
CLAIMS, MOST_BYTES = 60, 11e6
SUITE = f"""
import pytest
from training_claims import late, rank_correlation
from training_claims.mark import claim
from training_claims.testing.judgement import made_arm

@claim("Claim {{number}} of many", source="Noise")
@pytest.mark.parametrize(("number", "shape"), enumerate({SHAPES}))
def test_many(judge, number, shape):
    count, epochs = shape
    arms = [made_arm(str(place / 10), epochs) for place in range(count)]
    values = [late("val_accuracy", arm) for arm in arms]
    if count == 1:
        assert judge(values[0].below(2, by=0))
    elif count == 2:
        assert judge(values[0].below(values[1], by=0.01))
    else:
        assert judge(rank_correlation(dict(enumerate(values))).exceeds(0, by=0.5))
"""


def copied(result: Path, into: Path) -> None:
    """A claim's result under another name, with copies of its attachments."""
    told, mark = json.loads(result.read_text()), str(uuid4())
    for attachment in told["attachments"]:
        source = result.with_name(attachment["source"])
        attachment["source"] = f"{uuid4()}-attachment{source.suffix}"
        shutil.copy(source, into / attachment["source"])
    told |= {"uuid": mark, "historyId": mark, "testCaseId": mark, "fullName": mark}
    told["labels"] = [
        label | {"value": mark} if label["name"] == "ALLURE_ID" else label
        for label in told["labels"]
    ]
    (into / f"{mark}-result.json").write_text(json.dumps(told))


@pytest.mark.usefixtures("allure")
def test_sixty_claims_of_thirty_seeds_stay_small(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_noise_channels=SUITE)
    run("many", "--claims-seeds", "30").assert_outcomes(passed=len(SHAPES))
    few = list((pytester.path / ".claims" / "allure-results").glob("*-result.json"))
    many = pytester.mkdir("many")
    for place in range(CLAIMS):
        copied(few[place % len(few)], many)
    report = Report((many,), pytester.path / "report.html")
    generate(report)
    assert report.output.stat().st_size < MOST_BYTES
