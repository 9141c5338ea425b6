"""The configuration of gunicorn. `serve` names it to gunicorn."""

import gc
import os
import shutil
from typing import Any

from classifier.web.watch import logs

# gunicorn would believe the forwarding headers of any client on loopback. The service reads them itself, and only those of
# the proxies that TAGGER_PROXIES counts.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

worker_class = "classifier.web.gunicorn_worker.Worker"

logs.configure()  # for gunicorn's main process; each worker configures its own
_TO_STRUCTLOG = {"level": "WARNING", "handlers": ["forwarding"], "propagate": False}
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"forwarding": {"class": "classifier.web.watch.logs.Forwarding"}},
    "root": {"level": "WARNING", "handlers": ["forwarding"]},
    "loggers": {"gunicorn.error": _TO_STRUCTLOG, "gunicorn.access": _TO_STRUCTLOG},
}


def pre_fork(_server: Any, _worker: Any) -> None:
    """Let workers share what is imported: the garbage collector, which writes to all that it looks at, leaves it alone."""
    gc.collect()
    gc.freeze()


def on_exit(_server: Any) -> None:
    """Remove the folder of the workers' counters. The next start makes a new one."""
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
