"""Deadlines for reading from clients: a connection that misses its deadline is shut down for reading.

Whoever reads from it then finds the end of the data, and an answer can still be sent. A time limit of the socket itself
would end the reading too, but then gunicorn's only loop waits two seconds for that client to go away, and everybody
else waits with it.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Deadlines:
    """Ends the reading of what takes too long to arrive, also of what comes a byte at a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # The connections are held, not their numbers: the number of a closed one may already be the database's.
        self._reading: dict[int, tuple[float, socket.socket]] = {}
        self._watching = False
        self._lock = threading.Lock()

    @contextmanager
    def of(self, connection: socket.socket | None) -> Iterator[None]:
        """Let a connection be read until the deadline. Servers other than gunicorn give None, without a deadline."""
        if connection is None:
            yield
            return
        self.begin(connection)
        try:
            yield
        finally:
            self.end(connection)

    def begin(self, connection: socket.socket) -> None:
        """Set the deadline of a connection, from now on."""
        with self._lock:
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
        self._reading[id(connection)] = time.monotonic() + self.seconds, connection

    def end(self, connection: socket.socket) -> None:
        """Take away the deadline of a connection, if it has one."""
        self._reading.pop(id(connection), None)

    def _run(self) -> None:
        while True:
            time.sleep(min(self.seconds / 4, 1.0))
            now = time.monotonic()
            for key, (until, connection) in list(self._reading.items()):
                if until < now:
                    self._reading.pop(key, None)
                    with suppress(OSError):  # closed in the meantime
                        connection.shutdown(socket.SHUT_RD)
