"""A random draw, held against the law that is documented of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training_claims import Experiment, statistics

# How improbable a draw must be, at least, to speak against its law.
IMPROBABLE = 1e-6
# As many standard errors a moment may be off.
ERRORS = 6.0


def lawful(name: str, experiment: Experiment) -> Any:
    """The claim that none of a quantity's p-values is below `IMPROBABLE`."""
    measure = Least(name)
    told = statistics.Statistic(f"least p-value of {name}", "", None, (experiment,), measure)
    return told.exceeds(0, by=IMPROBABLE)


@dataclass(frozen=True)
class Least:
    """The least of a quantity's numbers."""

    name: str

    def __call__(self, runs: Any) -> Any:
        """See `Statistic`."""
        return np.nanmin(runs[0].history[self.name], axis=1)


def p_value(draws: Any, law: Any) -> tuple[float, float]:
    """A quantity: Kolmogorov and Smirnov's p-value of draws from a law of scipy.stats."""
    from scipy.stats import kstest

    return float(kstest(np.ravel(np.float64(draws)), law.cdf).pvalue), 1.0


def spread(draws: Any, law: Any) -> tuple[float, float]:
    """A quantity: how many standard errors the draws' variance is off the law's, beside none."""
    from scipy.stats import norm

    values = np.ravel(np.float64(draws)) - law.mean()
    kurtosis = float(law.stats("k")) + 3 if law.dist.name != norm.name else 3.0
    error = np.sqrt((kurtosis - 1) / values.size)
    return float((np.mean(values**2) / law.var() - 1) / error), 0.0


def correlation(one: Any, other: Any) -> tuple[float, float]:
    """A quantity: how many standard errors two draws' correlation is off none."""
    pair = [np.ravel(np.float64(each)) for each in (one, other)]
    return float(np.corrcoef(*pair)[0, 1] * np.sqrt(pair[0].size)), 0.0
