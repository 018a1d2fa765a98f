from __future__ import annotations

import dataclasses
import re
from math import nan

import numpy as np
import pytest

from training_claims import models
from training_claims.arm import Arm
from training_claims.data.data import Data
from training_claims.data.split import Holdout
from training_claims.evidence.combinations import mean_of
from training_claims.evidence.design import GroupSequential
from training_claims.evidence.readings import final, late, rise
from training_claims.evidence.verdict import weigh
from training_claims.experiment import Experiment
from training_claims.hooks import Judgement
from training_claims.reports.page.figures import TIE, draw
from training_claims.reports.page.folds import _settings, model_text
from training_claims.reports.page.page import page
from training_claims.runs.history import History, Runs
from training_claims.testing.judgement import made_arm, made_judgement, made_runs
from training_claims.values.builder import Builder
from training_claims.values.curve import Curve


def text_of(html: str) -> str:
    """What a reader reads, folds opened."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.fixture(scope="module")
def supported() -> str:
    judgement = made_judgement()
    return page(judgement, draw(judgement))


def test_banner_says_verdict_effect_wins_and_margin(supported: str) -> None:
    text = text_of(supported)
    assert "✔ supported" in text
    assert "+0.1 [+0.1, +0.1]" in text
    assert "12 of 12 seeds win" in text
    assert "P(win) 0.74 to 1.00, 95% interval" in text
    assert "margin 0.01" in text
    assert "a seed wins if more than this" in text


@pytest.mark.parametrize(
    ("offset", "word"), [(0.1, "✔ supported"), (0.01, "? inconclusive"), (0.0, "? inconclusive")]
)
def test_each_outcome_has_its_word_and_sign(offset: float, word: str) -> None:
    judgement = made_judgement(offset)
    assert word in page(judgement, draw(judgement))


def diverging(share: float) -> Judgement:
    """A claim of whose first arm a share of the runs trains to NaN at once."""
    made = made_judgement()
    left, right = made.runs[0], made_runs(made.runs[1].arm, rise=0.1)
    curves = {name: each.copy() for name, each in left.history.metrics.items()}
    for each in curves.values():
        each[: round(share * len(each))] = nan
    left = Runs(left.arm, left.seeds, History(curves))
    claim = rise("val_loss", left.arm, epochs=1).below(
        rise("val_loss", right.arm, epochs=1), by=0.1
    )
    differences = claim.differences({run.arm: run for run in (left, right)})
    verdict = weigh(claim, differences, made.verdict.design)
    return dataclasses.replace(made, comparison=claim, verdict=verdict, runs=(left, right))


@pytest.mark.parametrize("share", [0.25, 0.75, 1.0])
def test_where_runs_diverged_every_number_says_in_how_many(share: float) -> None:
    judgement = diverging(share)
    lost = f"diverged in {12 * share:.0f} of 12"
    text = text_of(page(judgement, figures := draw(judgement)))
    assert re.search(rf"■ noise .*?{12 - 12 * share:.0f}, {lost} .*■ control", text)
    assert re.search(rf"Hodges-Lehmann difference \S+ nats, {lost}", text)
    assert figures.strip.alt.endswith(f" D{lost[1:]}.")
    assert "nan" not in text
    banner = text[: text.index("median difference")]
    assert ("inconclusive diverged in" in banner) == (share > 0.5)


def test_a_seed_that_ties_for_want_of_a_number_is_drawn_as_a_tie() -> None:
    strip = draw(diverging(1.0)).strip.svg
    assert strip.count(TIE) >= 12
    assert draw(diverging(0.0)).strip.svg.count(TIE) < 12


def test_equality_says_what_wins() -> None:
    judgement = made_judgement(0.001, direction="equivalent")
    assert "a seed wins if closer to 0 than this" in page(judgement, draw(judgement))


def test_signed_ranks_say_what_decided() -> None:
    made = made_judgement()
    ranked = made.comparison.by_signed_ranks("made symmetric")
    verdict = weigh(ranked, made.verdict.differences, made.verdict.design)
    judgement = dataclasses.replace(made, comparison=ranked, verdict=verdict)
    text = text_of(page(judgement, draw(judgement)))
    assert "78 of 78 pairs win by their mean; signed ranks decide" in text
    assert "seeds pairs: wins ties" in text
    assert ", by signed ranks: made symmetric." in text


def test_figures_are_images_with_alt_text_inside_the_page(supported: str) -> None:
    images = re.findall(r'<img src="data:image/svg\+xml,[^"]+" alt="([^"]+)"', supported)
    assert len(images) == 2
    assert "Learning curves of val_accuracy for noise, control" in images[0]
    assert "12 beyond it, 0 tied, 0 not" in images[1]


def test_arms_are_tabled_under_their_statistic(supported: str) -> None:
    text = text_of(supported)
    assert "mean val_accuracy of the last 5 epochs, over seeds" in text
    assert re.search(r"n overfits from ■ noise 0\.\d+ 0\.\d+ 0\.\d+ to 0\.\d+ 12 not yet", text)


def test_folds_hold_protocol_looks_power_errors_and_source(supported: str) -> None:
    summaries = re.findall(r"<summary[^>]*>([^<]*)", supported)
    assert summaries == [
        "Protocol",
        "What trained",
        "Looks",
        "Power and smallest detectable effect",
        "Error rates and estimates",
        "Source",
    ]
    for part in ("made model &lt;(4,)&gt;", "digest", "False support", "Noise channels"):
        assert part in supported


def test_page_holds_nothing_that_allure_removes(supported: str) -> None:
    assert not re.search(r"<(script|style|svg|link)\b", supported)


def test_text_is_escaped() -> None:
    judgement = made_judgement(name='<script>alert("1")</script>')
    html = page(judgement, draw(judgement))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_first_screen_says_nothing_twice(supported: str) -> None:
    screen = text_of(supported.partition("<details")[0])
    assert "Noise helps" not in screen  # the title says it
    for told in ("supported", "+0.1 [+0.1, +0.1]", "12 of 12", "margin 0.01"):
        assert screen.count(told) == 1


def test_prospects_are_told_where_they_are_known(supported: str) -> None:
    judgement = made_judgement()
    assert "power 0.99" in page(judgement, draw(judgement), "On 100 seeds: power 0.99")
    assert "seeds of baseline" not in supported


def test_an_arm_reads_as_it_is_stated() -> None:
    data = Data("made", np.zeros((10, 4)), np.zeros(10, np.int32), split=Holdout(3))
    arm = Arm("weighted", data, models.mlp(8), class_weight={0: 1, 1: 5}, trainer="fit")
    told = dict(_settings(arm))
    assert told["model"] == "mlp(8)"
    assert (told["loss"], told["metrics"]) == ("SparseCategoricalCrossentropy() [nats]", "accuracy")
    assert told["data"] == "Data('made', 10 examples, Holdout(part=3))"
    assert told["class weight"] == "0: 1, 1: 5"
    assert (told["batch size"], told["trainer"]) == ("128", "fit")
    assert not {"callbacks", "loss weights", "min steps", "name", "policy"} & told.keys()
    assert "mlp" not in model_text(arm)


def halves(seed: int, of: int) -> dict[str, float]:
    return {"half": (of + seed) / 2}


def test_an_experiment_has_a_page_as_an_arm_has() -> None:
    arm = Experiment("half", Builder(halves, (), (("of", 10),)), (Curve("half", "more"),))
    runs = Runs(arm, tuple(range(12)), History({"half": np.ones((12, 1))}))
    claim = final("half", arm).exceeds(0, by=0.1)
    verdict = weigh(claim, claim.differences({arm: runs}), GroupSequential(looks=(12,)))
    made = dataclasses.replace(made_judgement(), comparison=claim, verdict=verdict)
    judgement = dataclasses.replace(made, runs=(runs,))
    text = text_of(page(judgement, draw(judgement)))
    assert re.search(
        r"run halves\(of=10\) curves half \(more is better\) epochs 1 fingerprint", text
    )
    assert "overfits from" not in text  # a column that would be empty


def test_of_dozens_of_arms_some_are_listed() -> None:
    judgement = made_judgement()
    runs = tuple(made_runs(made_arm(f"arm {n}"), 0.01 * n) for n in range(40))
    parts = [late("val_accuracy", run.arm) for run in runs]
    comparison = mean_of(*parts[:30]).below(mean_of(*parts[10:]), by=0)
    changed = dataclasses.replace(judgement, comparison=comparison, runs=runs)
    text = text_of(page(changed, draw(changed)))
    assert "24 more arms" in text
    assert "34 more arms, all in the CSV file" in text
    assert "arm 5 " in text
    assert "arm 39 " not in text
