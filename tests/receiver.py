"""A receiver of webhooks on a real socket, which answers as a test wants and remembers what it got."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from classifier.operations.hosts import read_hosts

HERE = read_hosts(["127.0.0.1"])


@dataclass(frozen=True)
class Got:
    """A request that a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Got, socket.socket], None]


def answers(status: int, headers: str = "", body: bytes = b"") -> Answer:
    """Answer every request with a status."""

    def answer(_got: Got, connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)

    return answer


@dataclass
class Receiver:
    """A receiver that runs. `answer` may be changed at any time."""

    port: int
    answer: Answer = field(default_factory=lambda: answers(204))
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=tagger"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [each.message for each in self.got]


@contextmanager
def receiving(
    port: int = 0, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
) -> Iterator[Receiver]:
    """Start a receiver, and stop it with the block. `wrap` makes a connection a secure one."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        receiver = Receiver(listening.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listening, receiver, wrap), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _accept(listening: socket.socket, receiver: Receiver, wrap: Callable[[socket.socket], socket.socket]) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, receiver, wrap), daemon=True).start()


def _serve(plain: socket.socket, receiver: Receiver, wrap: Callable[[socket.socket], socket.socket]) -> None:
    with suppress(OSError), plain, wrap(plain) as connection:  # who asks may go
        got = _read(connection)
        receiver.got.append(got)
        receiver.answer(got, connection)


def _read(connection: socket.socket) -> Got:
    file = connection.makefile("rb")
    with file:
        path = file.readline().split()[1].decode()
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return Got(path, headers, file.read(int(headers.get("content-length", "0"))))
