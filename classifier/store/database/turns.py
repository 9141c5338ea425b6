"""A line for writers: whoever wants to change an SQLite database waits for a turn.

SQLite lets one connection write at a time and keeps no queue of the others: each polls, so that a late one may go first and an
early one may fail. Here the threads of a process form a line, first in, first out. The first thread of each process then waits
for two locked files, `.turn` to write and `.next` to be the next, so that a process that has just written stands behind one that
waited. The locks only order the writers. SQLite's own locks protect the data, also from programs that take no turns.
"""

import fcntl
import os
import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

from classifier.errors import BadStore
from classifier.texts import _

WAIT_SECONDS = 60.0  # for commands, and wherever no deadline is set
PATIENCE_SECONDS = 5.0  # for which a batch lets others go first, before each of its transactions
_POLL_SECONDS = 0.001
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def set_deadline(seconds: float | None) -> None:
    """Set until when this thread waits for the database: so many seconds from now, or None for the default."""
    _deadline.set(None if seconds is None else time.monotonic() + seconds)


def deadline() -> float:
    """Return until when this thread waits, in seconds of `time.monotonic`."""
    until = _deadline.get()
    return time.monotonic() + WAIT_SECONDS if until is None else until


class Line:
    """A lock for threads that is handed to whoever has waited longest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._occupied = False

    def enter(self, until: float) -> bool:
        """Wait until all earlier threads have left, and return whether they did in time."""
        with self._lock:
            if not self._occupied:
                self._occupied = True
                return True
            called = threading.Event()
            self._waiting.append(called)
        called.wait(max(until - time.monotonic(), 0.0))
        with self._lock:
            if not called.is_set():
                self._waiting.remove(called)
            return called.is_set()

    def leave(self) -> None:
        """Let the next one in."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._occupied = False


class Turns:
    """The turns of one process at writing to a database."""

    def __init__(self, database: Path) -> None:
        self.line = Line()
        self._turn, self._next = Path(f"{database}.turn"), Path(f"{database}.next")

    def take(self, until: float) -> int:
        """Wait for a turn and return its handle, or raise `BadStore` if it does not come in time."""
        if not self.line.enter(until):
            raise _late()
        return self._take_locks(until)

    def take_last(self, until: float) -> int:
        """Take a turn when nobody else waits, or join the line after `PATIENCE_SECONDS`."""
        patient_until = min(time.monotonic() + PATIENCE_SECONDS, until)
        while time.monotonic() < patient_until:
            if self.line.enter(0.0):
                with suppress(BadStore):
                    return self._take_locks(0.0)
            time.sleep(_POLL_SECONDS)
        return self.take(until)

    def _take_locks(self, until: float) -> int:
        try:
            following = _locked(self._next, until)
            try:
                return _locked(self._turn, until)
            finally:
                os.close(following)
        except BaseException:
            self.line.leave()
            raise

    def give_back(self, handle: int) -> None:
        """End a turn."""
        os.close(handle)  # and with it the lock
        self.line.leave()


def _locked(path: Path, until: float) -> int:
    """Lock a file and return its handle, or raise `BadStore` if that takes too long."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadStore(
            _("The lock %(path)s of the database cannot be used: %(error)s.", path=path, error=error.strerror)
        ) from None
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise _late() from None
                time.sleep(_POLL_SECONDS)  # a lock that waits by itself could not be given up at the deadline
    except BaseException:
        os.close(handle)
        raise


def _late() -> BadStore:
    return BadStore(
        _("Others are writing to the database, and the turn of this request did not come in time. Ask again.")
    )
