"""One pass over the texts of a data report: which runs of words and which blocks stand in more than one story."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.domain.progress import Track
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.records import SharedSequences
from classifier.text.reading import ArticleReader
from classifier.text.repeated_blocks import CopyFinder, Occurrences, Shared, long_blocks
from classifier.text.shingles import SHINGLE

MIN_BLOCK_WORDS = 4
MANY_SHARED = 0.05  # a larger share of five-word sequences that two stories share: the texts come from templates


@dataclass(frozen=True)
class Copies:
    """What is copied in a corpus: numbers, and no text."""

    n_words: np.ndarray  # (n_articles,)
    stories: np.ndarray  # (n_articles,) near-duplicates are one story
    sequences: SharedSequences
    copied: np.ndarray  # (n_articles,) the share of an article's sequences that another story has too
    blocks: Shared


def find_copies(corpus: Corpus, track: Track) -> Copies:
    """Read every text once, and return what the checks need of it."""
    reader, finder = ArticleReader(corpus.taxonomy), CopyFinder()
    numbers, sequences = _Sequences(), Occurrences()
    n_words = np.zeros(len(corpus.articles), dtype=np.int64)
    for row, article in enumerate(track(corpus.articles, len(corpus.articles), "reading for copies")):
        words = reader.read_text(article).spelling
        n_words[row] = len(words)
        finder.add(words, list(long_blocks(article, MIN_BLOCK_WORDS)))
        sequences.add(row, numbers.of(words))
    stories = finder.stories()
    shared = Shared(sequences, stories)  # not kept: of 30,000 articles it is hundreds of megabytes
    return Copies(n_words, stories, _summary(shared), _share_of_each(shared), finder.blocks(stories))


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
        for offset in range(SHINGLE):
            run = run * np.uint64(0xBF58476D1CE4E5B9) + mixed[offset : offset + len(run)]
        return np.unique(run)


def _summary(shared: Shared) -> SharedSequences:
    """Return how many different sequences there are, and which share of them two stories have in common."""
    n, n_shared = len(shared.numbers), int((shared.n_stories >= 2).sum())
    share = n_shared / n if n else 0.0
    return SharedSequences(n, n_shared, share, high=share > MANY_SHARED)


def _share_of_each(shared: Shared) -> np.ndarray:
    """Return for each article the share of its sequences that another story has too, (n_articles,)."""
    n = np.bincount(shared.rows, minlength=shared.n_articles)
    n_shared = np.bincount(shared.rows[shared.is_shared], minlength=shared.n_articles)
    shares: np.ndarray = n_shared / np.maximum(1, n)
    return shares
