"""One pass over the texts before training: which are near-duplicates, and which blocks stand on many pages. Keeps no text."""

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
from classifier.text.boilerplate import blocks_of
from classifier.text.cleaning import clean_body
from classifier.text.duplicates import NearDuplicates
from classifier.text.reading import ArticleReader

MIN_BLOCK = 2  # words; a single one is a word of the text
MIN_STORIES = 20  # that a block stands in, and at least one in FEW_STORIES of all
FEW_STORIES = 200
MIN_WITH_TAG = 10  # of the articles with a block have the tag that leans on it
LEANS = 0.2  # the share of a tag's articles that have the block …
TIMES = 4.0  # … and how many times as often as others


@dataclass(frozen=True)
class Survey:
    """What the pass found. groups: (n_articles,) int32, near-duplicates share one; of the unreadable nothing is known."""

    groups: np.ndarray
    blocks: list[RepeatedBlock]
    unreadable: Unreadable


class RepeatedBlock(NamedTuple):
    """A block of many stories: its folded text, the rows of the articles that have it, and the tags that lean on it.

    A tag leans on a block that names it, or that its articles have far more often than others.
    """

    text: str
    rows: list[int]
    tags: list[str]


def survey(articles: Sequence[Article], labels: np.ndarray, taxonomy: Taxonomy, track: Track) -> Survey:
    """Read every text once and return what is copied.

    Args:
        labels: (n_articles, n_tags) int8.
    """
    reader = ArticleReader(taxonomy)
    duplicates, unreadable = NearDuplicates(), Unreadable()
    numbers, rows = array("Q"), array("i")
    for row, article in enumerate(track(articles, len(articles), "reading for copies")):
        words, found = [], set()
        with unreadable.setting_aside(article.id):
            text = reader.read_text(article)
            words = text.spelling
            found = {_number(block) for block, _, _ in _blocks(article)}
        duplicates.add(words if words else [f"{row}"])  # texts without words are no copies of each other
        numbers.extend(found)
        rows.extend([row] * len(found))
    groups = duplicates.groups() if len(articles) else np.zeros(0, dtype=np.int32)
    of_block = _repeated(np.frombuffer(numbers, dtype=np.uint64), np.frombuffer(rows, dtype=np.int32), groups)
    named = [_named(articles, number, having) for number, having in of_block]
    return Survey(groups, [_block(text, having, labels, taxonomy, reader) for text, having in named], unreadable)


def _blocks(article: Article) -> Iterator[tuple[str, int, int]]:
    return (one for one in blocks_of(clean_body(article).text) if one[0].count(" ") + 1 >= MIN_BLOCK)


def _number(block: str) -> int:
    return int.from_bytes(blake2b(block.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _repeated(numbers: np.ndarray, rows: np.ndarray, groups: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Return the numbers of the blocks of many stories with the rows that have them, those of most rows first."""
    order = np.argsort(numbers, kind="stable")
    different, starts = np.unique(numbers[order], return_index=True)
    at_least = max(MIN_STORIES, -(-len(groups) // FEW_STORIES))
    ends = np.append(starts[1:], len(order))
    found = []
    for which in np.flatnonzero(ends - starts >= at_least).tolist():
        having = np.sort(rows[order[starts[which] : ends[which]]])
        if len(np.unique(groups[having])) >= at_least:
            found.append((int(different[which]), having))
    return sorted(found, key=lambda one: (-len(one[1]), one[0]))


def _named(articles: Sequence[Article], number: int, having: np.ndarray) -> tuple[str, np.ndarray]:
    text = next(block for block, _, _ in _blocks(articles[having[0]]) if _number(block) == number)
    return text, having


def _block(
    text: str, having: np.ndarray, labels: np.ndarray, taxonomy: Taxonomy, reader: ArticleReader
) -> RepeatedBlock:
    reading = reader.read(Article("block", "", text))
    names = {mention.tag for mention in reading.mentions}
    known, positive = labels >= 0, labels == 1
    n_positive = positive.sum(axis=0)
    with_both = positive[having].sum(axis=0)
    n_negative = np.maximum(1, (known & ~positive).sum(axis=0))
    elsewhere = (known & ~positive)[having].sum(axis=0) / n_negative
    share = with_both / np.maximum(1, n_positive)
    leans = (with_both >= MIN_WITH_TAG) & (share >= LEANS) & (share >= TIMES * elsewhere)
    tags = sorted({*names, *np.flatnonzero(leans).tolist()}, key=lambda tag: (-share[tag], tag))
    return RepeatedBlock(text, having.tolist(), [taxonomy.tags[tag].id for tag in tags])
