"""SQLite: opened such that no acknowledged commit is lost, and such that a loss caused by others is detected.

tagger.db            the database
tagger.db-wal, -shm  SQLite's write-ahead log: the latest commits are only there
tagger.db.commits    the number of commits ever made: a database with fewer has lost some
tagger.db.turn, .next  locks by which writers take turns
"""

import errno
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pysqlite3 import dbapi2 as sqlite3  # Python's own sqlite3 is linked to an older library
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from classifier.domain.files import PRIVATE
from classifier.errors import BadStore, Busy
from classifier.store.database.pool import POOL_SECONDS, POOL_SIZE, DamagedStore, Pool
from classifier.store.database.turns import Turns, deadline
from classifier.texts import _

# From 3.7.0 to 3.51.2 a reset of the write-ahead log can lose commits.
MIN_SQLITE = (3, 51, 3)
BUSY_SECONDS = 5
N_WAITING = 56  # more connections than are kept: whoever waits for a turn to write must not keep others from reading
WAL_SECONDS = 10
BESIDE = (".commits", ".turn", ".next")  # files of our own beside a database, which a copy does without
_N_COUNTED = 1 << 31  # `user_version`, which counts the commits, starts again at 0 here
_OTHERS = 0o007
RESTORE = "Restore it from a backup: python -m classifier restore BACKUP --force"


def sqlite_engine(url: URL, create: bool) -> Engine:
    """Return the engine of an SQLite database. Only with `create` may it make the file."""
    if sqlite3.sqlite_version_info < MIN_SQLITE:
        needed = ".".join(map(str, MIN_SQLITE))
        raise BadStore(
            _(
                "SQLite %(version)s can lose commits; %(needed)s is needed: pip install pysqlite3",
                version=sqlite3.sqlite_version,
                needed=needed,
            )
        )
    if url.database in (None, "", ":memory:"):
        raise BadStore(_("A database in memory is one per connection; name a file: sqlite:///var/tagger.db"))
    path = Path(str(url.database))
    turns = Turns(path)
    engine = create_engine(
        url,
        module=sqlite3,
        creator=lambda: _open(path, create),
        poolclass=Pool,
        pool_size=POOL_SIZE,
        max_overflow=N_WAITING,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,  # an error must not carry the text of an article into a log
    )
    names = path, Path(f"{path}-wal")
    event.listen(engine, "connect", lambda _, record: record.info.update(files=[name.stat().st_ino for name in names]))
    event.listen(engine, "checkout", lambda _, record, __: _check_files(path, record.info["files"]))
    event.listen(engine, "begin", lambda connection: _begin(connection, turns))
    event.listen(engine, "commit", lambda connection: _commit(path, connection, turns))
    event.listen(engine, "checkin", lambda _, record: _end(record.info, turns))
    return engine


def _open(path: Path, create: bool) -> Any:
    """Open a connection. Only with `create` may SQLite make the file."""
    if create:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))  # SQLite makes the log with the rights of the file
    else:
        check_there(path)
    name = f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        _use_wal(connection)
        # What is deleted is overwritten: the text of an article must not stay in free pages of the file.
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _check_commits(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: Any) -> None:
    """Switch to the write-ahead log. SQLite fails at once while another process does the same, so it is tried again."""
    until = time.monotonic() + WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("SELECT count(*) FROM sqlite_schema")  # from now on the log is there
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin(connection: Connection, turns: Turns) -> None:
    """Begin a transaction with the write lock: a read that becomes a write later would fail."""
    options, info, driver = connection.get_execution_options(), connection.info, _driver(connection)
    if not options.get("readonly"):
        until = deadline()
        if "turn" not in info:
            info["turn"] = turns.take_last(until) if options.get("gives_way") else turns.take(until)
        # Programs that know nothing of turns may have the lock.
        driver.execute(f"PRAGMA busy_timeout={max(int(1000 * (until - time.monotonic())), 1)}")
    connection.exec_driver_sql("BEGIN" if options.get("readonly") else "BEGIN IMMEDIATE")
    info["changes"] = driver.total_changes


def _commit(path: Path, connection: Connection, turns: Turns) -> None:
    """Commit, note the number of commits, and end the turn. SQLAlchemy finds nothing left to commit."""
    counted = _count(connection)
    connection.exec_driver_sql("COMMIT")
    if counted:
        _note(path, _driver(connection))
    _end(connection.info, turns)


def _end(info: dict[str, Any], turns: Turns) -> None:
    """End the turn of a connection, if it has one. After a rollback that is when it returns to the pool."""
    if (turn := info.pop("turn", None)) is not None:
        turns.give_back(turn)


# --- files that others remove, replace or cut ---


