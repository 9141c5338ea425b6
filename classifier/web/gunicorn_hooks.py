"""What gunicorn reads and calls; named to it by `serve`."""

from __future__ import annotations

import os
import shutil
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


def on_exit(_server: Any) -> None:
    """Remove the counters of the workers, which lie in memory; the next start makes its own."""
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
