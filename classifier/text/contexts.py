"""What must stand near a name, or must not, before it counts: phrases of words, and how near.

Words are numbers here. A context is looked for when a name first asks for it. Most are ruled out by the words that occur.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np

_GAP_BITS = 30
_GAP = 1 << _GAP_BITS  # words between two fields: nothing in one is near to the other


class Context(NamedTuple):
    """Phrases, those of one word apart from longer ones, and within how many words one must stand; None: anywhere."""

    words: frozenset[int]
    phrases: list[tuple[int, ...]]
    within: int | None


def context_of(phrases: Iterable[Sequence[int]], within: int | None) -> Context | None:
    """Return the context of some phrases, or None if they hold no word."""
    different = [phrase for phrase in dict.fromkeys(map(tuple, phrases)) if phrase]
    alone = frozenset(phrase[0] for phrase in different if len(phrase) == 1)
    return Context(alone, [phrase for phrase in different if len(phrase) > 1], within) if different else None


class Contexts:
    """Where contexts stand in a text: offsets are numbers of words, with a gap before each next field."""

    def __init__(self, fields: list[list[int]], words: np.ndarray, present: set[int]) -> None:
        """Take the words of each field, those of all, (n_words,) int64, and which words there are."""
        self._fields, self._words, self._present = fields, words, present
        self._edges = [*accumulate(map(len, fields))]  # where each next field begins, without gaps
        self._begins = [0, *(edge + field * _GAP for field, edge in enumerate(self._edges, start=1))]
        # Found so far: whether contexts stand anywhere, where they stand, and where words stand.
        self._stand, self._offsets, self._where = dict[int, bool](), dict[int, list[int]](), dict[int, list[int]]()

    def near(self, field: int, word: int, context: Context) -> bool:
        """Whether any phrase of a context stands near a word of a field, which is given by its number, or anywhere."""
        if context.within is None:
            if id(context) not in self._stand:
                stands = not context.words.isdisjoint(self._present) or any(True for _ in self._of_phrases(context))
                self._stand[id(context)] = stands
            return self._stand[id(context)]
        if id(context) not in self._offsets:
            of_words = chain(*map(self._of_word, context.words & self._present))
            self._offsets[id(context)] = sorted([*of_words, *self._of_phrases(context)])
        offsets = self._offsets[id(context)]
        # Offsets are in order. A name that is repeated a hundred thousand times must not try them all each time.
        offset = self._begins[field] + word
        nearest = bisect_left(offsets, offset - context.within)
        return nearest < len(offsets) and offsets[nearest] <= offset + context.within

    def _of_phrases(self, context: Context) -> Iterator[int]:
        """Yield the places where the longer phrases of a context begin."""
        for phrase in filter(self._present.issuperset, context.phrases):
            for offset in self._of_word(phrase[0]):
                field = offset >> _GAP_BITS
                first = offset - self._begins[field]
                if tuple(self._fields[field][first : first + len(phrase)]) == phrase:
                    yield offset

    def _of_word(self, word: int) -> list[int]:
        """Return the places of a word, in order."""
        if word not in self._where:
            numbers = np.flatnonzero(self._words == word)
            numbers += np.searchsorted(self._edges[:-1], numbers, side="right") << _GAP_BITS
            self._where[word] = numbers.tolist()
        return self._where[word]
