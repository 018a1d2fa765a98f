import numpy as np

from training_claims.reports.bench.machine import forget_peak, memory_gib, peak_mib, processor
from training_claims.session.hardware import cores


def test_the_peak_is_that_of_the_resident_set() -> None:
    forget_peak()
    before = peak_mib()
    np.ones(2**23)  # 64 MiB, freed at once
    assert peak_mib() >= max(before, 64)


def test_the_machine_is_told() -> None:
    assert cores() >= 1
    assert memory_gib() > 0
    assert processor()
