"""The articles of a data report by date: which count, their blocks, and the shares of a tag by period."""

from datetime import date
from functools import cached_property

import numpy as np

from classifier.domain.dates import in_utc
from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.domain.sentences import FEW_DATES, NO_DATE, NO_OTHER_DATE, STARTER_DATES
from classifier.reports.data.changes import in_blocks
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.periods import Unit, in_periods, unit_for
from classifier.reports.data.records import Share, SharePart
from classifier.reports.parts import DatedArticle
from classifier.texts import english

MIN_DATED = 100  # articles; of fewer, nothing can be told
N_BLOCKS, MIN_BLOCKS = 32, 16
_DAY = len("2024-06-06")


class Timeline:
    """The articles with a date and complete tags, the oldest first, in blocks of about as many articles.

    rows: (n_dated,) their numbers in the corpus; days: (n_dated,) str; blocks: (n_dated,) the block of each;
    n_positive, n_known: (n_blocks, n_tags) int64, the articles that have a tag, and those of which it is known.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        dated = [(in_utc(date)[:_DAY], row) for row, date in enumerate(corpus.dates) if date and _complete(corpus, row)]
        dated.sort()
        self.days = np.array([day for day, _ in dated], dtype=str)
        self.rows = np.array([row for _, row in dated], dtype=np.int64)
        self.blocks = in_blocks(self.days, N_BLOCKS)
        self.n_blocks = int(self.blocks[-1]) + 1 if dated else 0
        by_block = [corpus.labels[self.rows[self.blocks == block]] for block in range(self.n_blocks)]
        self.n_positive = np.array([(labels == POSITIVE).sum(axis=0) for labels in by_block], dtype=np.int64)
        self.n_known = np.array([(labels != UNKNOWN).sum(axis=0) for labels in by_block], dtype=np.int64)

    @property
    def too_little(self) -> str:
        """Why nothing can be told from the dates, empty if it can."""
        n, n_days = len(self.days), len(np.unique(self.days))
        if n >= MIN_DATED and self.n_blocks >= MIN_BLOCKS:
            return ""
        if n:
            why = english(FEW_DATES, n=n, days=n_days, least=MIN_DATED, parts=MIN_BLOCKS)
        else:
            why = NO_OTHER_DATE if self.corpus.timeless else NO_DATE
        return english(STARTER_DATES, more=why) if self.corpus.timeless else why

    @cached_property
    def starts(self) -> list[str]:
        """The first day of each block."""
        return [str(self.days[first]) for first in np.searchsorted(self.blocks, np.arange(self.n_blocks))]

    def having(self, tag: int) -> np.ndarray:
        """Return the places of the articles that have a tag, in order."""
        return np.flatnonzero(self.corpus.labels[self.rows, tag] == POSITIVE)

    def share(self, tag: int, start: int, end: int) -> Share:
        """Return how many of the articles from one place to another have a tag, of those of which it is known."""
        labels = self.corpus.labels[self.rows[start:end], tag]
        return Share(int((labels == POSITIVE).sum()), int((labels != UNKNOWN).sum()))

    def named(self, place: int) -> DatedArticle:
        """Return an article to look at."""
        row = int(self.rows[place])
        return DatedArticle(self.corpus.articles[row].id, self.corpus.title(row), str(self.days[place]))

    def periods(self, tag: int) -> list[SharePart]:
        """Return the share of a tag by period, the first first."""
        numbers, starts = self._numbers
        ends = [*np.searchsorted(numbers, np.arange(1, len(starts))), len(numbers)]
        shares = [self.share(tag, start, end) for start, end in zip([0, *ends], ends, strict=False)]
        return [SharePart(share.n, share.of, start) for start, share in zip(starts, shares, strict=True)]

    @cached_property
    def unit(self) -> Unit:
        """The periods in which the shares of tags are shown."""
        first, last = (date.fromisoformat(str(day)) for day in (self.days[0], self.days[-1]))
        return unit_for(first, last)

    @cached_property
    def _numbers(self) -> tuple[list[int], list[str]]:
        return in_periods(map(str, self.days), self.unit)


def _complete(corpus: Corpus, row: int) -> bool:
    """Whether all tags of an article are known: of others only the tags that they have would count."""
    return corpus.articles[row].tags is not None and corpus.articles[row].tags_complete
