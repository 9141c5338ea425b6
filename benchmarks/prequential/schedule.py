"""An archive in date order, split into a starting share and the nights after it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from classifier.domain.articles import Article

MIN_ARTICLES = 30  # of a step: quiet days are put together


@dataclass(frozen=True)
class Schedule:
    """The articles that are known at the start, and those that arrive before each following night."""

    known: list[Article]
    steps: list[list[Article]]

    @property
    def judged(self) -> list[Article]:
        """All articles that are judged, in their order."""
        return [article for step in self.steps for article in step]


def day(article: Article) -> str:
    """Return the day on which an article was published."""
    return (article.published_at or "")[:10]


def schedule(articles: Sequence[Article], share: float, max_steps: int) -> Schedule:
    """Split articles in date order; no day is split.

    The first `share` is known. Consecutive days become one step until they have 30 articles, or as many as it takes to
    have at most `max_steps` steps.
    """
    first_day = day(articles[min(int(share * len(articles)), len(articles) - 1)])
    known = [article for article in articles if day(article) < first_day]
    arriving = articles[len(known) :]
    size = max(MIN_ARTICLES, math.ceil(len(arriving) / max_steps))
    steps: list[list[Article]] = []
    for _, of_day in groupby(arriving, key=day):
        if not steps or len(steps[-1]) >= size:
            steps.append([])
        steps[-1] += of_day
    return Schedule(known, steps)


def first_articles(articles: Sequence[Article], n_known: int, n_judged: int) -> Schedule:
    """Return a schedule of one step: the first articles are known, those after them are judged."""
    return Schedule(list(articles[:n_known]), [list(articles[n_known : n_known + n_judged])])
