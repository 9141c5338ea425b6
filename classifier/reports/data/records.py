"""The sections of the data report, whose fields are the keys of its JSON, and what it looks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from classifier.domain.unreadable import UnreadableReport
from classifier.reports.json_form import from_json
from classifier.reports.layout import texts
from classifier.reports.parts import DatedArticle
from classifier.text.shingles import SHINGLE
from classifier.texts import gettext, percent

FEW_POSITIVES = 5
FEW_NEGATIVES = 20
OVERLAP, WITHIN = 0.6, 0.95
COPIED = 0.3  # of the five-word sequences of an article
Row = Mapping[str, object]  # of a finding: the columns of its kind, and what only the JSON has


class FindingKind(NamedTuple):
    """A kind of finding: what it says, what to do about it, and the headings of its columns by field."""

    title: str
    what: str
    next: str
    columns: dict[str, str]
    next_here: str  # on the page of the service

    def in_words(self) -> FindingKind:
        """Return what it says in the reader's language."""
        numbers: dict[str, object] = {"few_positives": FEW_POSITIVES, "few_negatives": FEW_NEGATIVES}
        numbers |= {"shingle": SHINGLE, "overlap": OVERLAP, "copied": percent(COPIED), "within": percent(WITHIN)}
        headings = {field: gettext(heading) for field, heading in self.columns.items()}
        what, next_here = gettext(self.what, **numbers), gettext(self.next_here)
        return FindingKind(gettext(self.title), what, gettext(self.next), headings, next_here)


KINDS = {
    name: FindingKind(kind["title"], kind["what"], kind["next"], kind["columns"], kind.get("next_here", kind["next"]))
    for name, kind in texts("data.toml").items()
}


@dataclass(frozen=True)
class Articles:
    """How many articles there are, and the ids of the first."""

    n: int
    ids: list[str]


@dataclass(frozen=True)
class LeaningTag:
    """A tag that leans on a block: the share of its articles with the block, and what the block adds to its score."""

    tag: str
    share: float
    weight: float | None


@dataclass(frozen=True)
class Share:
    """How many of some articles have something."""

    n: int
    of: int


@dataclass(frozen=True)
class SharePart(Share):
    """The articles of a part of the time that have a tag, of those of which it is known; `start` is its first day."""

    start: str


@dataclass(frozen=True)
class WordChange:
    """A word, and the shares of a tag's articles with it in the first and in the second half of its use."""

    word: str
    before: float
    after: float


class Found(NamedTuple):
    """What a check found: rows to show, how many there are in all, and the numbers of all their articles."""

    rows: Sequence[Row]
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
    rows: Sequence[Row]


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
class NamedArticle:
    """An article to read."""

    article: str
    title: str


@dataclass(frozen=True)
class TagErrors:
    """How a tag was suggested on articles held out; `helps` is what most likely mends it, and there are articles to read.

    `helps` is `more` (too few articles), `missed` (an alias, or labels that are too generous), `wrong` (labels that were
    forgotten, or an alias that is too broad) or `both` (say in its note when to give it).
    """

    tag: str
    given: int
    right: int
    missed: int
    wrong: int
    helps: str
    missed_on: list[NamedArticle]
    wrong_on: list[NamedArticle]


@dataclass(frozen=True)
class CandidateName:
    """A name in articles in which a tag was missed: in how many, and how many of all articles with it have the tag."""

    tag: str
    name: str
    missed: int
    having: int
    of: int


@dataclass(frozen=True)
class ConfusedTags:
    """A tag that was missed on n articles for which another one was wrongly suggested."""

    tag: str
    instead: str
    n: int
    articles: list[NamedArticle]


@dataclass(frozen=True)
class TagLacks:
    """A tag, how many articles have it, and how many it lacks."""

    tag: str
    given: int
    lacks: int


@dataclass(frozen=True)
class Advice:
    """What helps the model most."""

    errors: list[TagErrors]
    names: list[CandidateName]
    confused: list[ConfusedTags]
    few: list[TagLacks]  # too few to learn their words
    nearly_auto: list[TagLacks]  # confirmed articles to the auto band


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
    advice: Advice | None = None  # None where no model could be fitted


_Value = Articles | LeaningTag | DatedArticle | SharePart | Share | WordChange


def with_typed_rows(report: DataReport) -> DataReport:
    """Return a report that was read from its JSON, with the values of its rows as they were before."""
    findings = [replace(each, rows=[_typed_row(row) for row in each.rows]) for each in report.findings]
    return replace(report, findings=findings)


def _typed_row(row: Row) -> Row:
    return {name: _typed(value) for name, value in row.items()}


def _typed(value: object) -> object:
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return from_json(cast(type, _Value), value) if isinstance(value, dict) else value
