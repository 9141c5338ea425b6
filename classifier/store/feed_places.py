"""How far each reader of the changes of the taxonomy has come, such as a CMS that renames its terms."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from classifier.store.rows import Part, now
from classifier.store.schema import feed_places


class FeedPlace(NamedTuple):
    """The last change that a reader has carried out, and on how many articles that was done, failed, and is to be done."""

    n: int
    moved: int = 0
    failed: int = 0
    to_do: int = 0
    at: str | None = None


class FeedPlaces(Part):
    """The places of all readers, by the names of their keys."""

    def put(self, consumer: str, place: FeedPlace) -> None:
        """Keep the place of a reader."""
        with self.engine.begin() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            values = place._asdict() | {"at": now()}
            first = insert(feed_places).values(values | {"consumer": consumer})
            connection.execute(first.on_conflict_do_update(index_elements=["consumer"], set_=values))

    def all(self) -> dict[str, FeedPlace]:
        """Return the places of all readers."""
        columns = [feed_places.c[name] for name in ("consumer", *FeedPlace._fields)]
        rows = self._tuples(select(*columns).order_by(feed_places.c.consumer))
        return {row.consumer: FeedPlace(*row[1:]) for row in rows}
