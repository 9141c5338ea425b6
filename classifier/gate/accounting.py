"""Label accounting: tags whose labels changed on articles with the same text, and nobody answers for it.

A person's decision is a reason, and so is an undo, unless one key decides on too much of a tag. A label that disappears without
a name has none, whether it is wrong now or nothing is said of it any more.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from classifier.domain import sentences as said
from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.domain.taxonomy import Taxonomy
from classifier.gate.reference import Reference
from classifier.texts import english

MIN_UNNAMED, UNNAMED = 3, 0.1  # labels of a tag that changed without a decision, and their share of its positives
MIN_BY_KEY, BY_KEY = 20, 0.2  # the same if one key decided so
RENAMED = 0.5  # of the lost labels that one new tag has


class Turned(NamedTuple):
    """The labels of a tag that turned from right to wrong or back since an older version, for no good reason."""

    tag: int  # column
    rows: list[int]  # the examples
    n_positive: int  # examples that had the tag then or have it now
    n_given: int
    n_unnamed: int  # turned without a decision
    keys: list[str]  # that decided on too much of the tag
    renamed: int | None  # the column of a new tag that has taken its place
    is_bulk: bool  # else a tenth of the labels is lost, and yet fewer than three: a small tag

    def figure(self, reference: Reference, taxonomy: Taxonomy) -> str:
        """Return for people what was counted. It names no key."""
        counts = {"taken": len(self.rows) - self.n_given, "given": self.n_given, "all": self.n_positive}
        figures = [english(said.TURNED, **counts, reference=reference.name), english(said.UNNAMED, n=self.n_unnamed)]
        if self.keys:
            figures.append(said.ONE_KEY)
        if self.renamed is not None:
            figures.append(english(said.RENAMED, tag=taxonomy.tags[self.renamed].id))
        return ". ".join(figures)


def count_labels(reference: Reference, taxonomy: Taxonomy) -> list[Turned]:
    """Return the tags whose labels turned in bulk, and small tags that lost a tenth, without settled ones.

    What no article had then cannot have been lost.
    """
    known = (reference.then != UNKNOWN) & (reference.now != UNKNOWN)
    turned = (known & (reference.then != reference.now) | reference.vanished) & reference.same_text[:, None]
    had, has = (labels == POSITIVE for labels in (reference.then, reference.now))
    n_positive = ((had | has) & reference.same_text[:, None]).sum(axis=0)
    unnamed, share = turned & ~reference.decided, UNNAMED * n_positive
    n_unnamed, n_lost = unnamed.sum(axis=0), (unnamed & had).sum(axis=0)
    by_key = Counter((tag, key) for (row, tag), key in reference.keys.items() if turned[row, tag])
    found = []
    for tag in np.flatnonzero(turned.any(axis=0) & had.any(axis=0)).tolist():
        keys = sorted(
            key for (of, key), n in by_key.items() if of == tag and n >= max(MIN_BY_KEY, BY_KEY * n_positive[tag])
        )
        is_bulk = bool(keys or n_unnamed[tag] >= max(MIN_UNNAMED, share[tag]))
        is_found = is_bulk or n_lost[tag] >= max(1, share[tag])
        if tag not in reference.settled and not taxonomy.tags[tag].retired and is_found:
            rows = np.flatnonzero(turned[:, tag])
            new_tag = _renamed(turned[:, tag] & had[:, tag], had, has)
            n_given, ids = int(has[rows, tag].sum()), reference.rows[rows].tolist()
            found.append(Turned(tag, ids, int(n_positive[tag]), n_given, int(n_unnamed[tag]), keys, new_tag, is_bulk))
    return found


def _renamed(lost: np.ndarray, had: np.ndarray, has: np.ndarray) -> int | None:
    """Return the tag that no article had then and that half of the articles have which lost a tag."""
    if not lost.any():
        return None
    share = np.where(had.any(axis=0), 0.0, has[lost].mean(axis=0))
    return int(share.argmax()) if share.max() >= RENAMED else None
