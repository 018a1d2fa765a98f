"""Change points of a series over versions, found as the versions come: a page's, and a monitor's.

Each version is held against the first of those that are alike so far; once it is shown to differ
it is a change point, and the first of the next ones. So a change is told once, not again by every
version after it, and what is told of a version never depends on later ones.

As long as nothing changes each version is held against one other, so that all series of a page,
over `PLANNED` versions each, raise a false alarm with a probability of `ERROR` at most, whatever
hangs together: with a version a night that is the rate of a year. What a false alarm that follows
a true change comes to, the simulation counts (see HISTORY.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training_claims.reports.history.bisection import Change
from training_claims.reports.history.change import ERROR, Sample, changed, p_of

PLANNED = 366  # versions of a series: a nightly build a day for a year
DOUBT = 1e-3  # a p below which a version before a change point may have changed already


def change_points(samples: Sequence[Sample], series: int = 1) -> Iterator[Change]:
    """Where a series changed.

    Args:
        samples: What it gave, the oldest version first.
        series: How many series share the error.
    """
    error = ERROR / (series * max(PLANNED, len(samples)))
    since = 0
    for new in range(1, len(samples)):
        if kind := changed(samples[new], samples[since], error):
            like = (
                old
                for old in range(new - 1, since, -1)
                if p_of(kind, samples[old], samples[since]) > DOUBT
            )
            yield Change(kind, next(like, since), new)
            since = new
