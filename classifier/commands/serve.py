"""`serve`: the API and the pages, by gunicorn."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from classifier.commands.output import warn
from classifier.commands.parser import STARTER, Commands, whole
from classifier.errors import BadSetting
from classifier.settings import LIMITS, Settings

if TYPE_CHECKING:
    from classifier.store.store import Store

NOTES = """\
While no key exists, only this machine is answered, and every role is open. On the first start the starter articles are
stored. Behind a proxy, see docs/operations.md."""


def register(commands: Commands) -> None:
    """Add `serve`."""
    settings = commands.settings
    sub = commands.add(
        commands.top,
        "serve",
        _serve,
        "Serve the HTTP API and the pages for editors.",
        "models database",
        "serve --port 8000",
        NOTES,
        "open http://127.0.0.1:8000; `keys create NAME --role cms` makes a key for the CMS.",
    )
    sub.add_argument("--host", default=settings.host, help="address to listen on (%(default)s)")
    sub.add_argument("--port", type=whole(*LIMITS["PORT"]), default=settings.port, help="port (%(default)s)")
    sub.add_argument(
        "--workers", type=whole(*LIMITS["WORKERS"]), default=settings.workers, help="processes (%(default)s)"
    )
    sub.add_argument(
        "--threads",
        type=whole(*LIMITS["THREADS"]),
        default=settings.threads,
        help="threads of each process; a stalled client occupies one (%(default)s)",
    )


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.store.database.opening import open_store
    from classifier.web.guard.loopback import NEXT_STEP, why_open_is_unsafe

    store = open_store(options.database, check=True)
    if not store.keys.in_use() and (reason := why_open_is_unsafe(options.host, settings.proxies)):
        raise BadSetting(f"While no key exists, only this machine may be answered, and {reason}. {NEXT_STEP}")
    _check_port(options.host, options.port)
    _store_starter_articles(store)
    store.close()
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"Serving on http://{host}:{options.port} (stop with Ctrl-C)", flush=True)
    arguments = _gunicorn_arguments(options, f"{host}:{options.port}")
    os.execve(sys.executable, arguments, _environment(options, settings))  # noqa: S606


def _store_starter_articles(store: Store) -> None:
    """Import the starter articles into an empty store."""
    from classifier.store.queue import STARTER as STARTER_SOURCE

    if not store.count_articles() and (files := sorted((STARTER / "articles").glob("*.jsonl"))):
        from classifier.importers import import_files

        outcome = import_files(store, files, STARTER_SOURCE)
        warn(f"stored {outcome.stored.new} starter articles")


def _environment(options: argparse.Namespace, settings: Settings) -> dict[str, str]:
    from classifier.store.database.engine import absolute_url

    return {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(prefix="tagger-metrics-", dir=_worker_folder()),
        # The service runs in another folder (--chdir).
        "TAGGER_MODELS": str(options.models.absolute()),
        "TAGGER_DATABASE_URL": absolute_url(options.database),
        "TAGGER_THREADS": str(options.threads),
        "TAGGER_READ_SECONDS": str(settings.read_seconds),
        # One article is too little work to share between cores: threads of numpy would only wait for each other.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _gunicorn_arguments(options: argparse.Namespace, address: str) -> list[str]:
    values = {
        "--bind": address,
        "--workers": str(options.workers),
        "--threads": str(options.threads),
        "--config": "python:classifier.web.gunicorn_hooks",
        "--chdir": str(STARTER.parent),
        "--worker-tmp-dir": _worker_folder(),
        "--graceful-timeout": "30",
        "--keep-alive": "5",
        "--log-level": "warning",
    }
    named = [part for pair in values.items() for part in pair]
    return [sys.executable, "-m", "gunicorn", "service:create_app()", *named, "--no-control-socket"]


def _check_port(host: str, port: int) -> None:
    """Raise `BadSetting` if nothing can listen there: gunicorn would try again and again, and say little."""
    import errno
    import socket

    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadSetting(f"Port {port} of {host} is taken. Choose another: --port {port % 65535 + 1}") from None
        raise BadSetting(
            f"The service cannot listen on {host}, port {port}: {error.strerror}. See --host, --port."
        ) from None


def _worker_folder() -> str:
    """Return a folder in memory if there is one: workers touch a file there every second."""
    memory = "/dev/shm"  # noqa: S108
    return memory if os.access(memory, os.W_OK) else tempfile.gettempdir()
