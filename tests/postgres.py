"""A PostgreSQL of the tests' own: Debian's package, started in a folder of its own, and fresh databases on it.

`python -m tests.postgres COMMAND…` starts a server, names it in TAGGER_TEST_DATABASE, runs the command and stops the server.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from classifier.store.database.opening import open_store
from tests.waiting import SECONDS

VARIABLE = "TAGGER_TEST_DATABASE"
SERVER = os.environ.get(
    VARIABLE, ""
)  # a server whose databases may be made and dropped; without one the tests use SQLite
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_OF: dict[Path, str] = {}  # the database of each folder
_EMPTY: list[str] = []


def installed() -> bool:
    """Whether there is a PostgreSQL to start."""
    return bool(_BINARIES)


@dataclass(frozen=True)
class Postgres:
    """A server in a folder; its databases survive a stop."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tagger@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        # Without fsync a lost power supply would lose commits, a killed or stopped process does not.
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-w", "-l", f"{self.folder}/log", "-o", f"{options} -c fsync=off", "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def make(self) -> None:
        self._run("initdb", "-U", "tagger", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        # The server refuses to run as root.
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*drop, str(_BINARIES[-1] / program), "-D", str(self.folder), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=SECONDS)


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server of one's own; its folder goes with it."""
    from tests.server import free_port

    folder = Path(tempfile.mkdtemp(prefix="tagger-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Postgres(folder, free_port())
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask(server: str, *statements: str) -> None:
    """Run statements on a server, outside of transactions."""
    url = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def on(server: str, database: str) -> str:
    """Return the URL of a database of a server."""
    return make_url(server).set(database=database).render_as_string(hide_password=False)


@cache
def _template() -> str:
    """Make the database that new ones are copied from: all migrations are applied there."""
    url = empty()
    open_store(url).close()
    return str(make_url(url).database)


@cache
def _template_file() -> Path:
    """Make the SQLite file that new ones are copied from; the folder goes when the tests end."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "template.db"
    open_store(f"sqlite:///{path}").close()
    return path


def fresh(server: str, template: str, more: str = "") -> str:
    """Return the URL of a new database of a server, a copy of another; `template0` has no tables."""
    name = f"tagger_{secrets.token_hex(8)}"
    ask(server, f"CREATE DATABASE {name} TEMPLATE {template} {more}")
    return on(server, name)


# --- databases for tests that run on both engines ---


def database(folder: Path) -> str:
    """Return the URL of the database of a test's folder: an SQLite file, or a database of TAGGER_TEST_DATABASE.

    It has all tables: it is copied from one on which the migrations ran once, which costs a fifth of running them.
    """
    if not SERVER:
        path = folder / "tagger.db"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(_template_file(), path)
        return f"sqlite:///{path}"
    if folder not in _OF:
        _OF[folder] = fresh(SERVER, _template())
    return _OF[folder]


def copied(folder: Path, target: Path) -> Path:
    """Copy the folder of a test and its database, which nobody has open; return the copy."""
    shutil.copytree(folder, target)
    if SERVER:
        _OF[target] = fresh(SERVER, str(make_url(database(folder)).database))
    return target


def empty() -> str:
    """Return the URL of a database of TAGGER_TEST_DATABASE without tables."""
    _EMPTY.append(fresh(SERVER, "template0"))
    return _EMPTY[-1]


def drop_all() -> None:
    """Remove all databases that were made."""
    for url in (*_OF.values(), *_EMPTY):
        drop(url)


def drop(url: str) -> None:
    """Remove a database, whoever is connected to it."""
    parsed = make_url(url)
    ask(on(url, "postgres"), f"DROP DATABASE IF EXISTS {parsed.database} WITH (FORCE)")


def main(command: list[str]) -> int:
    if not installed():
        sys.stderr.write("There is no PostgreSQL in /usr/lib/postgresql. As root: bash .ci/install\n")
        return 1
    with running() as server:
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
