"""What a model says of a text in a language that it has not learned: only names that are written out count.

Each tag is judged as if it had no examples, as a new one is. Words weigh nothing, and themes are never suggested: words of one
language mean something else in another one. A group that is named twice has at least its threshold: the features of mentions
tell main subject and background apart by how English texts name both, and nothing else speaks for a tag here.
"""

from dataclasses import replace

import numpy as np

from classifier.domain.naming import named_kinds
from classifier.domain.taxonomy import Kind, Taxonomy
from classifier.model.parameters import Parameters

_ROUNDING = 1e-9  # a decision value that is computed again must not fall below its threshold


def has_names(taxonomy: Taxonomy) -> np.ndarray:
    """Return which tags are of a kind whose names are the same in every language, (n_tags,) bool."""
    kinds = {tag.kind: taxonomy.kinds.get(tag.kind, Kind()) for tag in taxonomy.tags}
    named = named_kinds(kinds)
    return np.array([tag.kind in named for tag in taxonomy.tags], dtype=bool)


def least_if_repeated(thresholds: np.ndarray, taxonomy: Taxonomy, heir_of: np.ndarray) -> np.ndarray:
    """Return the least decision values of tags that a text names twice, (n_tags,) float64: their thresholds, or -inf.

    The last are those that are never suggested, and those of which a person wants fewer. `heir_of`, (n_tags,) int64, are the tags
    for which each speaks.
    """
    heirs = [taxonomy.tags[heir] for heir in heir_of.tolist()]
    is_free = np.array([not tag.caution and tag.threshold is None for tag in heirs], dtype=bool)
    return np.where(is_free & np.isfinite(thresholds), thresholds + _ROUNDING, -np.inf)


def of_names(p: Parameters) -> Parameters:
    """Return the parameters of the same tags without any example: no linear classifier, and nothing is sure.

    Thresholds and curves stay: those of tags without examples lose a tenth of the groups that articles name twice.
    """
    n_tags = len(p.n_positive)
    return replace(
        p,
        weights=np.zeros((len(p.weights), 0), dtype=np.float32),
        separators=np.zeros(0, dtype=np.int32),
        intercepts=np.zeros(0),
        n_positive=np.zeros(n_tags, dtype=np.int32),
        auto_thresholds=np.full(n_tags, np.inf),
        recency_weights=np.zeros(n_tags),
        always_one=False,
    )
