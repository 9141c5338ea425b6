"""What gunicorn reads and calls; named to it by `serve`."""

from __future__ import annotations

import os
import shutil
from typing import Any

from classifier.web.guard import stalled
from classifier.web.watch import logs

# What a client says of itself is not believed. gunicorn would take its word from loopback, where a proxy may connect from too;
# how many proxies there are is a setting, and the service reads their headers itself (TAGGER_PROXIES).
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

logs.configure()  # of the process that watches the workers; they do so for themselves
_TO_STRUCTLOG = {"level": "WARNING", "handlers": ["forwarding"], "propagate": False}
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"forwarding": {"class": "classifier.web.watch.logs.Forwarding"}},
    "root": {"level": "WARNING", "handlers": ["forwarding"]},
    "loggers": {"gunicorn.error": _TO_STRUCTLOG, "gunicorn.access": _TO_STRUCTLOG},
}


def post_worker_init(worker: Any) -> None:
    """Give up clients of a worker that stall; a second after the time of bodies, which are answered."""
    seconds = float(os.environ.get("TAGGER_READ_SECONDS", "15")) + 1.0
    stalled.watch(worker.sockets[0].getsockname()[1], seconds)


def on_exit(_server: Any) -> None:
    """Remove the counters of the workers, which lie in memory; the next start makes its own."""
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