def _check_files(path: Path, opened: list[int]) -> None:
    """Raise an error if the files of a connection were replaced or removed since it was opened."""
    check_there(path)
    if path.stat().st_ino != opened[0]:
        raise DisconnectionError(_("Another database was put in the place of this one."))
    with suppress(OSError):
        if Path(f"{path}-wal").stat().st_ino == opened[1]:
            return
    raise DamagedStore(
        _(
            "The write-ahead log %(path)s-wal was removed while it was used. Stop the service. %(restore)s",
            path=path,
            restore=RESTORE,
        )
    )


def check_there(path: Path) -> None:
    """Raise `DamagedStore` for a database that is gone or empty: a new one is never made in its place."""
    if not path.exists():
        left = " and ".join(map(str, _left(path)))
        step = f", or remove {left} to begin anew." if left else ""
        raise DamagedStore(
            _("The database %(path)s is gone. %(restore)s%(step)s", path=path, restore=RESTORE, step=step)
        )
    if path.is_file() and path.stat().st_size == 0:
        raise DamagedStore(
            _(
                "The database %(path)s is empty. %(restore)s, or remove the file to begin anew.",
                path=path,
                restore=RESTORE,
            )
        )


def was_there(path: Path) -> bool:
    """Whether there is a database, or what one leaves behind."""
    return path.exists() or bool(_left(path))


def files_of(path: Path) -> list[Path]:
    """Return the files that exist of a database."""
    return [file for ending in ("", "-wal", "-shm", ".commits") if (file := Path(f"{path}{ending}")).exists()]


def open_to_others(path: Path) -> list[Path]:
    """Return which files of a database can be read or written by everybody on this machine."""
    return [file for file in files_of(path) if file.stat().st_mode & _OTHERS]


def close_to_others(path: Path) -> None:
    """Take away what everybody on this machine may do with a database that an older version made."""
    for file in open_to_others(path):
        with suppress(OSError):  # the file may be another user's: `status` reports that
            file.chmod(file.stat().st_mode & ~_OTHERS & 0o7777)


def _left(path: Path) -> list[Path]:
    return [file for file in (Path(f"{path}-wal"), Path(f"{path}.commits")) if file.exists()]


# --- changes are counted, so that a lost log is found out ---


def _count(connection: Connection) -> bool:
    """Count a transaction, as a part of it, if it changed something. Return whether it did."""
    driver = _driver(connection)
    if driver.total_changes == connection.info["changes"]:
        return False
    driver.execute(f"PRAGMA user_version={(_n_commits(driver) + 1) % _N_COUNTED}")
    return True


def _note(path: Path, driver: Any) -> None:
    """Write the number of commits beside the database, after the commit and before it is acknowledged."""
    with suppress(OSError):  # on a full disk the number stays behind, and finds out a little less
        handle = os.open(f"{path}.commits", os.O_WRONLY | os.O_CREAT, PRIVATE)
        try:
            os.pwrite(handle, b"%010d\n" % _n_commits(driver), 0)
        finally:
            os.close(handle)


def _check_commits(path: Path, connection: Any) -> None:
    try:
        noted = int(Path(f"{path}.commits").read_bytes())
    except (OSError, ValueError):
        return
    lost = (noted - _n_commits(connection)) % _N_COUNTED
    if 0 < lost < _N_COUNTED // 2:
        raise DamagedStore(
            _(
                "The database %(path)s lacks the last %(lost)s changes that were stored in it: its write-ahead log %(path)s-wal was lost, or an older copy was put in its place. %(restore)s. To go on without them, remove %(path)s.commits.",
                path=path,
                lost=lost,
                restore=RESTORE,
            )
        )


def check_pages(engine: Engine, with_indexes: bool = False) -> None:
    """Read every page, with `with_indexes` the indexes too, and raise `DamagedStore` if something is broken."""
    with engine.connect().execution_options(readonly=True) as connection:
        check = "integrity_check" if with_indexes else "quick_check"
        problem = connection.exec_driver_sql(f"PRAGMA {check}(1)").scalar()
    if problem != "ok":
        raise DamagedStore(
            _(
                "The database %(path)s is damaged: %(problem)s. %(restore)s",
                path=engine.url.database,
                problem=problem,
                restore=RESTORE,
            )
        )


def stand_alone(path: Path) -> None:
    """Merge the write-ahead log of a database into its file.

    Raises:
        Busy: if it is open.
        DamagedStore: if it is not sound.
        OSError: if the disk is full.
    """
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "disk is full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        if "locked" not in str(error):
            raise BadStore(_("The database %(path)s cannot be used: %(error)s.", path=path, error=error)) from None
        raise Busy(_("Somebody has the database %(path)s open. Stop the service first.", path=path)) from None
    except sqlite3.DatabaseError as error:
        raise DamagedStore(
            _("The database %(path)s cannot be used: %(error)s. %(restore)s", path=path, error=error, restore=RESTORE)
        ) from None
    finally:
        connection.close()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _n_commits(driver: Any) -> int:
    return int(driver.execute("PRAGMA user_version").fetchone()[0])
