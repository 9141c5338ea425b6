"""The words of a text with their offsets, in a spelling without case, accents and apostrophes.

Mentions, boilerplate and terms all take their words from here, so that they agree on what a word is. Folding never changes
the length of a text: an offset into the folded text is an offset into the text.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np

from classifier.domain.spelling import plain_words
from classifier.text.hashing import MANY, HashedWords, hash_words, joined
from classifier.text.once import once

FEW = 48  # spans that are looked up one by one: five calls of numpy take 15 µs


class Words:
    """The words of one text: `spelling[i]` stands folded for `text[starts[i]:ends[i]]`.

    `plain` is the folded text with a blank for every character that is in no word, as long as the text.
    """

    def __init__(self, plain: str, batch: HashedWords | None = None, number: int = 0) -> None:
        """Take a text, and its number among those of a batch that was hashed together."""
        self.plain, self.number = plain, number
        if batch is not None:
            self.batch = batch

    @once
    def batch(self) -> HashedWords:
        """The words of all texts that were hashed together."""
        return hash_words(self.plain)

    def __len__(self) -> int:
        first, last = self.batch.edges[self.number : self.number + 2]
        return last - first

    @once
    def spelling(self) -> list[str]:
        """The words, without apostrophes."""
        return self.plain.replace("'", "").split()

    @once
    def hashed(self) -> HashedWords:
        """The words of this text alone, hashed."""
        return self.batch.of(self.number)

    @once
    def starts(self) -> list[int]:
        """Where each word starts in the text."""
        starts: list[int] = self.hashed.starts.tolist()
        return starts

    @once
    def ends(self) -> list[int]:
        """Where each word ends in the text."""
        ends: list[int] = self.hashed.ends.tolist()
        return ends

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where the word `first` starts and the word before `last` ends."""
        batch, begin, edge = self.batch, self.batch.begins[self.number], self.batch.edges[self.number]
        return batch.starts.item(edge + first) - begin, batch.ends.item(edge + last - 1) - begin

    def spans(self, firsts: Sequence[int], lasts: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the same of many words: where each `first` starts, and where each word before `last` ends."""
        batch, begin, edge = self.batch, self.batch.begins[self.number], self.batch.edges[self.number]
        if len(firsts) < FEW:
            start_of, end_of = batch.starts.item, batch.ends.item
            starts = [start_of(edge + first) - begin for first in firsts]
            return starts, [end_of(edge + last - 1) - begin for last in lasts]
        all_starts = batch.starts.take(np.array(firsts, dtype=np.int64) + edge)
        all_ends = batch.ends.take(np.array(lasts, dtype=np.int64) + (edge - 1))
        return (all_starts - begin).tolist(), (all_ends - begin).tolist()

    def word(self, number: int) -> str:
        """Return one word, without making the list of all."""
        return self.spelt(*self.span(number, number + 1))

    def spelt(self, start: int, end: int) -> str:
        """Return the word between two offsets."""
        return self.plain[start:end].replace("'", "")

    def n_before(self, offset: int) -> int:
        """Return how many words start before an offset."""
        if "batch" not in vars(self):  # splitting costs less than hashing
            return len(self.plain[:offset].split())
        return int(self.hashed.starts.searchsorted(offset))


def split_words(text: str) -> Words:
    """Return the folded words of a text. Web and mail addresses hold none."""
    return Words(plain_words(text))


def split_all(texts: Sequence[str]) -> list[Words]:
    """Return the folded words of some texts, hashed together, which costs far less where they are many and short."""
    begins = [0, *accumulate(len(text) + 1 for text in texts)]
    plains: list[str] = []
    hashed: list[HashedWords] = []
    group_begins: list[int] = []
    for first, last in _groups(begins):
        plain = split_words("\n".join(texts[first:last])).plain
        hashed.append(hash_words(plain))
        group_begins.append(begins[first])
        plains += [
            plain[start - begins[first] : end - begins[first] - 1] for start, end in pairwise(begins[first : last + 1])
        ]
    if not hashed:
        return []
    batch = hashed[0] if len(hashed) == 1 else joined(hashed, group_begins)
    batch = HashedWords(begins, batch.starts.searchsorted(begins).tolist(), *batch[2:])
    return [Words(plain, batch, number) for number, plain in enumerate(plains)]


def _groups(begins: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of texts, first and one past the last, that are hashed together, by where they begin."""
    first = 0
    for number in range(1, len(begins)):
        if begins[number] - begins[first] > MANY or number == len(begins) - 1:
            yield first, number
            first = number


def hashed_all(words: Sequence[Words]) -> HashedWords:
    """Return the hashed words of some texts: their batch as it is where they are all of it, in order."""
    batch = words[0].batch if words else None
    if (
        batch is not None
        and len(batch.begins) == len(words) + 1
        and all(text.batch is batch and text.number == number for number, text in enumerate(words))
    ):
        return batch
    return joined([text.hashed for text in words], [0, *accumulate(len(text.plain) + 1 for text in words)])
