"""Random samples of what an archive run would add of one tag, and what people said of their articles since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select

from classifier.domain.decisions import Standing
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound
from classifier.store.log import listings, standings_of
from classifier.store.rows import Part, batches, tags_of_runs
from classifier.store.schema import articles, sample_articles, samples
from classifier.store.taxonomy import head_of
from classifier.texts import _


@dataclass(frozen=True)
class Sample:
    """A sample of what the model of a version would add of a tag.

    `plan` is the run's, as plain JSON. `tag_version` tells whether the tag has changed since. `scores` counts the
    `n_population` additions by score: pairs of thousandths and numbers, in falling order. `run_id` is the last run that
    rested on the sample.
    """

    id: str
    tag: str
    plan: dict[str, Any]
    tag_version: str
    model_version: str
    n_population: int
    scores: list[list[int]]
    seed: int
    by: str
    at: str
    run_id: str | None = None


@dataclass(frozen=True)
class Drawn:
    """An article of a sample. `is_right` says whether it has the tag, None if nobody has decided yet."""

    article_id: str
    title: str
    published_at: str | None
    score: float
    is_right: bool | None


_FIELDS = [samples.c[field.name] for field in fields(Sample)]


class Samples(Part):
    """The samples of a store."""

    def keep(self, sample: Sample, drawn: Sequence[tuple[str, float]]) -> None:
        """Keep a sample with its articles and their scores, in the order in which they were drawn."""
        with self.engine.begin() as connection:
            connection.execute(samples.insert().values(vars(sample)))
            ids = [article_id for article_id, _ in drawn]
            stored = {key for batch in batches(ids) for key in connection.scalars(_stored(batch))}
            rows = [
                {"sample_id": sample.id, "position": position, "article_id": article_id, "score": score}
                for position, (article_id, score) in enumerate(drawn)
                if article_id in stored
            ]
            if rows:
                connection.execute(sample_articles.insert(), rows)

    def of_tag(self, tag: str) -> list[Sample]:
        """Return the samples of a living tag, and of what was merged into it, the newest first."""
        with self.reading() as connection:
            taxonomy = head_of(connection)
        ids = (tag,) if taxonomy is None else taxonomy.paths.written_as(tag)
        query = select(*_FIELDS).where(samples.c.tag.in_(ids)).order_by(samples.c.at.desc(), samples.c.id)
        return [Sample(*row) for row in self._tuples(query)]

    def get(self, sample_id: str) -> Sample:
        """Return a sample, or raise `NotFound`."""
        row = self._row(select(*_FIELDS).where(samples.c.id == sample_id)) if "\0" not in sample_id else None
        if row is None:
            raise NotFound(_("There is no sample %(id)s.", id=repr(sample_id[:40])))
        return Sample(**row)

    def drawn(self, sample: Sample) -> list[Drawn]:
        """Return the articles of a sample that are still stored, in the order in which they were drawn.

        Whoever says that an article has the tag, says that it is right there: an editor or the sender. Whoever rejects the
        tag, is unsure, or calls the tags complete without it, says that it is not.
        """
        columns = (articles.c.id, articles.c.title, articles.c.published_at, sample_articles.c.score)
        query = select(*columns).join(sample_articles, sample_articles.c.article_id == articles.c.id)
        query = query.where(sample_articles.c.sample_id == sample.id).order_by(sample_articles.c.position)
        rows = self._tuples(query)
        right: dict[str, bool | None] = {}
        with self.reading() as connection:
            for batch in batches([row.id for row in rows]):
                right |= _right(connection, sample.tag, batch)
        return [Drawn(row.id, row.title, row.published_at, row.score, right.get(row.id)) for row in rows]

    def note_run(self, sample_ids: Sequence[str], run_id: str) -> None:
        """Note that a run rests on samples."""
        with self.engine.begin() as connection:
            connection.execute(samples.update().where(samples.c.id.in_(sample_ids)).values(run_id=run_id))


def _stored(article_ids: Sequence[str]) -> Any:
    return select(articles.c.id).where(articles.c.id.in_(article_ids)).with_for_update()


def _right(connection: Connection, tag: str, article_ids: Sequence[str]) -> dict[str, bool | None]:
    taxonomy = head_of(connection)
    tag, added = _read_as(tag, taxonomy), tags_of_runs(connection, article_ids)
    standings = standings_of(connection, listings(connection, article_ids))
    # Where a run has added the tag, that the sender lists it says nothing.
    echoed = {key for key, tags in added.items() if tag in {_read_as(of_run, taxonomy) for of_run in tags}}
    return {key: _is_right(standing, tag, key in echoed) for key, standing in standings.items()}


def _is_right(standing: Standing, tag: str, is_echo: bool) -> bool | None:
    if tag in standing.tags:
        return True if not is_echo or tag in standing.decisions else None
    return False if tag in (*standing.rejected, *standing.unsure) or standing.closed_at is not None else None


def _read_as(tag: str, taxonomy: Taxonomy | None) -> str:
    return tag if taxonomy is None else taxonomy.paths.heir(tag)
