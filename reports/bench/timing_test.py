from collections.abc import Callable

import pytest

from training_claims.reports.bench.timing import (
    Timing,
    epochs_to_time,
    from_seeds,
    from_stamps,
    timed_enough,
)


def _trainer(once: float, start: float, epoch: float) -> Callable[[int], float]:
    """What seeds of a trainer take that does exactly as told."""
    left = [once]

    def seconds(epochs: int) -> float:
        return start + epoch * epochs + (left.pop() if left else 0.0)

    return seconds


def test_stock_epochs_are_the_median_after_the_first() -> None:
    # 2 s to build, 1 s to trace; epochs of 4, 4 and 9 s; 0.5 s to end.
    timing = from_stamps(10.0, [17.0, 21.0, 25.0, 34.0], 34.5)
    assert timing == Timing(once=0.0, start=3.5, epoch=4.0, sampled=3)
    assert timing.seed(10) == 43.5


def test_a_single_stock_epoch_is_all_there_is() -> None:
    assert from_stamps(1.0, [4.0], 4.0) == Timing(once=0.0, start=0.0, epoch=3.0, sampled=1)


def test_compiled_seeds_tell_compilation_start_and_epoch_apart() -> None:
    timing = from_seeds(_trainer(once=5.0, start=0.25, epoch=0.5), budget=100)
    assert (timing.once, timing.start, timing.epoch) == pytest.approx((5.0, 0.25, 0.5))
    assert timing.seed(100) == pytest.approx(50.25)
    assert timing.sampled == 4


def test_no_more_epochs_are_timed_than_the_budget() -> None:
    assert from_seeds(_trainer(0.0, 0.0, 0.001), budget=10).sampled == 10
    assert from_seeds(_trainer(1.0, 0.0, 2.0), budget=1) == Timing(1.0, 0.0, 2.0, 1)
    assert epochs_to_time(10, 0.0) == 10


def test_jitter_makes_no_negative_time() -> None:
    taken = iter([1.0, 1.0, 1.0, 1.0, 9.0, 0.5])  # the fifth compiles as many epochs
    timing = from_seeds(lambda _: next(taken), budget=5)
    assert min(timing.once, timing.start, timing.epoch) >= 0
    assert timing.epoch == pytest.approx(0.5 / 3)


def test_stock_is_timed_for_some_seconds_and_some_epochs() -> None:
    assert not timed_enough([0.0, 100.0, 200.0])
    assert not timed_enough([0.0, 0.1, 0.2, 0.3])
    assert timed_enough([0.0, 1.0, 2.0, 3.0])
