"""What gunicorn reads and calls; named to it by `serve`."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from typing import Any

from classifier.web import logs

logs.configure()  # of the process that watches the workers; they do so for themselves
_TO_STRUCTLOG = {"level": "WARNING", "handlers": ["forwarding"], "propagate": False}
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"forwarding": {"class": "classifier.web.logs.Forwarding"}},
    "root": {"level": "WARNING", "handlers": ["forwarding"]},
    "loggers": {"gunicorn.error": _TO_STRUCTLOG, "gunicorn.access": _TO_STRUCTLOG},
}


def when_ready(server: Any) -> None:
    """Let no connection hold a thread for long by stalling: gunicorn itself waits for the rest of a header for ever.

    Linux hands the time limits of a listening socket on to the connections that it accepts.
    """
    limit = struct.pack("ll", int(os.environ.get("TAGGER_READ_SECONDS", "15")), 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def on_exit(_server: Any) -> None:
    """Remove the counters of the workers, which lie in memory; the next start makes its own."""
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
