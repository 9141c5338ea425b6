"""Copies of a whole database, into another database or into a file for a backup."""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy import Connection, Engine, Table, func, insert, select

from classifier.domain.progress import MEGABYTE, Track, bytes_done
from classifier.errors import BadStore, BadValue
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.database.sqlite import BESIDE, check_pages, stand_alone
from classifier.store.runs import BACKUP, UNFINISHED
from classifier.store.schema import article_counts, counters, invitations, metadata, runs, sessions
from classifier.store.store import Store

_BATCH = 500
_PAGES = "page_size", "page_count"


def copy_store(source: Store, target: Store, track: Track) -> dict[str, int]:
    """Copy all tables as they are at one moment into an empty database, and return their numbers of rows.

    The copy is read back before it is committed: it must have as many rows with the same content. Raise `BadStore` if the
    target is not empty, cannot hold a row, or does not come out the same.
    """
    n_rows: dict[str, int] = {}
    with source.reading() as original, target.engine.begin() as copy:
        if original.dialect.name == "postgresql":  # as it is at one moment, whatever is stored meanwhile
            original.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        _without_limit(original)
        _take_all(copy)
        totals = {table: original.scalar(select(func.count()).select_from(table)) or 0 for table in _tables()}
        n_all = sum(totals.values())
        ticks = iter(track(repeat(None, n_all), n_all, "copying"))  # one for a row, of whichever table
        for table, total in totals.items():
            written, read = hashlib.sha256(), hashlib.sha256()
            waiting = (row for row, _ in zip(_rows(original, table, written), ticks, strict=False))
            while batch := list(islice(waiting, _BATCH)):
                try:
                    copy.execute(insert(table), batch)
                except BadValue as error:
                    raise BadStore(f"A row of {table.name} does not fit: {error}") from None
            n_read = sum(1 for _ in _rows(copy, table, read))
            if read.digest() != written.digest() or n_read != total:
                raise BadStore(f"The copy of the table {table.name} is not the same; nothing was kept.")
            n_rows[table.name] = total
        _go_on_counting(copy)
    return n_rows


def is_empty(store: Store) -> bool:
    """Whether no table has a row."""
    with store.engine.connect().execution_options(readonly=True) as connection:
        return _first_with_rows(connection) is None


def save_copy(url: str, path: Path, track: Track) -> dict[str, int]:
    """Write everything that is committed into an SQLite file, and return the number of rows of each table.

    Other connections can read and write meanwhile. PostgreSQL is copied into an SQLite file too: a backup fits both engines.
    """
    source = open_store(url, migrate=False)
    if source.engine.dialect.name == "sqlite":
        _copy_pages(source.engine, path, track)
    else:
        target = Store(make_engine(f"sqlite:///{path}", create=True))
        migrate_to(target.engine, "head")
        copy_store(source, target, track)
        target.close()
    source.close()
    return check_copy(path)


def check_copy(path: Path) -> dict[str, int]:
    """Migrate a copy, check every page, and leave it in one file. Return each table's rows, or raise `BadStore`."""
    store = open_store(f"sqlite:///{path}")
    check_pages(store.engine, with_indexes=True)
    with store.engine.connect().execution_options(readonly=True) as connection:
        n_rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in _tables()}
    store.close()
    stand_alone(path)
    for ending in BESIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)
    return n_rows


def end_sessions(store: Store) -> None:
    """Sign everybody out and end all invitations: a restored backup must let nobody in by a link that was followed since.

    The backup itself was under way when the database was copied, and is not any more.
    """
    with store.engine.begin() as connection:
        connection.execute(runs.delete().where(runs.c.job == BACKUP, runs.c.outcome.in_(UNFINISHED)))
        connection.execute(sessions.delete())
        connection.execute(invitations.delete())


def _tables() -> list[Table]:
    """Return the tables, parents first, without the counters, which are short-lived or which each database keeps by itself."""
    return [table for table in metadata.sorted_tables if table not in (counters, article_counts)]


def _copy_pages(engine: Engine, path: Path, track: Track) -> None:
    """Copy an SQLite database part by part, as it is at one moment, whatever is stored meanwhile."""
    copy = sqlite3.connect(str(path))
    try:
        with engine.connect().execution_options(readonly=True) as connection:
            # In a transaction SQLite copies on where it was. Without one it would begin again whenever somebody writes.
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
            size, n_pages = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PAGES)
            tell = bytes_done(track, size * n_pages)
            source: Any = connection.connection.driver_connection
            source.backup(copy, pages=MEGABYTE // size, progress=lambda *_: tell(MEGABYTE))
    finally:
        copy.close()


def _take_all(connection: Connection) -> None:
    """Keep everybody else from writing, and raise `BadStore` if anything is there."""
    if connection.dialect.name == "postgresql":
        _without_limit(connection)
        names = ", ".join(table.name for table in _tables())
        connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    filled = _first_with_rows(connection)
    if filled is not None:
        raise BadStore(f"The database has rows in {filled} already. Name an empty one; nothing was changed.")


def _without_limit(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _first_with_rows(connection: Connection) -> str | None:
    filled = (table.name for table in _tables() if connection.execute(select(table).limit(1)).first() is not None)
    return next(filled, None)


def _rows(connection: Connection, table: Table, digest: "hashlib._Hash") -> Iterator[dict[str, object]]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):  # not all in memory
        digest.update(json.dumps(list(row), default=bytes.hex).encode() + b"\n")
        yield dict(zip(table.columns.keys(), row, strict=True))


def _go_on_counting(connection: Connection) -> None:
    """Have PostgreSQL number new rows behind those that came with their numbers."""
    for table in _tables() if connection.dialect.name == "postgresql" else ():
        number = table.autoincrement_column
        if number is not None and (last := connection.scalar(select(func.max(number)))) is not None:
            name = f"pg_get_serial_sequence('{table.name}', '{number.name}')"
            connection.exec_driver_sql(f"SELECT setval({name}, {int(last)})")
