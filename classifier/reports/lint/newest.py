"""The newest articles of a row."""

import heapq

from classifier.reports.parts import DatedArticle

N_NAMED = 5


class Newest:
    """Keeps the newest articles of those that it is shown."""

    def __init__(self) -> None:
        self._heap: list[tuple[str, str, str]] = []

    def add(self, article: DatedArticle) -> None:
        """Show it an article."""
        entry = (article.date, article.article, article.title)
        if len(self._heap) < N_NAMED:
            heapq.heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    def articles(self) -> list[DatedArticle]:
        """Return them, the newest first."""
        return [DatedArticle(article, title, date) for date, article, title in sorted(self._heap, reverse=True)]
