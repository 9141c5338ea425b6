"""Opening a store: the database is made and migrated as needed, one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from classifier.errors import BadStore
from classifier.store.engine import make_engine
from classifier.store.store import Store

_MIGRATION_LOCK = 7_203_391


def open_store(url: str, migrate: bool = True) -> Store:
    """Return the store of a database URL, creating and migrating the database as needed.

    Raises:
        BadStore: if the database cannot be used, or is newer than this program.
    """
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadStore(f"The folder {folder} of the database cannot be made: {error.strerror}.") from None
    engine = make_engine(url)
    if migrate:
        migrate_to(engine, "head")
    _check_revision(engine)
    return Store(engine)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate_to(engine: Engine, revision: str) -> None:
    """Bring the tables to a revision, one process at a time."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A batch change on SQLite copies the table; with foreign keys on it would delete the rows that point to it.
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    _migrate(connection, revision)
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise BadStore(f"The migration would leave {len(broken)} rows without their parents; not done.")
            finally:
                driver.execute("PRAGMA foreign_keys=ON")
        else:
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                _migrate(connection, revision)


def _migrate(connection: Connection, revision: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise BadStore(f"The database has revision {current}, which this program does not know. Upgrade the program.")
    command.upgrade(_config(connection), revision)


def _check_revision(engine: Engine) -> None:
    with engine.connect().execution_options(readonly=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if current != head:
        known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
        advice = "Start the service: it brings it up to date." if current in {None, *known} else "Upgrade the program."
        raise BadStore(f"The database has revision {current}, this program needs {head}. {advice}")
