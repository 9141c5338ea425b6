"""Connections whose clients have sent nothing for long: each holds a thread of a worker, and gunicorn waits for ever.

Linux tells of each connection when the last byte came. One that stalls is shut down for reading: whoever waits for the rest of
a header or body finds its end, and who is at work still answers. A time limit of the socket itself (SO_RCVTIMEO) would end it
too, but then gunicorn's only loop waits two seconds for that client to go away, and everybody else with it.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

_OPEN = Path("/proc/self/fd")
_LAST_RECEIVED = struct.Struct("=B51xI")  # of struct tcp_info: the state, and milliseconds since the last byte
_ESTABLISHED = 1


def watch(port: int, seconds: float) -> None:
    """Give up connections to a port that stall, from now on and beside the requests."""
    if _OPEN.is_dir() and hasattr(socket, "TCP_INFO"):
        threading.Thread(target=_run, args=(port, seconds), name="stalled", daemon=True).start()


def _run(port: int, seconds: float) -> None:
    while True:
        time.sleep(min(seconds / 4, 1.0))
        give_up(port, seconds)


def give_up(port: int, seconds: float) -> None:
    """End the reading of all connections to a port on which nothing came for some seconds."""
    for path in _OPEN.iterdir():
        with suppress(OSError):  # closed in between
            if path.readlink().name.startswith("socket:"):
                _look_at(int(path.name), port, seconds)


def _look_at(handle: int, port: int, seconds: float) -> None:
    # Neither copied nor closed: closing the copy of a handle that meanwhile became the database's would end SQLite's locks.
    connection = socket.socket(fileno=handle)
    try:
        if _stalls(connection, port, seconds):
            connection.shutdown(socket.SHUT_RD)
    finally:
        connection.detach()


def _stalls(connection: socket.socket, port: int, seconds: float) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
        return False
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_RECEIVED.size)
    state, milliseconds = _LAST_RECEIVED.unpack(told)
    return bool(state == _ESTABLISHED and milliseconds > 1000 * seconds)
