"""Articles that cannot be read or judged: a job sets them aside, by id, and goes on with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from classifier.domain.articles import Article
from classifier.errors import TaggerError

N_NAMED = 100
_R = TypeVar("_R")


class AllUnreadable(TaggerError):
    """None of the articles of a job could be read: the program or the model is broken, and not the articles."""


class Unreadable:
    """The ids of the articles that a job has set aside, each with the kind of its error; never a word of a text."""

    def __init__(self, kinds: Iterable[tuple[str, str]] = ()) -> None:
        self.kinds = dict(kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    @contextmanager
    def setting_aside(self, article_id: str) -> Iterator[None]:
        """Set an article aside if what is done within fails."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one text, the others are read
            self.kinds.setdefault(article_id, type(error).__name__)

    def each(self, work: Callable[[Sequence[Article]], Iterable[_R]], articles: Sequence[Article]) -> list[_R | None]:
        """Return what some work makes of each article, None for those that it fails on, which are set aside.

        The work takes all articles at once; only where it fails it takes them one by one.
        """
        try:
            return list(work(articles))
        except Exception:  # noqa: BLE001 - which article it is shows when each is alone
            results: list[_R | None] = []
            for article in articles:
                done: list[_R] = []
                with self.setting_aside(article.id):
                    done = list(work([article]))
                results.append(done[0] if done else None)
            return results

    def check(self, n_articles: int) -> None:
        """Raise `AllUnreadable` if all articles of a job were set aside."""
        if n_articles and len(self) >= n_articles:
            kinds = ", ".join(sorted(set(self.kinds.values())))
            raise AllUnreadable(
                f"None of the {n_articles} articles could be read ({kinds}). Try one: python -m classifier suggest FILE"
            )

    def to_json(self) -> dict[str, Any]:
        """Return how many there are, and the first ids with the kinds of their errors, as plain JSON."""
        named = [{"id": key, "error": kind} for key, kind in sorted(self.kinds.items())[:N_NAMED]]
        return {"n": len(self), "articles": named}
