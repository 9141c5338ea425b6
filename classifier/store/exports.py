"""The whole store, article by article: what training learns from, and what reports count."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, select

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.dates import in_utc
from classifier.domain.decisions import CMS, Case, Filed, Standing, scores_of
from classifier.domain.examples import Attributed, read_through
from classifier.domain.origins import ALL, CLOSED, LEFT, NOTHING_OFFERED, Offered, echoes_of, origins_of
from classifier.domain.progress import Amount
from classifier.domain.taxonomy import Taxonomy
from classifier.store.log import standings_of
from classifier.store.queue import STARTER
from classifier.store.rows import BATCH, Columns, Part, ago, batches, came_complete, stored
from classifier.store.schema import articles, suggestion_sets
from classifier.store.suggestion_sets import offered_on
from classifier.store.taxonomy import head_of

STARTER_UNTIL = 1000  # examples of the desk from which on the starter articles teach nothing any more


class Exports(Part):
    """The articles of a store, all of them, without holding them all in memory."""

    def examples(
        self, starter_until: int = STARTER_UNTIL, close_after_days: int = 0, learn_left: str = CLOSED
    ) -> Iterator[Article]:
        """Yield each article of which something is known, with what is known of its tags, by living tags."""
        with self.reading() as connection:
            taxonomy = head_of(connection)
        examples = self.attributed(starter_until, close_after_days, learn_left)
        return (read_through(example.article, taxonomy) for example in examples)

    def attributed(
        self,
        starter_until: int = STARTER_UNTIL,
        close_after_days: int = 0,
        learn_left: str = CLOSED,
        known: Container[str] = (),
        texts: bool = True,
        ids: Sequence[str] | None = None,
        amount: Amount | None = None,
    ) -> Iterator[Attributed]:
        """Yield what training reads: the examples, with who decided on their tags, and how these came onto the article.

        The tags of an example have the ids under which they were written.

        Args:
            starter_until: the starter articles are left out once the desk has as many examples of its own.
            close_after_days: published articles that nobody touched for so many days count as complete, 0 for never.
            learn_left: on which articles tags count that were suggested and left standing, see `LEARN_LEFT`.
            known: ids of articles that are examples though nothing is known of their tags any more.
            texts: whether the texts of the articles are wanted, which are most of what is read.
            ids: of the articles that are read; None: all of them.
            amount: is told how many of all articles are read.
        """
        with self.reading() as connection:
            with_starter = with_starter_articles(connection, starter_until)
        for rows in self._in_batches(texts, ids, amount):
            with self.reading() as connection:
                standings, taxonomy = standings_of(connection, rows, as_written=True), head_of(connection)
                offered = offered_on(connection, [row["id"] for row in rows])
            for row in rows:
                on_it, how = offered.get(row["id"], NOTHING_OFFERED), (close_after_days, learn_left)
                is_known = row["id"] in known
                example = example_of(row, standings[row["id"]], on_it, *how, is_known=is_known, taxonomy=taxonomy)
                if example is not None and (with_starter or row["source"] != STARTER):
                    yield example

    def filed(self) -> Iterator[Filed]:
        """Yield every article with its present tags and its latest suggestions, in the order of ids."""
        for rows in self._in_batches():
            with self.reading() as connection:
                filed = list(_filed(connection, rows))
            yield from filed

    def filed_as_written(self, ids: Sequence[str] | None = None) -> Iterator[Filed]:
        """Yield all articles, or some in the order of `ids`, with what is known of their tags, all ids as they were written.

        Their wrong tags are those that anybody said to be wrong. With `Filed.through` it is by living tags.
        """
        place = {article_id: number for number, article_id in enumerate(ids or ())}
        for rows in self._in_batches(ids=ids):
            with self.reading() as connection:
                filed = list(_filed(connection, rows, as_written=True))
            yield from sorted(filed, key=lambda each: place.get(each.article.id, 0))

    def tagged(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the day of each of the desk's articles and its living tags, without its text."""
        for rows in self._in_batches(texts=False):
            with self.reading() as connection:
                standings = standings_of(connection, rows)
            for row in rows:
                if row["source"] != STARTER:
                    yield row["dated_at"][:10], standings[row["id"]].tags

    def cases(self) -> Iterator[Case]:
        """Yield the desk's articles as cases to decide, without their texts."""
        names = ("id", "title", "blind", "n_editors", "tags", "tags_complete", "state")
        query = select(*(articles.c[name] for name in names)).where(articles.c.source != STARTER)
        with self.reading() as connection:
            for row in connection.execute(query.order_by(articles.c.id)).mappings():
                closed = row["state"] == "closed" and not came_complete(row)
                yield Case(row["id"], row["title"], row["blind"], row["n_editors"], tuple(row["tags"] or ()), closed)

    def _in_batches(
        self, texts: bool = True, ids: Sequence[str] | None = None, amount: Amount | None = None
    ) -> Iterator[Sequence[Columns]]:
        query = select(*(column for column in articles.c if texts or column.name not in TEXT_FIELDS))
        none = {} if texts else dict.fromkeys(TEXT_FIELDS, "")
        pages = self.pages(query, articles.c.id, "", BATCH, amount) if ids is None else self._of_ids(query, ids)
        for rows in pages:
            yield [{**row._mapping, **none} if none else row._mapping for row in rows]

    def _of_ids(self, query: Select[Any], ids: Sequence[str]) -> Iterator[Sequence[Any]]:
        return (self._tuples(query.where(articles.c.id.in_(batch))) for batch in batches(ids))


