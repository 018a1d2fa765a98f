from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training_claims.arm import Arm
from training_claims.evidence.measures import EpochsTo
from training_claims.evidence.readings import best, final, late, rank_correlation
from training_claims.evidence.statistic import Statistic, gap
from training_claims.experiment import Experiment
from training_claims.reports import places
from training_claims.reports.drift import file as baseline_file
from training_claims.reports.drift.baseline import (
    Baseline,
    NotComparable,
    OwnMeasure,
    SavedArm,
    margin_of,
    rounded,
)
from training_claims.reports.drift.file import UnusableBaseline, path_of, read, write
from training_claims.reports.drift.rule import alike
from training_claims.runs.history import History, Runs
from training_claims.testing.damage import assert_one_line
from training_claims.testing.judgement import made_arm, made_runs
from training_claims.values.builder import Builder
from training_claims.values.curve import Curve

PROVENANCE = {"tensorflow": "2.21.0", "device": "CPU"}


def saved(runs: Runs, claim: str = "noise.helps") -> SavedArm:
    statistics = [late("val_accuracy", runs.arm), final("val_loss", runs.arm)]
    return SavedArm.of(runs, statistics, [claim])


def baseline(*arms: SavedArm) -> Baseline:
    return Baseline.of("made", PROVENANCE, arms or [saved(made_runs(made_arm("noise"), seeds=10))])


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    before = baseline(saved(made_runs(made_arm("noise"))), saved(made_runs(made_arm("control"))))
    write(before, tmp_path / "b.json")
    after = read(tmp_path / "b.json")
    assert (after.name, after.provenance) == ("made", PROVENANCE)
    assert [arm.name for arm in after.arms] == ["control", "noise"]
    for ours, theirs in zip(before.arms, after.arms, strict=True):
        assert ours.statistics == theirs.statistics
        assert ours.seeds == theirs.seeds
        for metric in ("loss", "val_loss", "val_accuracy"):
            np.testing.assert_array_equal(ours.curves[metric], theirs.curves[metric])


def test_a_statistic_read_off_the_saved_runs_is_the_saved_one(tmp_path: Path) -> None:
    trained = made_runs(made_arm("noise"))
    write(baseline(saved(trained)), tmp_path / "b.json")
    found = read(tmp_path / "b.json")
    values = {each.name: each.values for each in found.arms[0].statistics}
    again = final("val_loss", trained.arm).values({trained.arm: found.runs(trained.arm)})
    assert tuple(rounded(again).tolist()) == values["val_loss of the last epoch"]
    exact = late("val_accuracy", trained.arm).values({trained.arm: trained})
    np.testing.assert_allclose(exact, values["mean val_accuracy of the last 5 epochs"], rtol=1e-5)


def test_a_seed_has_a_line(tmp_path: Path) -> None:
    write(baseline(), tmp_path / "b.json")
    lines = (tmp_path / "b.json").read_text().splitlines()
    rows = [json.loads(line.strip().rstrip(",")) for line in lines if line.startswith("     [")]
    assert {len(row) for row in rows} == {8}
    assert len(rows) == 3 * 10
    assert max(len(str(abs(x)).replace(".", "").lstrip("0")) for row in rows for x in row) <= 6


def test_what_is_not_finite_survives(tmp_path: Path) -> None:
    runs = made_runs(made_arm("noise"))
    runs.history.metrics["val_loss"][3, -1] = nan
    runs.history.metrics["val_loss"][4, -1] = inf
    write(baseline(saved(runs)), tmp_path / "b.json")
    arm = read(tmp_path / "b.json").arms[0]
    assert np.isnan(arm.curves["val_loss"][3, -1])
    values = next(each.values for each in arm.statistics if "val_loss" in each.name)
    assert values[3] == values[4] == inf


def test_claims_of_one_arm_share_its_runs_and_each_seed_is_there_once() -> None:
    arm = made_arm("noise")
    few = SavedArm.of(made_runs(arm, seeds=10), [late("loss", arm)], ["b"])
    many = SavedArm.of(made_runs(arm, seeds=20), [final("loss", arm)], ["a"])
    (joined,) = Baseline.of("made", {}, [few, many, few]).arms
    assert joined.seeds == tuple(range(20))
    assert joined.claims == ("a", "b")
    assert [each.name for each in joined.statistics] == [
        "loss of the last epoch",
        "mean loss of the last 5 epochs",
    ]
    assert {len(each.values) for each in joined.statistics} == {20}
    np.testing.assert_array_equal(joined.curves["loss"][10:], many.curves["loss"][10:])


