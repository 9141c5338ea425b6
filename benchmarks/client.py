"""A load client that costs little: one thread, raw sockets kept alive, a request of ready-made bytes.

Run as a program of its own: `client.py PORT N_CLIENTS SECONDS FOLDER [--new-connections]`; the requests are the files of
the folder, in turn. With `--new-connections` each has a connection of its own.
Where MARK stands in a request each sending has another number, so that no text is ever sent twice: a server that remembers
its answers would be measured remembering. Prints one JSON line: requests a second, p50 and p95 in ms, the number that it counts and that it sent. Any answer but 200
ends it. Imports only the standard library, so that it starts at once.
"""

from __future__ import annotations

import itertools
import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

MARK = b"999999999999"
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Connection:
    """One client: sends the next request as soon as the answer is whole."""

    def __init__(self, port: int, requests: Iterator[bytes], is_kept: bool) -> None:
        self._port, self._requests, self.is_kept = port, requests, is_kept
        self.latencies: list[float] = []
        self.n_sent = 0

    def connect(self) -> None:
        """Open the socket."""
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """Send the next request and start the clock."""
        self._answer, self._wanted = b"", 0
        request = next(self._requests)
        self._began = time.perf_counter()
        self.n_sent += 1
        if not self.is_kept:
            request = request.replace(HEAD_END, b"\r\nConnection: close\r\n\r\n", 1)
            self.connect()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what arrived; return whether the answer is whole."""
        arrived = self.socket.recv(262_144)
        if not arrived:
            raise ConnectionError(f"the server closed the connection after {self._answer[:200]!r}")
        self._answer += arrived
        if not self._wanted and HEAD_END in self._answer:
            self._wanted = self._length()
        if not self._wanted or len(self._answer) < self._wanted:
            return False
        self.latencies.append(time.perf_counter() - self._began)
        return True

    def _length(self) -> int:
        head, _, _ = self._answer.partition(HEAD_END)
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise ConnectionError(f"{self._answer[:500]!r}")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(LENGTH):
                return len(head) + len(HEAD_END) + int(line.removeprefix(LENGTH))
        raise ConnectionError(f"no length in {head!r}")


def load(
    port: int, n_clients: int, seconds: float, requests: Sequence[bytes], is_kept: bool = True
) -> dict[str, float]:
    """Keep `n_clients` requests going for some seconds; the first tenth of the time warms up."""
    turn = _turns(requests)  # all clients take from one turn, so that no two send the same at once
    connections = [Connection(port, turn, is_kept) for _ in range(n_clients)]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            if is_kept:
                connection.connect()
            connection.send()
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        _turn(selector, seconds / 10)
        for connection in connections:
            connection.latencies.clear()
        began = time.perf_counter()
        _turn(selector, seconds)
        took = time.perf_counter() - began
    every = sorted(latency for connection in connections for latency in connection.latencies)
    if not every:
        raise ConnectionError(f"no answer within {seconds} s")
    n = len(every)
    p50, p95 = every[n // 2] * 1000, every[int(0.95 * n)] * 1000
    n_sent = sum(connection.n_sent for connection in connections)
    return {"requests_per_second": n / took, "p50_ms": p50, "p95_ms": p95, "n_requests": n, "n_sent": n_sent}


def _turns(requests: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the requests in turn for ever, each with a number that was never used, in this process or an earlier one."""
    parts = [request.split(MARK) for request in requests]
    first = time.time_ns() // 100_000 % 10**11 * 10
    for number, part in enumerate(itertools.cycle(parts), start=first):
        yield (b"%012d" % number).join(part)


def _turn(selector: selectors.BaseSelector, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for key, _ in selector.select(timeout=1.0):
            connection: Connection = key.data
            if not connection.receive():
                continue
            if connection.is_kept:
                connection.send()
                continue
            selector.unregister(connection.socket)
            connection.socket.close()
            connection.send()
            selector.register(connection.socket, selectors.EVENT_READ, connection)


if __name__ == "__main__":
    _, _port, _clients, _seconds, _folder, *_options = sys.argv
    _requests = [file.read_bytes() for file in sorted(Path(_folder).iterdir())]
    print(json.dumps(load(int(_port), int(_clients), float(_seconds), _requests, not _options)))