def example_of(
    row: Columns,
    standing: Standing,
    offered: Offered,
    close_after_days: int = 0,
    learn_left: str = CLOSED,
    *,
    is_known: bool = False,
    taxonomy: Taxonomy | None = None,
) -> Attributed | None:
    """Return what training reads of an article, or None if nothing is known of its tags and it `is_known` to no model.

    The tags of `standing` and of the example have the ids under which they were written. What was `offered`, origins and echoes
    have living ones, and who decided is known by both.
    """
    read, heir = standing.through(taxonomy), taxonomy.paths.heir if taxonomy is not None else str
    said_complete = came_complete(row) or standing.closed_at is not None
    complete = said_complete or _is_left_alone(row, close_after_days)
    origins, echoes = origins_of(read, row["source"], bool(row["blind"]), offered), echoes_of(read, offered)
    learns_left = learn_left == ALL or (learn_left == CLOSED and complete)
    left = {tag for tag, origin in origins.items() if origin == LEFT and (tag in offered.added or not learns_left)}
    standing = _leaving_open(standing, [tag for tag in standing.tags if heir(tag) in left])
    if not (is_known or complete or standing.tags or standing.rejected):
        return None
    was_past = row["published_at"] is not None and in_utc(row["published_at"]) == row["dated_at"]
    article = replace(
        stored(row).article,
        tags=tuple(tag for tag in standing.tags if tag not in standing.unsure),
        rejected=standing.rejected,
        unknown=standing.unsure,
        tags_complete=complete,
        # Tags without any date, or with one ahead, were given by the day on which they came.
        tagged_at=standing.closed_at or (None if was_past else row["created_at"]),
    )
    was_blind = bool(row["blind"]) and row["state"] == "closed"
    owner = row["owner"] if row["source"] == CMS else None  # the tags of an import are no key's
    return Attributed(
        article,
        row["dated_at"],
        row["source"],
        was_blind,
        {**standing.said_by, **read.said_by},
        owner,
        tuple(dict.fromkeys((*standing.passing, *read.passing))),
        {**standing.undone_by, **read.undone_by},
        origins,
        echoes,
        left_alone=not said_complete and complete,
    )


def _filed(connection: Connection, rows: Sequence[Columns], as_written: bool = False) -> Iterator[Filed]:
    standings, taxonomy = standings_of(connection, rows, as_written), None if as_written else head_of(connection)
    columns = (suggestion_sets.c.article_id, suggestion_sets.c.model_version, suggestion_sets.c.answer)
    of_articles = suggestion_sets.c.article_id.in_([row["id"] for row in rows])
    query = select(*columns).where(of_articles).order_by(suggestion_sets.c.created_at)
    newest_sets = {row.article_id: row for row in connection.execute(query)}
    for row in rows:
        newest, standing = newest_sets.get(row["id"]), standings[row["id"]]
        article = replace(stored(row).article, tags=standing.tags)
        yield Filed(
            replace(article, rejected=standing.rejected, unknown=standing.unsure) if as_written else article,
            # A CMS sends drafts, which have no date yet. Imported articles without dates are older than their import.
            None if row["published_at"] is None and row["tags_complete"] else row["dated_at"],
            row["source"],
            _by_living_tags(newest.answer["suggestions"], taxonomy) if newest else None,
            newest.model_version if newest else None,
            blind=bool(row["blind"]) and row["state"] != "closed",
            closed=row["state"] == "closed",
        )


def _by_living_tags(suggestions: Iterable[Mapping[str, Any]], taxonomy: Taxonomy | None) -> dict[str, float]:
    """Return the scores of suggestions, each under the tag that it is read as."""
    return scores_of(((suggestion["tag"], suggestion["score"]) for suggestion in suggestions), taxonomy)


def _is_left_alone(row: Columns, days: int) -> bool:
    """Return whether nobody touched a published article, whose sender lists its tags, for so many days."""
    if not days or row["tags"] is None or row["published_at"] is None:
        return False
    return bool(max(row["updated_at"], in_utc(row["published_at"])) < ago(days=days))


def _leaving_open(standing: Standing, tags: Sequence[str]) -> Standing:
    """Leave some tags of an article open: no person has decided on them."""
    if not tags:
        return standing
    others = tuple(tag for tag in standing.tags if tag not in tags)
    return replace(standing, tags=others, unsure=tuple(dict.fromkeys((*standing.unsure, *tags))))


def with_starter_articles(connection: Connection, until: int = STARTER_UNTIL) -> bool:
    """Return whether the starter articles still count: the desk has fewer than so many examples of its own."""
    return not _has_as_many(connection, until)


def _has_as_many(connection: Connection, n: int) -> bool:
    """Whether something is known of the tags of at least `n` articles of the desk."""
    columns = [articles.c[name] for name in ("tags", "tags_complete", "rejected", "state")]
    touched = articles.c.tags.is_not(None) | (articles.c.state != "new")
    query = select(*columns).where(articles.c.source != STARTER, touched)
    for row in connection.execute(query).mappings():
        n -= bool(row["tags"] or row["rejected"] or came_complete(row) or row["state"] != "new")
        if n <= 0:
            return True
    return n <= 0
