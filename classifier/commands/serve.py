"""`status` and `serve`: what there is to serve, and serving it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from classifier.commands.output import print_json
from classifier.commands.parser import STARTER, Commands, whole
from classifier.errors import BadSetting, TaggerError
from classifier.settings import LIMITS, Settings

if TYPE_CHECKING:
    from classifier.operations.status import Status


def register(commands: Commands) -> None:
    """Add the commands of this module, in the order of the help."""
    _add_status(commands)
    _add_serve(commands)


def _add_status(commands: Commands) -> None:
    commands.add(
        commands.top,
        "status",
        _status,
        "Say what serves, what is stored, what is wrong, and the next step.",
        "models database json",
    )


def _status(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.operations.status import status
    from classifier.serving.registry import Registry

    found = status(Registry(options.models), options.database, settings.retrain_hours)
    if options.json:
        print_json(found)
    else:
        _say_status(found)
    if n_problems := len(found["problems"]):
        raise TaggerError(f"{n_problems} thing{'s are' if n_problems > 1 else ' is'} wrong, as it is said above.")


def _say_status(found: Status) -> None:
    serves = found["champion"]
    print(f"serves:  {serves['version'] + ' since ' + serves['at'] if serves else 'nothing'}")
    stored = ", ".join(f"{n} from {source}" for source, n in found["articles"].items()) or "no articles"
    print(f"stored:  {stored}; keys in use: {found['keys']}")
    if found["waiting"]:
        print(f"waiting: {found['waiting']} open articles for suggestions of this model (made while the service runs)")
    for problem in found["problems"]:
        print(f"wrong:   {problem}")
    print(f"next:    {found['next_step']}")


def _add_serve(commands: Commands) -> None:
    sub = commands.add(commands.top, "serve", _serve, "Serve the API and the page.", "models database")
    sub.add_argument("--host", default=commands.settings.host, help="address to listen on (%(default)s)")
    sub.add_argument("--port", type=whole(*LIMITS["PORT"]), default=commands.settings.port, help="(%(default)s)")
    sub.add_argument(
        "--workers", type=whole(*LIMITS["WORKERS"]), default=commands.settings.workers, help="processes (%(default)s)"
    )
    sub.add_argument(
        "--threads",
        type=whole(*LIMITS["THREADS"]),
        default=commands.settings.threads,
        help="threads of each process; a stalled client holds one (%(default)s)",
    )


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.store import STARTER as STARTER_SOURCE
    from classifier.store import absolute_url, open_store
    from classifier.web.guard.loopback import NEXT_STEP, why_open_is_unsafe

    store = open_store(options.database, check=True)
    if not store.keys.in_use() and (reason := why_open_is_unsafe(options.host, settings.proxies)):
        raise BadSetting(f"While no key exists, only this machine may be answered, and {reason}. {NEXT_STEP}")
    _check_port(options.host, options.port)
    if not store.count_articles() and (starter := sorted((STARTER / "articles").glob("*.jsonl"))):
        from classifier.importers import import_files

        done = import_files(store, starter, STARTER_SOURCE)
        print(f"stored {done.stored.new} starter articles", file=sys.stderr)
    store.close()
    environment = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(prefix="tagger-metrics-", dir=_worker_folder()),
        # The service runs in another folder (--chdir).
        "TAGGER_MODELS": str(options.models.absolute()),
        "TAGGER_DATABASE_URL": absolute_url(options.database),
        "TAGGER_THREADS": str(options.threads),
        "TAGGER_READ_SECONDS": str(settings.read_seconds),
        # One article is too small a product to share between cores; threads of numpy would only wait for each other.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"Serving on http://{host}:{options.port} (stop with Ctrl-C)", flush=True)
    os.execve(  # noqa: S606
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "service:create_app()",
            "--bind",
            f"{host}:{options.port}",
            "--workers",
            str(options.workers),
            "--threads",
            str(options.threads),
            "--config",
            "python:classifier.web.gunicorn_hooks",
            "--no-control-socket",
            "--chdir",
            str(STARTER.parent),
            "--worker-tmp-dir",
            _worker_folder(),
            "--graceful-timeout",
            "30",
            "--keep-alive",
            "5",
            "--log-level",
            "warning",
        ],
        environment,
    )


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
    """Return a folder in memory where there is one: workers touch a file there every second."""
    memory = "/dev/shm"  # noqa: S108
    return memory if os.access(memory, os.W_OK) else tempfile.gettempdir()
