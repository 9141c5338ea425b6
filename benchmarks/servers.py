"""Servers for the service benchmark: ours by its own command, a no-op with the same options, and Annif."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.processes import ROOT, Failed, environment

WORKERS = 2
START_SECONDS = 120
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the CPU time of the server and its workers so far."""
        times = [process.cpu_times() for process in (self.process, *self.process.children(recursive=True))]
        return sum(float(each.user + each.system) for each in times)


@contextmanager
def served(models: Path, database: Path, n_workers: int = WORKERS) -> Iterator[Served]:
    """Serve models by the product's own command."""
    port = _free_port()
    command = [sys.executable, "-m", "classifier", "serve", "--models", str(models)]
    command += ["--database", f"sqlite:///{database}", "--port", str(port), "--workers", str(n_workers)]
    with _started(command, {}, port, database.with_suffix(".log")) as pid:
        yield Served(port, psutil.Process(pid))


@contextmanager
def noop_served(options: list[str], log: Path) -> Iterator[Served]:
    """Serve the no-op with the options of another server, by the worker of gunicorn itself."""
    port = _free_port()
    command = ["benchmarks.noop:create_app()" if word == "service:create_app()" else word for word in options]
    command[command.index("--bind") + 1] = f"127.0.0.1:{port}"
    command += ["--worker-class", "gthread"]
    with _started(command, ONE_THREAD, port, log) as pid:
        yield Served(port, psutil.Process(pid))


@contextmanager
def annif_served(python: str, project: Path, log: Path) -> Iterator[Served]:
    """Serve a trained Annif project with gunicorn and the workers that its application needs."""
    port = _free_port()
    command = [python, "-m", "gunicorn", "annif:create_app()", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command += ["--workers", str(WORKERS), "--worker-class", "uvicorn.workers.UvicornWorker"]
    extra = {
        "ANNIF_PROJECTS": str(project / "projects.cfg"),
        "ANNIF_DATADIR": str(project),
        "ANNIF_CONFIG": "annif.default_config.ProductionConfig",  # loads the projects at start
    }
    with _started(command, extra | ONE_THREAD, port, log) as pid:
        yield Served(port, psutil.Process(pid))


@contextmanager
def _started(command: Sequence[str], extra: Mapping[str, str], port: int, log: Path) -> Iterator[int]:
    """Start a server, wait until it listens, yield its process id, and stop it."""
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(extra), stdout=subprocess.DEVNULL, stderr=errors)
        try:
            _wait_for(port, process, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip().splitlines()
    raise Failed(f"the server did not start: {said[-1] if said else log.stem}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
