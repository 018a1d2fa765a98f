import pytest

from training_claims.reports.audit import harness

CAUGHT_BY = {
    "arms-swapped": "has swapped arms",
    "arms-swapped-and-relabelled": "refuted",
    "direction-flipped": "refuted",
    "seed-twice": "Expected every seed once",
    "seed-not-used": "curves of its own from each seed",
    "nan-dropped": "Expected 12 rows, one a seed, for arm 'high'. Received: [11]",
    "nan-dropped-with-its-seed": "Expected runs of 12 seeds for arm 'high'. Received: 11",
    "stale-store-entry": "was changed or belongs to another arm or seed",
    "histories-in-another-order": "was changed or belongs to another arm or seed",
    "seeds-in-another-order": "the same seeds in the same order",
    "baseline-of-other-data": "data: ",
}


def test_each_fault_is_listed() -> None:
    assert set(harness.FAULTS) == set(CAUGHT_BY)


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_a_harness_fault_is_caught(name: str) -> None:
    assert CAUGHT_BY[name] in harness.FAULTS[name]()


def test_without_a_fault_the_claim_is_supported() -> None:
    with pytest.raises(harness.Uncaught, match=r"Expected an error or another verdict.*supported"):
        harness._decided(lambda arm, _: harness._runs(arm))
