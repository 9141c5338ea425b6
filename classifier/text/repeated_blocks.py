"""What stands in more than one story: near-duplicates and repeated blocks, found in one pass that keeps no text."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.text.boilerplate import Block, blocks_of
from classifier.text.cleaning import clean_body
from classifier.text.duplicates import NearDuplicates
from classifier.text.reading import ArticleReader

MIN_WORDS = 2  # of a block; a single one is a word of the text
MIN_STORIES = 20  # that a block stands in, and at least one in FEW_STORIES of all
FEW_STORIES = 200


class Occurrences:
    """Pairs of a number and the article that has it, twelve bytes each."""

    def __init__(self) -> None:
        self.numbers, self.rows = array("Q"), array("i")

    def add(self, row: int, numbers: np.ndarray) -> None:
        """Add the numbers of an article, (n,) uint64. Repetitions count once."""
        different = np.unique(numbers)
        self.numbers.frombytes(different.tobytes())
        self.rows.frombytes(np.full(len(different), row, dtype=np.int32).tobytes())


class Shared:
    """In which articles, and in how many stories, each number occurs."""

    def __init__(self, occurrences: Occurrences, stories: np.ndarray) -> None:
        """Take the story of each article, (n_articles,) int32."""
        self.n_articles = n_articles = len(stories)
        numbers = np.frombuffer(occurrences.numbers, dtype=np.uint64)
        order = np.argsort(numbers, kind="stable")
        self.rows = np.frombuffer(occurrences.rows, dtype=np.int32)[order]  # (n_pairs,) the article of each pair
        starts = np.flatnonzero(np.diff(numbers[order], prepend=~numbers[order[:1]]) != 0)
        self.numbers = numbers[order[starts]]  # (n_numbers,) uint64, ascending
        self._starts = np.append(starts, len(order))
        group = np.repeat(np.arange(len(starts)), np.diff(self._starts))
        by_story = np.unique(group * max(1, n_articles) + stories[self.rows]) // max(1, n_articles)
        self.n_stories = np.bincount(by_story, minlength=len(starts))
        self.is_shared = (self.n_stories >= 2)[group]  # (n_pairs,) whether two stories have the number of the pair

    def having(self, which: int) -> np.ndarray:
        """Return the articles that have a number, in order, by its place among the numbers."""
        return np.sort(self.rows[self._starts[which] : self._starts[which + 1]])

    def repeated(self, min_stories: int, few_stories: int) -> list[int]:
        """Return the places of the numbers of at least `min_stories` stories, and of one in `few_stories` of all."""
        at_least = max(min_stories, -(-self.n_articles // few_stories))
        return list(np.flatnonzero(self.n_stories >= at_least).tolist())


class CopyFinder:
    """Collects texts one by one, and finds which are near-duplicates and which blocks they share."""

    def __init__(self) -> None:
        self._duplicates, self._blocks, self._n_articles = NearDuplicates(), Occurrences(), 0

    def add(self, words: Sequence[str], blocks: Sequence[Block]) -> None:
        """Add the words and the blocks of the next article."""
        row = self._n_articles
        self._n_articles += 1
        self._duplicates.add(words if words else [f"{row}"])  # texts without words are no copies of each other
        self._blocks.add(row, np.array([number_of(block.folded) for block in blocks], dtype=np.uint64))

    def stories(self) -> np.ndarray:
        """Return a number for the story of each article, (n_articles,) int32, which near-duplicates share."""
        return self._duplicates.groups() if self._n_articles else np.zeros(0, dtype=np.int32)

    def blocks(self, stories: np.ndarray) -> Shared:
        """Return where the blocks stand."""
        return Shared(self._blocks, stories)


def long_blocks(article: Article, min_words: int) -> Iterator[Block]:
    """Yield the blocks of an article's clean body that have enough words."""
    return (block for block in blocks_of(clean_body(article).text) if block.folded.count(" ") + 1 >= min_words)


def number_of(block: str) -> int:
    """Return a number of 64 bits for a folded block. The same block has the same number."""
    return int.from_bytes(blake2b(block.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class LeaningRule(NamedTuple):
    """When a tag leans on a block: enough of its articles have it, and far more often than others."""

    min_articles: int
    min_share: float
    times_elsewhere: float

    def holds(self, n_with_block: np.ndarray, share: np.ndarray, elsewhere: np.ndarray) -> np.ndarray:
        """Return for each tag whether it leans, (n_tags,) bool, by the shares of its and of other articles with the block."""
        is_frequent = (n_with_block >= self.min_articles) & (share >= self.min_share)
        return np.asarray(is_frequent & (share >= self.times_elsewhere * elsewhere))


LEANING = LeaningRule(min_articles=10, min_share=0.2, times_elsewhere=4.0)


@dataclass(frozen=True)
class Survey:
    """What the pass before training finds. It knows nothing of articles that cannot be read."""

    blocks: list[RepeatedBlock]
    unreadable: Unreadable


class RepeatedBlock(NamedTuple):
    """A block of many stories: its folded text, and the rows of the articles that have it."""

    text: str
    rows: list[int]
    tags: list[str]  # that it names, or that lean on it


def survey(articles: Sequence[Article], labels: np.ndarray, taxonomy: Taxonomy, track: Track) -> Survey:
    """Read every text once and return what is copied. `labels`: (n_articles, n_tags) int8."""
    reader, copies, unreadable = ArticleReader(taxonomy), CopyFinder(), Unreadable()
    for article in track(articles, len(articles), "reading for copies"):
        words: list[str] = []
        blocks: list[Block] = []
        with unreadable.setting_aside(article.id):
            words = reader.read_text(article).spelling
            blocks = list(long_blocks(article, MIN_WORDS))
        copies.add(words, blocks)
    shared = copies.blocks(copies.stories())
    rows_of = {int(shared.numbers[which]): shared.having(which) for which in shared.repeated(MIN_STORIES, FEW_STORIES)}
    repeated = []
    for number, rows in sorted(rows_of.items(), key=lambda item: (-len(item[1]), item[0])):
        folded = (block.folded for block in long_blocks(articles[rows[0]], MIN_WORDS))
        text = next(text for text in folded if number_of(text) == number)
        repeated.append(_repeated_block(text, rows, labels, taxonomy, reader))
    return Survey(repeated, unreadable)


def _repeated_block(
    text: str, rows: np.ndarray, labels: np.ndarray, taxonomy: Taxonomy, reader: ArticleReader
) -> RepeatedBlock:
    named = {mention.tag for mention in reader.read(Article("block", "", text)).mentions}
    is_known, is_positive = labels >= 0, labels == 1
    n_with_block = is_positive[rows].sum(axis=0)
    share = n_with_block / np.maximum(1, is_positive.sum(axis=0))
    is_negative = is_known & ~is_positive
    elsewhere = is_negative[rows].sum(axis=0) / np.maximum(1, is_negative.sum(axis=0))
    leaning = np.flatnonzero(LEANING.holds(n_with_block, share, elsewhere)).tolist()
    tags = sorted({*named, *leaning}, key=lambda tag: (-share[tag], tag))
    return RepeatedBlock(text, rows.tolist(), [taxonomy.tags[tag].id for tag in tags])