def test_only_what_one_arm_gives_is_its_statistic() -> None:
    one, other = made_arm("noise"), made_arm("control")
    combined = gap(late("loss", one), final("loss", other))
    doses = rank_correlation({0: late("val_loss", other), 1: late("val_loss", one)})
    parts = [*combined.primary, *doses.primary]
    assert combined.primary == (late("loss", one), final("loss", other))
    arm = SavedArm.of(made_runs(one), parts, [])
    assert [each.name for each in arm.statistics] == [
        "mean loss of the last 5 epochs",
        "mean val_loss of the last 5 epochs",
    ]


def test_curves_that_nobody_reads_are_left_out() -> None:
    runs = made_runs(made_arm("noise"))
    runs.history.metrics["data_loss"] = runs.history["loss"]  # type: ignore[index]
    (arm,) = baseline(saved(runs)).arms
    assert sorted(arm.curves) == ["loss", "val_accuracy", "val_loss"]
    read_off = SavedArm.of(runs, [late("data_loss", runs.arm)], [])
    assert "data_loss" in Baseline.of("made", {}, [read_off]).arms[0].curves


@dataclass(frozen=True)
class Highest:
    """A measure of a user's own."""

    metric: str

    def __call__(self, runs: Sequence[Runs]) -> NDArray[np.float64]:
        return np.asarray(runs[0].history[self.metric].max(axis=1))


def test_a_measure_of_a_users_own_is_saved_and_read_where_its_class_is(tmp_path: Path) -> None:
    runs = made_runs(made_arm("noise"))
    own = Statistic("highest loss", "nats", None, (runs.arm,), Highest("loss"))
    arm = SavedArm.of(runs, [own], ["a"])
    write(Baseline.of("made", {}, [arm]), tmp_path / "b.json")
    (found,) = read(tmp_path / "b.json").arms
    assert found.statistics[0].measure == OwnMeasure(f"{__name__}:Highest", (("metric", "loss"),))
    assert alike(found, SavedArm.of(runs, [], [])).statistics[0].values == arm.statistics[0].values
    away = replace(found.statistics[0], measure=OwnMeasure("elsewhere:Highest", ()))
    there, bare = replace(found, statistics=(away,)), replace(found, statistics=())
    assert alike(there, bare).statistics == ()
    assert alike(there, there).statistics == there.joined(there).statistics == (away,)
    assert there.trimmed(also=()).curves.keys() == found.curves.keys()  # it may read any


def halves(seed: int) -> dict[str, float]:
    return {"half": seed / 2}


def test_an_experiment_is_saved_as_an_arm_is(tmp_path: Path) -> None:
    arm = Experiment("half", Builder(halves), (Curve("half", "more", "m"),))
    runs = Runs(arm, (0, 1, 2), History({"half": np.array([[0.0], [0.5], [1.0]])}))
    write(baseline(SavedArm.of(runs, [best("half", arm)], ["a"])), tmp_path / "b.json")
    found = read(tmp_path / "b.json").arm(arm)
    assert (found.name, found.data, found.recorded) == ("half", "an experiment's own", arm.curves)
    assert found.statistics[0].values == (0, 0.5, 1)
    with pytest.raises(ValueError, match=r"Expected one of half\. Received: 'loss'"):
        found.direction("loss")


@pytest.mark.parametrize(
    ("values", "unit", "margin"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, inf], "nats", 1.5 * 2.5),
        ([3.0, 3.0, 3.0], "epochs", 1.0),
        ([0.5, 0.5], "", 0.001),
        ([inf, inf], "nats", 0.001),
    ],
)
def test_margin(values: list[float], unit: str, margin: float) -> None:
    assert margin_of(values, unit) == pytest.approx(margin)


class Described(Arm):
    """An arm with another description than it had."""

    def described(self) -> dict[str, Any]:
        return {"layers": [{"units": self.batch_size}]}


