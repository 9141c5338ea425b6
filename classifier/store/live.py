"""The labels that models have not learned yet: what the rates of a model that serves follow.

Nothing here knows a model. The number of the labels rises in each transaction that may change any, and whoever has followed
them up to a number knows from it when to follow them again. The labels themselves are read from the articles and the log, so
that an undo of a decision undoes its effect.
"""

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.origins import NONE, NOTHING_OFFERED
from classifier.errors import Busy
from classifier.store.changes import NUMBER
from classifier.store.exports import example_of
from classifier.store.log import standings_of
from classifier.store.queue import STARTER
from classifier.store.rows import Part, batches, stored
from classifier.store.schema import articles
from classifier.store.suggestion_sets import offered_on
from classifier.store.taxonomy import head_of
from classifier.texts import _

N_NEWEST = 2_000  # articles by date; what is older says nothing of what is used lately
N_FOLLOWED = 500  # of them, those that a model follows at most
_ATTEMPTS = 3
# Texts are not needed, and most of what an article takes.
_COLUMNS = [column for column in articles.c if column.name not in TEXT_FIELDS]


class LiveExample(NamedTuple):
    """An article with what is known of its tags, but without its texts, and the digest of these."""

    article: Article
    digest: str

    @property
    def text(self) -> tuple[str, str]:
        """What names the text of the article."""
        return self.article.id, self.digest


class LiveLabels(Part):
    """The labels of a store that a model may follow, and their number."""

    def number(self) -> int:
        """Return the number of the labels, 0 if none ever changed."""
        return self._number(NUMBER)

    def examples(self, learned: Container[str]) -> tuple[int, list[LiveExample]]:
        """Return the number of the labels, and the newest examples that are not among `learned`, oldest first.

        They are ordered by their dates, and by their arrival within a date. Raise `Busy` if labels change
        all the time while they are read.
        """
        for _attempt in range(_ATTEMPTS):
            number = self.number()
            examples = self._examples(learned)
            if self.number() == number:
                return number, examples
        raise Busy(_("Labels change faster than they are read."))

    def newest(self, n: int) -> list[str]:
        """Return the ids of the newest articles by date, up to `n`, the newest first."""
        return self._values(_newest().limit(n))

    def texts(self, article_ids: Sequence[str]) -> list[tuple[tuple[str, str], Article]]:
        """Return articles with their texts, each with what names its text, without those that were deleted."""
        query = select(articles).where(articles.c.id.in_(article_ids))
        return [((row["id"], row["digest"]), stored(row).article) for row in self._rows(query)]

    def _examples(self, learned: Container[str]) -> list[LiveExample]:
        """Return examples as training reads them, but none that is complete and has no date: it may be of any time."""
        examples: list[LiveExample] = []
        with self.reading() as connection:
            ids = [article_id for article_id in connection.scalars(_newest()) if article_id not in learned]
            for batch in batches(ids):
                examples += _labelled(connection, batch)
                if len(examples) >= N_FOLLOWED:
                    break
        return examples[:N_FOLLOWED][::-1]


def _newest() -> Select[Any]:
    """Return the query for the ids of the newest articles; by its inner part it reads an index instead of all articles."""
    of_desk, dated_at = articles.c.source != STARTER, articles.c.dated_at
    dates = select(dated_at).where(of_desk).order_by(dated_at.desc()).limit(N_NEWEST).subquery()
    order = dated_at.desc(), articles.c.created_at.desc(), articles.c.id.desc()
    since = select(func.min(dates.c.dated_at)).scalar_subquery()
    return select(articles.c.id).where(of_desk, dated_at >= since).order_by(*order).limit(N_NEWEST)


def _labelled(connection: Connection, article_ids: Sequence[str]) -> list[LiveExample]:
    query = select(*_COLUMNS).where(articles.c.id.in_(article_ids))
    rows = {row["id"]: {**row, **dict.fromkeys(TEXT_FIELDS, "")} for row in connection.execute(query).mappings()}
    standings = standings_of(connection, list(rows.values()), as_written=True)
    offered, taxonomy = offered_on(connection, article_ids), head_of(connection)
    examples = []
    for row in (rows[article_id] for article_id in article_ids if article_id in rows):
        if row["published_at"] is None and row["tags_complete"]:
            continue
        # A tag that was suggested and left standing would move the model that suggested it.
        on_it = offered.get(row["id"], NOTHING_OFFERED)
        example = example_of(row, standings[row["id"]], on_it, learn_left=NONE, taxonomy=taxonomy)
        if example is not None:
            examples.append(LiveExample(example.article, row["digest"]))
    return examples
