"""Engines: how each database must be opened so that a commit that was acknowledged is never lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from classifier.errors import BadStore

# From 3.7.0 to 3.51.2 a reset of the write-ahead log can lose commits.
MIN_SQLITE = (3, 51, 3)
BUSY_SECONDS = 5
WAL_SECONDS = 10
POOL_SIZE = 8


class DamagedStore(BadStore):
    """The file is broken, or no database at all."""


def absolute_url(url: str) -> str:
    """Return a database URL that means the same file from every folder."""
    parsed = make_url(url)
    path = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or path in ("", ":memory:") or path.startswith("file:"):
        return url
    return parsed.set(database=str(Path(path).absolute())).render_as_string(hide_password=False)


def make_engine(url: str) -> Engine:
    """Return the engine of a database URL (`sqlite:///var/tagger.db`).

    Raises:
        BadStore: if the URL cannot be used or SQLite is too old to be safe.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            engine = create_engine(
                parsed, pool_size=POOL_SIZE, max_overflow=0, pool_pre_ping=True, hide_parameters=True
            )
            event.listen(engine, "handle_error", _name)
            return engine
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        raise BadStore(f"The database URL cannot be used: {error}. Example: sqlite:///var/tagger.db") from None
    return _sqlite_engine(url, parsed.database)


def _sqlite_engine(url: str, path: str | None) -> Engine:
    import pysqlite3.dbapi2 as driver  # Python's own sqlite3 is linked to an older library

    if driver.sqlite_version_info < MIN_SQLITE:
        needed = ".".join(map(str, MIN_SQLITE))
        raise BadStore(f"SQLite {driver.sqlite_version} can lose commits; {needed} is needed: pip install pysqlite3")
    if path in (None, "", ":memory:"):
        raise BadStore("A database in memory is one per connection; name a file: sqlite:///var/tagger.db")
    engine = create_engine(
        url,
        module=driver,
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=0,
        hide_parameters=True,  # an error must not carry the text of an article into a log
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _name)
    return engine


def _name(context: ExceptionContext) -> None:
    """Raise what is wrong with the database as our own error; what is wrong with a row stays as it is."""
    error = context.sqlalchemy_exception
    if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError | DataError):
        damaged = type(error) is DatabaseError  # SQLite says so of a file that is broken or none of its own
        if damaged:
            raise DamagedStore(f"The database cannot be used: {error.orig}. Restore it from a backup.") from None
        raise BadStore(f"The database cannot be used: {error.orig}.") from None


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: Any) -> None:
    """Switch to the write-ahead log; where others open the new database too, SQLite fails at once and does not wait."""
    import pysqlite3.dbapi2 as driver

    until = time.monotonic() + WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except driver.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin(connection: Any) -> None:
    """Take the write lock at once: a read that turns into a write would fail in the middle."""
    readonly = connection.get_execution_options().get("readonly")
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
