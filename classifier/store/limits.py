"""Counters that all processes of a service share: how often an event happened within a time window.

On SQLite each counter is a file of 16 bytes beside the database, under a lock of its own: 10 µs, where a row of SQLite takes
0.4 ms and waits seconds for other writers. On PostgreSQL it is a row, which several machines share.
"""

import fcntl
import hashlib
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, case, select, text
from sqlalchemy.dialects.postgresql import insert

from classifier.domain.files import make_private_folder
from classifier.errors import BadStore
from classifier.store.schema import counters
from classifier.texts import _

_RECORD = struct.Struct("<qd")  # how often, and until when it counts
KEPT_SECONDS = 3600.0  # after which a file that nobody counts in is removed
MAX_COUNTERS = 10_000  # a stranger with many addresses must not fill the disk: the least recently used are removed
_SWEEP_EVERY = 100  # new counters
_WRONG = 2  # a counter that ends more than twice its window ahead was begun by a wrong clock


class Count(NamedTuple):
    """How often something happened, this time included, and in how many seconds counting starts anew."""

    n: int
    seconds: float


class FileCounters:
    """Counters in a folder, for processes on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def hit(self, event: str, seconds: float) -> Count:
        """Count an event. A window of so many seconds begins with the first one."""
        with self._held(event) as handle:
            n, ends = _record(handle)
            left = ends - time.time()
            if not 0 < left <= seconds * _WRONG:
                n, left = 0, seconds
            try:
                os.pwrite(handle, _RECORD.pack(n + 1, time.time() + left), 0)
            except OSError as error:
                raise BadStore(_("A counter cannot be written: %(error)s.", error=error.strerror)) from None
        return Count(n + 1, left)

    def give_back(self, event: str) -> None:
        """Take back one event."""
        with self._held(event) as handle:
            n, ends = _record(handle)
            if n > 0:
                os.pwrite(handle, _RECORD.pack(n - 1, ends), 0)

    @contextmanager
    def _held(self, event: str) -> Iterator[int]:
        """Hold the file of a counter against all other threads and processes."""
        try:
            handle = self._open(self._folder / _name(event))
        except OSError as error:
            raise BadStore(
                _(
                    "The folder of counters %(folder)s cannot be used: %(error)s.",
                    folder=self._folder,
                    error=error.strerror,
                )
            ) from None
        try:
            yield handle
        finally:
            os.close(handle)  # and with it the lock

    def _open(self, path: Path) -> int:
        while True:
            try:
                handle = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                make_private_folder(self._folder)
                self._sweep()
                handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)  # it was swept away in between

    def _sweep(self) -> None:
        """Remove the files of counters that ended long ago, and the oldest ones if there are too many."""
        self._made += 1
        if self._made % _SWEEP_EVERY != 1:
            return
        used: list[tuple[float, str]] = []
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):  # another process sweeps too
                used.append((entry.stat().st_mtime, entry.path))
        used.sort()
        before = time.time() - KEPT_SECONDS
        for number, (used_at, path) in enumerate(used):
            if used_at < before or number < len(used) - MAX_COUNTERS:
                _remove_unused_since(path, used_at)


class RowCounters:
    """Counters in the store, for processes on several machines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made = 0

    def hit(self, event: str, seconds: float) -> Count:
        """Count an event. A window of so many seconds begins with the first one."""
        time_now = time.time()
        row, columns = insert(counters).values(what=_name(event), n=1, ends_at=time_now + seconds), counters.c
        over = (columns.ends_at <= time_now) | (columns.ends_at > time_now + seconds * _WRONG)
        changed = {"n": case((over, 1), else_=columns.n + 1)}
        changed["ends_at"] = case((over, row.excluded.ends_at), else_=columns.ends_at)
        upsert = row.on_conflict_do_update(index_elements=["what"], set_=changed).returning(columns.n, columns.ends_at)
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL synchronous_commit = off"))  # a crash may forget a second of counting
            n, ends = connection.execute(upsert).one()
            self._made += n == 1
            if n == 1 and self._made % _SWEEP_EVERY == 1:
                newest = select(columns.what).order_by(columns.ends_at.desc()).limit(MAX_COUNTERS)
                ended = columns.ends_at < time_now - KEPT_SECONDS
                connection.execute(counters.delete().where(ended | columns.what.not_in(newest)))
        return Count(n, ends - time_now)

    def give_back(self, event: str) -> None:
        """Take back one event."""
        mine = (counters.c.what == _name(event)) & (counters.c.n > 0)
        with self._engine.begin() as connection:
            connection.execute(counters.update().where(mine).values(n=counters.c.n - 1))


Counters = FileCounters | RowCounters


def counters_of(engine: Engine) -> Counters:
    """Return the counters that all processes on a database share."""
    if engine.dialect.name == "sqlite":
        return FileCounters(Path(f"{engine.url.database}-counters"))
    return RowCounters(engine)


def _record(handle: int) -> tuple[int, float]:
    raw = os.pread(handle, _RECORD.size, 0)
    return _RECORD.unpack(raw) if len(raw) == _RECORD.size else (0, 0.0)


def _remove_unused_since(path: str, used_at: float) -> None:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_mtime <= used_at:
            Path(path).unlink(missing_ok=True)
    finally:
        os.close(handle)


def _name(event: str) -> str:
    """Return the digest under which an event is counted: it reveals no person, and is safe as a file name."""
    return hashlib.sha256(event.encode("utf-8", "surrogatepass")).hexdigest()
