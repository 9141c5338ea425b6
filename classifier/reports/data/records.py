"""The sections and rows of the data report. Their fields are the keys of its JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from classifier.domain.unreadable import UnreadableReport


@dataclass(frozen=True)
class Articles:
    """How many articles there are, and the ids of the first."""

    n: int
    ids: list[str]


@dataclass(frozen=True)
class NamedArticle:
    """An article that a row names."""

    article: str
    title: str


@dataclass(frozen=True)
class SuspectLabel(NamedArticle):
    """A label that a model contradicts that has not seen the article."""

    tag: str
    given: bool
    doubt: str
    score: float
    named: str
    words: list[str]


@dataclass(frozen=True)
class ExclusiveConflict(NamedArticle):
    """An article with several tags of an exclusive kind."""

    kind: str
    tags: list[str]


@dataclass(frozen=True)
class Untagged(NamedArticle):
    """An article without tags, and what is known of them."""

    known: str


@dataclass(frozen=True)
class CopiedArticle(NamedArticle):
    """An article that shares this share of its word sequences with other stories."""

    share: float


@dataclass(frozen=True)
class UnknownTag:
    """A tag that the taxonomy does not have, with the nearest tags that it has."""

    tag: str
    nearest: list[str]
    articles: Articles


@dataclass(frozen=True)
class Duplicates:
    """A group of near-duplicates."""

    title: str
    articles: Articles


@dataclass(frozen=True)
class DifferingDuplicates(Duplicates):
    """A group of near-duplicates, and the tags that only some of them have."""

    tags: list[str]


@dataclass(frozen=True)
class LeaningTag:
    """A tag that leans on a block: the share of its articles with the block, and what the block adds to its score."""

    tag: str
    share: float
    weight: float | None


@dataclass(frozen=True)
class RepeatedBlock:
    """A block of many stories; `left_out` says that it is recognised as boilerplate already."""

    text: str
    left_out: bool
    leaning: list[LeaningTag]
    articles: Articles


@dataclass(frozen=True)
class FewExamples:
    """A tag with too few examples."""

    tag: str
    kind: str
    positives: int
    negatives: int
    articles: Articles


@dataclass(frozen=True)
class Overlap:
    """Two tags that are mostly on the same articles; `within` is the share of the first tag's articles."""

    tag: str
    other: str
    jaccard: float
    within: float
    articles: Articles


@dataclass(frozen=True)
class RepeatedId:
    """An id that several articles have."""

    article: str
    times: int


class Found(NamedTuple):
    """What a check found: rows to show, how many there are in all, and the numbers of all their articles."""

    rows: Sequence[object]
    n: int
    articles: list[int]


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    finding: str
    title: str
    what: str
    next: str
    n: int
    articles: Articles
    rows: Sequence[object]


@dataclass(frozen=True)
class TagCounts:
    """How many articles have a tag, are known to be without it, or may have it."""

    tag: str
    label: str
    kind: str
    positives: int
    negatives: int
    unknown: int


@dataclass(frozen=True)
class KindCounts:
    """The tags of a kind: how many there are and are used, how often they are given, and on how many articles."""

    kind: str
    tags: int
    used: int
    given: int
    articles: int


@dataclass(frozen=True)
class YearCount:
    """The articles of a year; None for those without a date."""

    year: str | None
    articles: int


@dataclass(frozen=True)
class LengthCount:
    """The articles with at least so many words, and fewer than the next."""

    from_: int
    articles: int


@dataclass(frozen=True)
class WordCounts:
    """How long the articles are, in words."""

    median: float
    bins: list[LengthCount]


@dataclass(frozen=True)
class Counts:
    """Articles by tag, kind, year and length."""

    tags: list[TagCounts]
    kinds: list[KindCounts]
    tags_per_article: float
    years: list[YearCount]
    words: WordCounts


@dataclass(frozen=True)
class SharedSequences:
    """How many different word sequences there are, and the share that two stories have in common."""

    n: int
    in_two_stories: int
    share: float
    high: bool


@dataclass(frozen=True)
class CrossValidation:
    """How good the model is on articles held out, over all tags and over those of each kind (micro-F1)."""

    micro_f1: float
    macro_f1: float
    kinds: dict[str, float]


@dataclass(frozen=True)
class NotChecked:
    """A check that was not possible."""

    check: str
    reason: str


@dataclass(frozen=True)
class DataReport:
    """The data report."""

    n_articles: int
    n_tags: int
    taxonomy_version: str
    counts: Counts
    shared_sequences: SharedSequences
    cross_validation: CrossValidation | None
    not_checked: list[NotChecked]
    set_aside: UnreadableReport
    findings: list[Finding]
