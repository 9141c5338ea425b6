"""Filters of the queue that editors have named: those of a desk, a source, a tag."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import func, select

from classifier.errors import BadSetting, NotFound
from classifier.store.rows import Part, now
from classifier.store.schema import saved_filters
from classifier.texts import _

MOST = 50  # of an editor


class SavedFilter(NamedTuple):
    """A named filter: the parameters of the query string of the queue."""

    name: str
    filters: Mapping[str, str]


class SavedFilters(Part):
    """The saved filters of a store."""

    def of(self, editor: str) -> list[SavedFilter]:
        """Return the filters of an editor by their names."""
        query = select(saved_filters.c.name, saved_filters.c.filters).where(saved_filters.c.editor == editor)
        return [SavedFilter(*row) for row in self._tuples(query.order_by(saved_filters.c.name))]

    def save(self, editor: str, saved: SavedFilter, instead_of: str | None = None) -> None:
        """Save a filter under its name, in place of the one of that name, and of the one that it renames.

        Raises:
            BadSetting: if the editor has too many.
        """
        mine = saved_filters.c.editor == editor
        with self.engine.begin() as connection:
            replaced = [saved.name, instead_of]
            connection.execute(saved_filters.delete().where(mine, saved_filters.c.name.in_(replaced)))
            n = connection.scalar(select(func.count()).select_from(saved_filters).where(mine)) or 0
            if n >= MOST:
                raise BadSetting(_("You have saved %(most)s filters already. Delete one first.", most=MOST))
            values = {"editor": editor, "name": saved.name, "filters": dict(saved.filters), "at": now()}
            connection.execute(saved_filters.insert(), values)

    def delete(self, editor: str, name: str) -> None:
        """Delete a filter, or raise `NotFound`."""
        mine = (saved_filters.c.editor == editor) & (saved_filters.c.name == name)
        with self.engine.begin() as connection:
            if not connection.execute(saved_filters.delete().where(mine)).rowcount:
                raise NotFound(_("You have saved no filter %(name)s.", name=repr(name[:80])))
