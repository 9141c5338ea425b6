"""Which of many tests a report may call findings."""

from collections.abc import Sequence

import numpy as np

FALSE_SHARE = 0.05  # of the findings that may be chance


def beyond_chance(ps: Sequence[float], false_share: float = FALSE_SHARE) -> list[bool]:
    """Return which of many tests are significant at a false discovery rate (Benjamini and Hochberg 1995)."""
    if not ps:
        return []
    values = np.asarray(ps)
    ordered = np.sort(values)
    under = np.flatnonzero(ordered <= false_share * np.arange(1, len(ordered) + 1) / len(ordered))
    return (values <= ordered[under[-1]]).tolist() if under.size else [False] * len(values)