def test_a_changed_arm_is_not_comparable_and_says_in_what() -> None:
    old = Described("noise", made_arm("noise").data, made_arm("noise").model, epochs=8)
    found = baseline(saved(made_runs(old)))
    with pytest.raises(NotComparable, match=r"layers\[0\].units: 128 before, 64 now\. Save a new"):
        found.arm(old.replace(batch_size=64))
    with pytest.raises(
        NotComparable, match=r"Expected arm 'other' in baseline 'made'.*one of 1 others"
    ):
        found.arm(made_arm("other"))


@pytest.mark.parametrize(
    ("older", "changed"),
    [
        (
            {"layers": [{"units": 128, "bias": True}], "patience": 3},
            "layers[0].bias: True before, nothing now; patience: 3 before, nothing now",
        ),
        ({"layers": [{"units": 128}, {"units": 1}]}, "layers[1]: {'units': 1} before, nothing now"),
        ({"layers": [{"units": 128}]}, "another fingerprint of the same description"),
    ],
)
def test_what_differs_is_named_setting_by_setting(older: dict[str, object], changed: str) -> None:
    arm = made_arm("noise")
    newer = Described("noise", arm.data, arm.model, epochs=8)
    before = replace(saved(made_runs(newer)), description=older, fingerprint="other")
    with pytest.raises(NotComparable, match=re.escape(f"Received: {changed}. Save a new")):
        baseline(before).runs(newer)


def test_how_an_arm_trains_decides_and_its_name_does_not() -> None:
    made = made_arm("noise")
    few, many = (Described("noise", made.data, made.model, batch_size=n) for n in (32, 64))
    renamed = Described("another name", made.data, made.model, batch_size=64)
    both = baseline(saved(made_runs(few)), saved(made_runs(many)))
    assert both.arm(few).fingerprint == few.fingerprint()
    assert both.arm(many).fingerprint == both.arm(renamed).fingerprint == many.fingerprint()
    unlike = Described("noise", made.data, made.model, batch_size=48)
    with pytest.raises(NotComparable, match=r"Received: layers\[0\].units: 32 before, 48 now"):
        both.arm(unlike)


def damage(path: Path, **changes: object) -> None:
    """Write a baseline whose first arm says something else, sealed anew."""
    write(baseline(), path)
    record = json.loads(path.read_text())
    arm = {**record["arms"][0], **changes}
    record["arms"][0] = {**arm, "seal": baseline_file._seal(arm)}
    path.write_text(json.dumps(record))


AT = {"kind": "At", "metric": "loss", "epoch": 1}
STATISTIC = {"name": "s", "unit": "", "measure": AT, "values": [0.5] * 10}


