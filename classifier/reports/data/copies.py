"""One pass over the texts of a data report: which runs of words and which blocks stand in more than one story."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.reports.data.known import Data, Row
from classifier.text import boilerplate as furniture
from classifier.text.cleaning import clean_body
from classifier.text.duplicates import NearDuplicates
from classifier.text.reading import ArticleReader
from classifier.text.shingles import SHINGLE

MIN_BLOCK_WORDS = 4
MANY_SHARED = 0.05  # of the five-word sequences of a corpus stand in two of its stories: is it written from templates?


@dataclass
class Read:
    """What one pass over the texts leaves: numbers, and no text."""

    n_words: np.ndarray  # (n_articles,)
    stories: np.ndarray  # (n_articles,) near-duplicates are one story
    sequences: Row  # how many five-word sequences there are, and which share of them two stories have in common
    copied: np.ndarray  # (n_articles,) the share of an article's sequences that another story has too
    blocks: Shared


def read_once(data: Data, track: Track) -> Read:
    """Read every text once, and return what the checks need of it."""
    reader = ArticleReader(data.taxonomy)
    duplicates, numbers = NearDuplicates(), _Sequences()
    sequences, blocks = _Pairs(), _Pairs()
    n_words = np.zeros(len(data.articles), dtype=np.int64)
    for row, article in enumerate(track(data.articles, len(data.articles), "reading for copies")):
        text = reader.read_text(article)
        words = text.spelling
        n_words[row] = len(words)
        duplicates.add(words if words else [f"{row}"])  # texts without words are no copies of each other
        sequences.add(row, numbers.of(words))
        blocks.add(row, np.array([digest(block) for block, _, _ in blocks_of(article)], dtype=np.uint64))
    stories = duplicates.groups() if len(data.articles) else np.zeros(0, dtype=np.int32)
    shared = Shared(sequences, stories)  # not kept: of 30,000 articles it is hundreds of megabytes
    return Read(n_words, stories, shared.summary(), shared.share_of_each(), Shared(blocks, stories))


class _Sequences:
    """Numbers runs of five words, (n_runs,) uint64: the same run has the same number in every text."""

    def __init__(self) -> None:
        self._number: defaultdict[str, int] = defaultdict()
        self._number.default_factory = self._number.__len__

    def of(self, words: Sequence[str]) -> np.ndarray:
        """Return the numbers of the different runs of a text; of none where it is shorter."""
        if len(words) < SHINGLE:
            return np.zeros(0, dtype=np.uint64)
        numbers = np.fromiter(map(self._number.__getitem__, words), np.uint64, len(words))
        # A polynomial over mixed word numbers, modulo 2^64 (Knuth's multiplicative hashing).
        mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        run = np.zeros(len(words) - SHINGLE + 1, dtype=np.uint64)
        for place in range(SHINGLE):
            run = run * np.uint64(0xBF58476D1CE4E5B9) + mixed[place : place + len(run)]
        return np.unique(run)


class _Pairs:
    """Pairs of something's number and the article that has it, twelve bytes each."""

    def __init__(self) -> None:
        self.numbers, self.rows = array("Q"), array("i")

    def add(self, row: int, numbers: np.ndarray) -> None:
        """Add the different numbers of an article."""
        different = np.unique(numbers)
        self.numbers.frombytes(different.tobytes())
        self.rows.frombytes(np.full(len(different), row, dtype=np.int32).tobytes())


class Shared:
    """What stands in more than one story.

    rows: (n_pairs,) the article of each pair, in the order of the numbers; starts: where the pairs of each number begin, and
    their end; n_stories: how many stories have it.
    """

    def __init__(self, pairs: _Pairs, stories: np.ndarray) -> None:
        self.n_articles = len(stories)
        numbers = np.frombuffer(pairs.numbers, dtype=np.uint64)
        order = np.argsort(numbers, kind="stable")
        self.rows = np.frombuffer(pairs.rows, dtype=np.int32)[order]
        starts = np.flatnonzero(np.diff(numbers[order], prepend=~numbers[order[:1]]) != 0)
        self.numbers = numbers[order[starts]]
        self.starts = np.append(starts, len(order))
        group = np.repeat(np.arange(len(starts)), np.diff(self.starts))
        by_story = np.unique(group * max(1, len(stories)) + stories[self.rows]) // max(1, len(stories))
        self.n_stories = np.bincount(by_story, minlength=len(starts))
        self.shared_pairs = (self.n_stories >= 2)[group]

    def summary(self) -> Row:
        """Return how many different sequences there are, and which share of them two stories have in common."""
        n, shared = len(self.numbers), int((self.n_stories >= 2).sum())
        share = shared / n if n else 0.0
        return {"n": n, "in_two_stories": shared, "share": share, "high": share > MANY_SHARED}

    def share_of_each(self) -> np.ndarray:
        """Return for each article the share of its numbers that another story has too, (n_articles,)."""
        n = np.bincount(self.rows, minlength=self.n_articles)
        n_shared = np.bincount(self.rows[self.shared_pairs], minlength=self.n_articles)
        shares: np.ndarray = n_shared / np.maximum(1, n)
        return shares

    def having(self, which: int) -> np.ndarray:
        """Return the articles that have something, in order."""
        return np.sort(self.rows[self.starts[which] : self.starts[which + 1]])


def blocks_of(article: Article) -> Iterable[tuple[str, int, int]]:
    """Yield the lines of a body and the sentences of longer lines, folded, with their places in the clean body."""
    for block, start, end in furniture.blocks_of(clean_body(article).text):
        if block.count(" ") + 1 >= MIN_BLOCK_WORDS:
            yield block, start, end


def digest(block: str) -> int:
    """Return a number of 64 bits for a folded block; the same block has the same number."""
    return int.from_bytes(blake2b(block.encode("utf-8", "replace"), digest_size=8).digest(), "big")
