"""Retired tags speak for the tags that took their place, until a model is fitted that has learned these.

The score of such an heir is the highest of its parts: of its own, and those of the tags that it replaces. It is suggested where
any part passes its own threshold, with the decision value and the evidence of that part: one exact sum.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Spoken(NamedTuple):
    """The values of tags, each of the tag itself or of the part that speaks for it."""

    decision: np.ndarray  # (n_articles, n_tags)
    scores: np.ndarray  # (n_articles, n_tags), of an heir the highest of its parts
    voice: np.ndarray | None = None  # (n_articles, n_tags) int64, which tag speaks; None: each for itself

    def of_voice(self, values: np.ndarray) -> np.ndarray:
        """Return values of tags, (n_tags,), as those of the tags that speak, (n_articles, n_tags) or (n_tags,)."""
        return values if self.voice is None else np.asarray(values[self.voice])

    def voice_of(self, article: int, tag: int) -> int:
        """Return which tag speaks for a tag."""
        return tag if self.voice is None else int(self.voice[article, tag])


class Voices:
    """Which tags speak for which."""

    def __init__(
        self, parts_of: Mapping[int, Sequence[int]], n_tags: int, split: Mapping[int, Sequence[int]] = {}
    ) -> None:
        """Take the places of each heir's parts, of which it may be one, and of the tags into which others were split."""
        self.split = dict(split)
        self.heirs = np.array(list(parts_of), dtype=np.int64)
        sizes = np.array([len(parts) for parts in parts_of.values()], dtype=np.int64)
        self._parts = np.array([part for parts in parts_of.values() for part in parts], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        self._group = np.repeat(np.arange(len(sizes)), sizes)
        self._order = np.arange(len(self._parts))
        self._itself = np.arange(n_tags)
        self.heir_of = self._itself.copy()
        self.heir_of[self._parts] = self.heirs[self._group]

    def __bool__(self) -> bool:
        """Whether there is any heir."""
        return len(self.heirs) > 0

    def spoken(self, decision: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> Spoken:
        """Return the values of tags, from each tag's own decision values and scores, (n_articles, n_tags), and thresholds."""
        of_parts = scores.take(self._parts, axis=1)
        # Scores are at most 1: whoever passes stands before all who do not.
        rank = of_parts + 2.0 * (decision.take(self._parts, axis=1) >= thresholds.take(self._parts))
        best = np.maximum.reduceat(rank, self._starts, axis=1)
        is_best = rank == best.take(self._group, axis=1)
        first = np.minimum.reduceat(np.where(is_best, self._order, len(self._order)), self._starts, axis=1)
        speaks = self._parts.take(first)
        voice = np.repeat(self._itself[None], len(decision), axis=0)
        voice[:, self.heirs] = speaks
        decision, scores = decision.copy(), scores.copy()
        scores[:, self.heirs] = np.maximum.reduceat(of_parts, self._starts, axis=1)
        decision[:, self.heirs] = decision[np.arange(len(decision))[:, None], speaks]
        return Spoken(decision, scores, voice)
