"""The number of the labels of a store: it rises in each transaction that may change any."""

from sqlalchemy import Connection, Select, select
from sqlalchemy.dialects import postgresql, sqlite

from classifier.store.schema import live_state

NUMBER: Select[tuple[int]] = select(live_state.c.number)
_ONLY = 1  # the id of the row


def note_change(connection: Connection) -> None:
    """Note that a transaction changes labels. Call it last: other writers then wait until the transaction ends."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = insert(live_state).values(id=_ONLY, number=1)
    again = {"number": live_state.c.number + 1}
    connection.execute(first.on_conflict_do_update(index_elements=["id"], set_=again))
