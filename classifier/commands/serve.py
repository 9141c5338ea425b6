"""`serve`: the API and the pages, by gunicorn."""

import errno
import os
import socket
import sys
import tempfile
from argparse import Namespace

from classifier.commands.common import warn
from classifier.domain.starter import STARTER
from classifier.errors import BadSetting
from classifier.importers import import_files
from classifier.settings import Settings, sign_on_of
from classifier.store.database.engine import absolute_url
from classifier.store.database.opening import open_store
from classifier.store.queue import STARTER as STARTER_SOURCE
from classifier.store.store import Store
from classifier.web.guard.loopback import NEXT_STEP, why_open_is_unsafe


def do_serve(options: Namespace, settings: Settings) -> None:
    sign_on_of(settings)  # raises if it is not whole: its workers could only end
    store = open_store(options.database, check=True)
    if not store.keys.in_use() and (reason := why_open_is_unsafe(options.host, settings.proxies)):
        raise BadSetting(f"While no key exists, only this machine may be answered, and {reason}. {NEXT_STEP}")
    _check_port(options.host, options.port)
    _store_starter_articles(store)
    store.close()
    host = f"[{options.host}]" if ":" in options.host else options.host
    logged = f". Requests are logged in {options.log}" if options.log is not None else ""
    print(f"Serving on http://{host}:{options.port} (stop with Ctrl-C){logged}", flush=True)
    arguments = _gunicorn_arguments(options, f"{host}:{options.port}")
    os.execve(sys.executable, arguments, _environment(options, settings))  # noqa: S606


def _store_starter_articles(store: Store) -> None:
    """Import the starter articles into an empty store."""
    if not store.count_articles() and (files := sorted((STARTER / "articles").glob("*.jsonl"))):
        outcome = import_files(store, files, STARTER_SOURCE)
        warn(f"stored {outcome.stored.new} starter articles")


def _environment(options: Namespace, settings: Settings) -> dict[str, str]:
    files = {"TAGGER_OIDC_SECRET_FILE": settings.oidc_secret_file}
    return {
        "MALLOC_ARENA_MAX": "2",  # glibc would give each thread memory of its own, and keep what is free in it
        **os.environ,
        **{name: str(file.absolute()) for name, file in files.items() if file is not None},
        "PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(prefix="tagger-metrics-", dir=_worker_folder()),
        # The service runs in another folder (--chdir).
        "TAGGER_MODELS": str(options.models.absolute()),
        "TAGGER_DATABASE_URL": absolute_url(options.database),
        "TAGGER_THREADS": str(options.threads),
        "TAGGER_LOG": str(options.log.absolute()) if options.log is not None else "",
        "TAGGER_READ_SECONDS": str(settings.read_seconds),
        # One article is too little work to share between cores: threads of numpy would only wait for each other.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _gunicorn_arguments(options: Namespace, address: str) -> list[str]:
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
