"""Rolling origins: articles by date, cut so that a model can learn from the past and be judged on what came next.

Shuffled folds let a model learn from the future. Whatever depends on time is chosen and measured by these origins (Tashman
2000, Out-of-sample tests of forecasting accuracy).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.dates import in_utc
from classifier.errors import TooFewExamples

ORIGINS = (0.55, 0.70, 0.85)  # the shares of the articles that are past
WINDOW = 0.15  # the share that is judged at each origin


class Origin(NamedTuple):
    """The articles before an origin, and those that came next; both by date. `date` is that of the first of these."""

    date: str
    past: list[Article]
    later: list[Article]


def rolling_origins(articles: Sequence[Article], timeless: Collection[str] = ()) -> Iterator[Origin]:
    """Yield the origins of the articles that have a date, without those whose ids are `timeless`.

    Raises:
        TooFewExamples: if too few articles have a date for a window to hold one.
    """
    counted = [article for article in articles if article.id not in timeless]
    dated = [(in_utc(article.published_at), article) for article in counted if article.published_at is not None]
    dated.sort(key=lambda pair: (pair[0], pair[1].id))
    if round(WINDOW * len(dated)) < 1:
        raise TooFewExamples(
            f"{len(dated)} of {len(articles)} articles have `published_at`: too few to walk them by date. The dates of starter "
            "articles do not count: they are invented."
        )
    for share in ORIGINS:
        first, end = round(share * len(dated)), round((share + WINDOW) * len(dated))
        past, later = ([article for _, article in part] for part in (dated[:first], dated[first:end]))
        yield Origin(dated[first][0], past, later)


def rolling_masks(dates: Sequence[str | None]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the articles before each origin and those that came next, as masks, both (n_articles,) bool.

    Articles without a date are in neither. Of equal dates the earlier row comes first.
    """
    dated = [row for row, date in enumerate(dates) if date is not None]
    rows = np.array(sorted(dated, key=lambda row: (dates[row], row)), dtype=np.int64)
    for share in ORIGINS:
        first, end = round(share * len(rows)), round((share + WINDOW) * len(rows))
        past, later = np.zeros(len(dates), dtype=bool), np.zeros(len(dates), dtype=bool)
        past[rows[:first]], later[rows[first:end]] = True, True
        yield past, later