def nested(levels: int) -> dict[str, Any]:
    return {} if levels == 1 else {"in": nested(levels - 1)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": [0, 0]}, r"Expected whole numbers, each once as arm 'noise', seeds"),
        ({"curves": {"loss": [[1.0]]}}, r"Expected 10 rows as arm 'noise', curves of loss"),
        ({"curves": {"loss": [["x"]] * 10}}, r"Expected 1 numbers as .* Received: \['x'\]"),
        ({"description": 3}, r"Expected a dict as arm 'noise', description .* Received: 3\."),
        ({"statistics": [{**STATISTIC, "margin": -1.0}]}, "a number above 0 as .*Received: -1.0"),
        (
            {"statistics": [{**STATISTIC, "margin": 1.0, "measure": {"kind": "os"}}]},
            r"Expected a measure of .* as arm 'noise', statistics\[0\], measure .*'os'",
        ),
        *(
            (
                {"statistics": [{**STATISTIC, "margin": 1.0, "measure": measure}]},
                r"Expected a measure of .* as arm 'noise', statistics\[0\], measure",
            )
            for measure in [
                {"kind": "unit_of", "metric": "loss"},
                {"kind": "Runs"},
                {"kind": None},
                {"kind": "At", "metric": "loss"},
                {"kind": "At", "metric": "loss", "epoch": 1, "more": 1},
                {"kind": "At", "metric": "loss", "epoch": 1.5},
                {"kind": "At", "metric": "loss", "epoch": True},
                {"kind": "At", "metric": ["loss"], "epoch": 1},
            ]
        ),
        *(
            (
                {"statistics": [{**STATISTIC, "margin": 1.0, "measure": measure}]},
                "Expected measures of its own curves as arm 'noise', statistics .* Received: .*",
            )
            for measure in [
                {"kind": "At", "metric": "val_data_loss", "epoch": 1},
                {"kind": "At", "metric": "loss", "epoch": 99},
            ]
        ),
        ({"statistics": [{**STATISTIC, "margin": inf}]}, "a number above 0 as .*Received: inf"),
        ({"statistics": [{**STATISTIC, "margin": 10**400}]}, "a float as .*Received: 1000"),
        ({"curves": {"loss": [[10**400]] * 10}}, "Received: int too large to convert to float"),
        ({"curves": {"loss": [[True]] * 10}}, r"Expected 1 numbers as .* Received: \[True\]"),
        ({"curves": {}}, "Expected one number of epochs as arm 'noise', curves"),
        ({"seeds": [10**400] * 10}, "Expected whole numbers, each once as arm 'noise', seeds"),
        ({"claims": [{}]}, r"Expected a str as arm 'noise', claims\[0\]"),
        ({"data": "\ud800"}, "surrogates not allowed"),
        ({"description": nested(60)}, "Expected no deep nest as arm 'noise', description"),
        ({"name": "\x1b[31m\n" * 99, "data": 3}, r"Expected a str as arm '.+x1b"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, changes: Any, message: str) -> None:
    damage(tmp_path / "b.json", **changes)
    with pytest.raises(UnusableBaseline, match=message) as refused:
        read(tmp_path / "b.json")
    assert_one_line(str(refused.value))


def test_a_whole_number_is_a_measures_number(tmp_path: Path) -> None:
    until = {"kind": "EpochsTo", "metric": "loss", "reaches": 0}
    damage(tmp_path / "b.json", statistics=[{**STATISTIC, "margin": 1.0, "measure": until}])
    assert read(tmp_path / "b.json").arms[0].statistics[0].measure == EpochsTo("loss", 0)


def test_a_number_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    write(baseline(), path := tmp_path / "b.json")
    text = path.read_text()
    first = baseline().arms[0].curves["loss"][0, 0]
    path.write_text(text.replace(str(first), "0.123", 1))
    with pytest.raises(UnusableBaseline, match=r"arm 'noise' of baseline b.json.*a changed arm"):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expected a baseline in b.json, as JSON. Received: Expecting property name"),
        ("[]", "Expected 'training claims: baseline 2' as format of .* Received: 'list'"),
        ('{"format": "other"}', "as format of baseline b.json. Received: 'other'"),
        ("", "as JSON. Received: Expecting value"),
        ("\xff", "as JSON. Received: 'utf-8' codec can't decode byte 0xff"),
        ("[" * 100_000, "as JSON. Received: maximum recursion depth exceeded"),
        ("9" * 5_000, "as JSON. Received: Exceeds the limit"),
    ],
    ids=lambda value: value[:20],
)
def test_a_foreign_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UnusableBaseline, match=message) as refused:
        read(tmp_path / "b.json")
    assert_one_line(str(refused.value))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "b.json")
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(UnusableBaseline, match=r"Received: it is not a regular file\."):
            read(path)
    with pytest.raises(UnusableBaseline, match=r"as JSON\. Received: .*Is a directory"):
        read(tmp_path)


def test_a_file_that_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: str) -> None:
        raise MemoryError

    write(baseline(), tmp_path / "b.json")
    monkeypatch.setattr(json, "loads", full)
    with pytest.raises(UnusableBaseline, match=r"as JSON. Received: MemoryError\(\)"):
        read(tmp_path / "b.json")


def test_a_baseline_without_arms_is_refused(tmp_path: Path) -> None:
    write(Baseline("none", {}, ()), tmp_path / "b.json")
    with pytest.raises(UnusableBaseline, match="Expected an arm at least as arms of baseline"):
        read(tmp_path / "b.json")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableBaseline, match=r"in none.json. Received: no such file in .*Name a"):
        read(tmp_path / "none.json")


def test_a_name_is_one_of_the_projects_own_and_a_file_is_seen_from_here(tmp_path: Path) -> None:
    assert path_of("tf-2.21", tmp_path) == places.baselines() / "tf-2.21.json"
    assert path_of("mine.json", tmp_path) == tmp_path / "mine.json"
    assert path_of("at/mine", tmp_path) == tmp_path / "at" / "mine"
