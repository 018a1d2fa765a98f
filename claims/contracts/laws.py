"""A random draw, held against the law that is documented of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training_claims import Experiment, statistics
from training_claims.claims.contracts.agreement import quantities, told

# How improbable a draw must be, at least, to speak against its law.
IMPROBABLE = 1e-6
# As many standard errors a moment may be off.
ERRORS = 6.0


def lawful(names: str | tuple[str, ...], experiment: Experiment) -> Any:
    """The claim that none of the quantities' p-values is below `IMPROBABLE`."""
    found = quantities(names, experiment)
    text = f"least p-value of {told(found)}"
    return statistics.Statistic(text, "", None, (experiment,), Least(found)).exceeds(
        0, by=IMPROBABLE
    )


@dataclass(frozen=True)
class Least:
    """The least number of all quantities."""

    names: tuple[str, ...]

    def __call__(self, runs: Any) -> Any:
        """See `Statistic`."""
        least = [np.nanmin(runs[0].history[name], axis=1) for name in self.names]
        return np.min(least, axis=0)


def p_value(draws: Any, law: Any) -> tuple[float, float]:
    """A quantity: Kolmogorov and Smirnov's p-value of draws from a law of scipy.stats."""
    from scipy.stats import kstest

    found = float(kstest(np.ravel(np.float64(draws)), law.cdf).pvalue)
    return (0.0 if np.isnan(found) else found), 1.0  # no number is no draw of the law


def spread(draws: Any, law: Any) -> tuple[float, float]:
    """A quantity: how many standard errors the draws' variance is off the law's, beside none."""
    from scipy.stats import norm

    values = np.ravel(np.float64(draws)) - law.mean()
    kurtosis = float(law.stats("k")) + 3 if law.dist.name != norm.name else 3.0
    error = np.sqrt((kurtosis - 1) / values.size)
    return float((np.mean(values**2) / law.var() - 1) / error), 0.0


def correlation(one: Any, other: Any) -> tuple[float, float]:
    """A quantity: how many standard errors two draws' correlation is off none."""
    first, second = (np.ravel(np.float64(each)) for each in (one, other))
    return float(np.corrcoef(first, second)[0, 1] * np.sqrt(first.size)), 0.0


def share(drawn: Any, rate: float) -> tuple[float, float]:
    """A quantity: how many standard errors the share of what was drawn is off its rate."""
    error = np.sqrt(rate * (1 - rate) / np.size(drawn))
    return float((np.mean(drawn) - rate) / error), 0.0
