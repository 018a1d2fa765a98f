"""A record as series, and as a page: edited arms, other machines, runs that diverged."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

from training_claims.reports.history.page import page
from training_claims.reports.history.record import Record, Series, Trained
from training_claims.reports.history.series import followed

ARM = Series("arm", "a <b> on made", "late loss", "nats", "", 0.0)
BY = Trained("2.21.0", "3.10.0", "2.4.6", "3.11.7", "CPU", "packaged", "f00")
LATER = [replace(BY, keras=f"3.{minor}.0") for minor in (9, 11, 12)]


def of(*values: float) -> dict[int, float]:
    return dict(enumerate(values * (30 // len(values))))


def test_versions_are_in_their_order_and_one_alone_is_no_series() -> None:
    record: Record = {(ARM, by): of(0.1, 0.2, 0.3) for by in (BY, *LATER)}
    (found,) = followed({**record, (replace(ARM, name="alone"), BY): of(1.0)})
    assert [by.keras for by in found.trained] == ["3.9.0", "3.10.0", "3.11.0", "3.12.0"]
    assert not found.changes


def test_of_an_edited_arm_what_most_versions_have_counts() -> None:
    record: dict[tuple[Series, Trained], dict[int, float]] = {
        (ARM, by): of(0.1) for by in (BY, *LATER)
    }
    record[ARM, replace(BY, code="f99")] = of(5.0)
    (found,) = followed(record)
    assert [sample.values[0] for sample in found.samples] == [0.1] * 4


def test_other_devices_and_data_are_series_of_their_own() -> None:
    record: Record = {
        (ARM, replace(by, device=device)): of(0.1 if device == "CPU" else 5.0)
        for by in (BY, *LATER)
        for device in ("CPU", "GPU")
    }
    both = followed(record)
    assert len(both) == 2
    assert not any(each.changes for each in both)


def test_a_change_is_told_by_what_moved() -> None:
    later = replace(BY, tensorflow="2.22.0", numpy="2.5.0")
    (found,) = followed({(ARM, BY): of(0.1), (ARM, later): of(5.0)})
    (change,) = found.changes
    assert found.told(change) == "effect: TensorFlow 2.22.0 with NumPy 2.5.0"


def test_what_changed_leads_and_claims_come_before_arms() -> None:
    claim = replace(ARM, kind="claim", name="a claim", direction="exceeds")
    record: dict[tuple[Series, Trained], dict[int, float]] = {
        (series, by): of(0.1) for series in (ARM, claim) for by in (BY, LATER[1])
    }
    moved = replace(ARM, name="z moved")
    record |= {(moved, BY): of(0.1), (moved, LATER[1]): of(5.0)}
    assert [each.series for each in followed(record)] == [moved, claim, ARM]


def test_a_page_of_runs_that_diverged_says_so_and_escapes_names() -> None:
    levels = (of(0.1), of(nan), of(inf), of(0.1, inf))
    found = followed(dict(zip([(ARM, by) for by in (BY, *LATER)], levels, strict=True)))
    told = page(found)
    assert "unknown" in told
    assert "a &lt;b&gt; on made" in told
    assert "<b>" not in told
    assert "1 of 1 series changed" in told
