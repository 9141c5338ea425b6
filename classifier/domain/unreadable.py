"""Articles that cannot be read or judged: a job sets them aside, by id, and goes on with the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypedDict, TypeVar

from classifier.domain.articles import Article
from classifier.errors import TaggerError
from classifier.texts import _

N_NAMED = 100
_R = TypeVar("_R")


class AllUnreadable(TaggerError):
    """None of the articles of a job could be read: the program or the model is broken, and not the articles."""


class UnreadableReport(TypedDict):
    """How many articles were set aside, and the first of them with their `id` and the kind of the `error`, as plain JSON."""

    n: int
    articles: list[dict[str, str]]


class Unreadable:
    """The ids of the articles that a job has set aside, each with the kind of its error, never a word of a text."""

    def __init__(self, kinds: Iterable[tuple[str, str]] = ()) -> None:
        self.kinds = dict(kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    @contextmanager
    def setting_aside(self, article_id: str) -> Iterator[None]:
        """Set an article aside if the block fails."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one text, the others are read
            self.kinds.setdefault(article_id, type(error).__name__)

    def each(self, work: Callable[[Sequence[Article]], Iterable[_R]], articles: Sequence[Article]) -> list[_R | None]:
        """Return the result of work for each article, None where it fails. It takes one by one only after a failure."""
        try:
            return list(work(articles))
        except Exception:  # noqa: BLE001 - one by one they show which article it is
            results: list[_R | None] = [None] * len(articles)
            for row, article in enumerate(articles):
                with self.setting_aside(article.id):
                    (results[row],) = work([article])
            return results

    def check(self, n_articles: int) -> None:
        """Raise `AllUnreadable` if all articles of a job were set aside."""
        if n_articles and len(self) >= n_articles:
            kinds = ", ".join(sorted(set(self.kinds.values())))
            raise AllUnreadable(
                _(
                    "None of the %(n)s articles could be read (%(kinds)s). Try one: python -m classifier suggest FILE",
                    n=n_articles,
                    kinds=kinds,
                )
            )

    def to_json(self) -> UnreadableReport:
        """Return the articles that were set aside, the first of them by name."""
        named = sorted(self.kinds.items())[:N_NAMED]
        return {"n": len(self), "articles": [{"id": article_id, "error": kind} for article_id, kind in named]}
