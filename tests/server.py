"""The service as it is started, for the tests that talk to it over real sockets. Every wait has a limit."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.waiting import SECONDS


@dataclass(frozen=True)
class Server:
    """A running service, and the key with which it is asked, if it needs any."""

    process: subprocess.Popen[bytes]
    port: int
    key: str | None = None

    def ask(self, method: str, path: str, sent: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Return status and decoded answer of one request on a connection of its own."""
        status, raw = self.ask_any(method, path, sent, headers)
        return status, json.loads(raw or b"null")

    def ask_any(
        self, method: str, path: str, sent: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of one request on a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            body = None if sent is None else json.dumps(sent)
            types = {"Content-Type": "application/json"} if body else {}
            bearer = {"Authorization": f"Bearer {self.key}"} if self.key else {}
            connection.request(method, path, body, {**types, **bearer, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()

    def connect(self) -> socket.socket:
        """Return a fresh connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(
    models: Path, database_url: str, *options: str, port: int | None = None, settings: Mapping[str, str] | None = None
) -> Server:
    """Start a service and wait until it answers; its log is beside the models. `settings` are variables of its own."""
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    environment |= settings or {}
    where = ["--port", str(port), "--models", str(models), "--database", database_url]
    with (models.parent / f"service-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "classifier", "serve", *where, *options],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    server = Server(process, port)
    wait_until_ready(server)
    return server


def wait_until_ready(server: Server) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            server.ask("GET", "/health/ready")
            return
        except OSError:
            assert server.process.poll() is None, "the service ended; see its log"
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.05)


def stop(server: Server) -> int:
    """End a service as an operator does and return its exit code."""
    server.process.send_signal(signal.SIGTERM)
    try:
        return server.process.wait(SECONDS)
    finally:
        server.process.kill()
        server.process.wait(SECONDS)
