import pytest

from training_claims.reports.bench.flops import LayerShape, epoch_flop, largest

HIDDEN, OUT = LayerShape(784, 512, 784), LayerShape(512, 10, 512)


def test_a_first_layer_takes_two_products_and_others_three() -> None:
    assert epoch_flop([HIDDEN], 100, 0) == 2 * 784 * 512 * 100 * 2
    assert epoch_flop([HIDDEN, OUT], 100, 0) == 2 * 100 * (784 * 512 * 2 + 512 * 10 * 3)


def test_validation_takes_one_product() -> None:
    assert epoch_flop([HIDDEN, OUT], 0, 7) == 2 * 7 * (784 * 512 + 512 * 10)


def test_sparse_inputs_count_what_is_not_zero() -> None:
    assert epoch_flop([LayerShape(10_000, 16, 120.5)], 10, 0) == 2 * 120.5 * 16 * 10 * 2


def test_the_largest_layer_is_the_one_with_the_most_weights() -> None:
    assert largest([OUT, HIDDEN]) is HIDDEN
    with pytest.raises(ValueError, match="empty"):
        largest([])
