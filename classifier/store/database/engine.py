"""Engines: SQLite and PostgreSQL opened such that no acknowledged commit is lost."""

import errno
import os
import weakref
from pathlib import Path

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, IntegrityError, SQLAlchemyError

from classifier.errors import BadStore, BadValue
from classifier.store.database.pool import POOL_SECONDS, POOL_SIZE, DamagedStore, Pool
from classifier.store.database.sqlite import RESTORE, sqlite_engine
from classifier.texts import _

__all__ = ["DamagedStore", "absolute_url", "make_engine"]

_UNREADABLE = (
    "The database URL cannot be used. In a name or a password write @ as %40, : as %3A, / as %2F. "
    "Examples: sqlite:///var/tagger.db, postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE"
)
# A statement or a lock that takes longer fails: a request must not hang on what another holds.
_TIMEOUTS = "-c statement_timeout=30s -c lock_timeout=30s"
# PostgreSQL would compile the long conditions of the queue for each request, which takes a second, to find a page in 50 ms.
_NOT_COMPILED = "-c jit=off"
# A server that does not answer, as after a broken network, is given up: seconds, but for the last, milliseconds.
_POSTGRES: dict[str, str | int] = {
    "options": f"{_TIMEOUTS} {_NOT_COMPILED}",
    "application_name": "tagger",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def parsed_url(url: str) -> URL:
    """Return the parts of a database URL, or raise `BadStore` without it: what looks like a host may be a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise BadStore(_UNREADABLE) from None
    if parsed.get_backend_name() != "sqlite" and url.count("@") > 1:  # the password would end at the first
        raise BadStore(_UNREADABLE)
    return parsed


def file_of(url: URL) -> Path | None:
    """Return the file of a database on SQLite, or None."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def absolute_url(url: str) -> str:
    """Return a database URL that means the same file from every folder."""
    parsed = parsed_url(url)
    path = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or path in ("", ":memory:") or path.startswith("file:"):
        return url
    return parsed.set(database=str(Path(path).absolute())).render_as_string(hide_password=False)


def make_engine(url: str, create: bool = False) -> Engine:
    """Return the engine of a database URL. With `create` it may make the file. Raise `BadStore` if that is not safe."""
    try:
        parsed = parsed_url(url)
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ArgumentError(f"{backend} is neither sqlite nor postgresql+psycopg")
        engine = sqlite_engine(parsed, create) if backend == "sqlite" else _postgres_engine(parsed)
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        raise BadStore(
            _("The database URL cannot be used: %(error)s. Example: sqlite:///var/tagger.db", error=error)
        ) from None
    event.listen(engine, "handle_error", _name)
    # Who forgets to close a store leaves connections to the server, and a log that nobody has put into the file.
    weakref.finalize(engine, engine.pool.dispose)
    return engine


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=Pool,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,  # after a restart of the server the next request finds it again
        hide_parameters=True,  # an error must not carry the text of an article into a log
        connect_args={name: value for name, value in _POSTGRES.items() if name not in url.query},
    )


def _name(context: ExceptionContext) -> None:
    """Raise an error of the database as one of ours. Only `IntegrityError` passes."""
    error = context.sqlalchemy_exception
    if context.is_pre_ping or not isinstance(error, DatabaseError) or isinstance(error, IntegrityError):
        return
    # The first line of the driver's message, without the server's address, and PostgreSQL's error state.
    first_line = next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
    message, state = first_line.rpartition(" failed: ")[2].rstrip("."), getattr(error.orig, "sqlstate", None) or ""
    if "disk is full" in message:  # as SQLite says it: the system and PostgreSQL have other words
        message = os.strerror(errno.ENOSPC)
    if isinstance(error, DataError):
        raise BadValue(_("The database cannot hold a value: %(error)s.", error=message)) from None
    # SQLite raises a plain DatabaseError for a file that is broken or not its own. PostgreSQL has a class of states.
    if type(error) is DatabaseError or state.startswith("XX"):
        raise DamagedStore(
            _("The database cannot be used: %(error)s. %(restore)s", error=message, restore=RESTORE)
        ) from None
    raise BadStore(_("The database cannot be used: %(error)s.", error=message)) from None
