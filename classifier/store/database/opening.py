"""Opening a store: the database is made and migrated as needed, one process at a time."""

import os
import secrets
import threading
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from classifier.domain.files import make_private_folder, sync_folder
from classifier.errors import BadStore
from classifier.store.counts import keep_counts
from classifier.store.database.engine import make_engine
from classifier.store.database.sqlite import check_pages, close_to_others, was_there
from classifier.store.schema import metadata
from classifier.store.search_index import keep_search_index
from classifier.store.store import Store
from classifier.texts import _

_MIGRATION_LOCK = 7_203_391
_MIGRATING = threading.Lock()  # Alembic keeps what it works on in its modules
# Finds columns that do not sort by characters, as Python and SQLite do. A server may sort by a language.
_NOT_BY_CHARACTERS = """
    SELECT table_name, column_name, character_maximum_length FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text')
    AND collation_name IS DISTINCT FROM 'C'
"""


def open_store(url: str, migrate: bool = True, check: bool = False) -> Store:
    """Return the store of a database URL, creating and migrating the database as needed.

    With `check`, every page of an SQLite file is read first: for programs that run for long. Raise `BadStore` if the
    database cannot be used, or is newer than this program. Raise `DamagedStore` if it is broken or has lost commits. No new
    database is made in its place.
    """
    engine = make_engine(url)
    is_file = engine.dialect.name == "sqlite"
    try:
        path = Path(str(engine.url.database))
        if is_file and not was_there(path):
            if not migrate:
                raise BadStore(
                    _("There is no database %(path)s. The service makes it: python -m classifier serve", path=path)
                )
            _create(path)
        if is_file and migrate:
            close_to_others(path)
        if is_file and check:
            check_pages(engine)
        if migrate:
            migrate_to(engine, "head")
        _check_revision(engine)
    except BaseException:
        engine.dispose()  # who restores it must not find it open
        raise
    return Store(engine)


def _create(path: Path) -> None:
    """Create a database aside and link it once it has all tables: an empty file must have been emptied by somebody."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        make_private_folder(path.parent)
        engine = make_engine(f"sqlite:///{aside}", create=True)
        migrate_to(engine, "head")
        engine.dispose()
        os.link(aside, path)
        sync_folder(path.parent)
    except OSError as error:
        if not (isinstance(error, FileExistsError) and path.is_file()):  # otherwise another process was first
            raise BadStore(
                _(
                    "The folder %(folder)s of the database cannot be made: %(error)s.",
                    folder=path.parent,
                    error=error.strerror,
                )
            ) from None
    finally:
        for left in path.parent.glob(f"{aside.name}*") if path.parent.is_dir() else ():
            left.unlink(missing_ok=True)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate_to(engine: Engine, revision: str) -> None:
    """Bring the tables to a revision, one process at a time."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _migrate_file(connection, revision)
        else:
            with connection.begin():
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                _migrate(connection, revision)
                _order_by_characters(connection)  # before the triggers: a column that one names cannot be altered
                _keep(connection)


def _migrate_file(connection: Connection, revision: str) -> None:
    # A batch change on SQLite copies the table. With foreign keys on, it would delete the rows that point to it.
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            _migrate(connection, revision)
            _keep(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise BadStore(
                    _("The migration would leave %(n)s rows without their parents; not done.", n=len(broken))
                )
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _keep(connection: Connection) -> None:
    """Make what the database itself keeps up to date, where it is missing."""
    keep_counts(connection)
    keep_search_index(connection)


def _order_by_characters(connection: Connection) -> None:
    """Give the columns of texts the same order as on SQLite, whatever language the server was made for."""
    for table, column, length in connection.exec_driver_sql(_NOT_BY_CHARACTERS).all():
        if table in metadata.tables:
            kind = f"varchar({length})" if length else "text"
            connection.exec_driver_sql(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"')


@cache
def _revisions() -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _migrate(connection: Connection, revision: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in _revisions():
        raise BadStore(
            _(
                "The database has revision %(current)s, which this program does not know. Upgrade the program.",
                current=current,
            )
        )
    if current != (_revisions()[0] if revision == "head" else revision):
        with _MIGRATING:
            command.upgrade(_config(connection), revision)


def _check_revision(engine: Engine) -> None:
    with engine.connect().execution_options(readonly=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != _revisions()[0]:
        is_older = current is None or current in _revisions()
        advice = _("Start the service: it brings it up to date.") if is_older else _("Upgrade the program.")
        raise BadStore(
            _(
                "The database has revision %(current)s, this program needs %(needed)s. %(advice)s",
                current=current,
                needed=_revisions()[0],
                advice=advice,
            )
        )
