"""Child processes with their time, peak memory and what they print."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
SAMPLE_SECONDS = 0.05


class Failed(Exception):
    """A child that ended badly; says how."""


@dataclass(frozen=True)
class Run:
    """What a child cost: wall seconds with start-up, CPU seconds, and the highest sum of RSS over its process tree."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    figures: dict[str, Any]


def say(text: str) -> None:
    """Show progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child: ours, without settings of the product. Python keeps what it compiles, as usual."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAGGER_", "ANNIF_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **(extra or {})}


def run(command: Sequence[str], extra: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end; its figures are the last line of JSON that it prints.

    Raises:
        Failed: with the end of its standard error.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, env=environment(extra))
        watch = _Watch(child.pid)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
        out.seek(0)
        err.seek(0)
        if child.returncode:
            lines = err.read().decode(errors="replace").strip().splitlines()
            raise Failed(lines[-1] if lines else f"exit code {child.returncode}")
        cpu = usage.ru_utime + usage.ru_stime
        return Run(seconds, cpu, watch.peak / 1e6, _figures(out.read().decode(errors="replace")))


class Session:
    """A child that runs one step after another: it reads their names, one a line, and answers each with a line of JSON.

    Leaving the `with` block ends the child. `cpu_seconds` is then what it and its own children took.
    """

    def __init__(self, command: Sequence[str], limit_seconds: float = 3600.0) -> None:
        self.cpu_seconds = 0.0
        self._command = command
        self._limit_seconds = limit_seconds

    def __enter__(self) -> Session:
        self._errors = tempfile.TemporaryFile()
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=self._errors, cwd=ROOT, env=environment(), text=True
        )
        return self

    def ask(self, step: str) -> dict[str, Any]:
        """Return the figures of a step.

        Raises:
            Failed: with the end of the child's standard error, if it stops before it answers; after the limit it is stopped.
        """
        assert self._child.stdin is not None and self._child.stdout is not None
        timer = threading.Timer(self._limit_seconds, self._child.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.write(f"{step}\n")
                self._child.stdin.flush()
            answer = next((line for line in self._child.stdout if line.startswith("{")), "")
        finally:
            timer.cancel()
        if not answer:
            raise Failed(self._last_error() or f"it stopped at the step {step}")
        return _figures(answer)

    def _last_error(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def __exit__(self, *exception: object) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.stdout.close()
        _, status, usage = os.wait4(self._child.pid, 0)
        self._child.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self._errors.close()


def _figures(printed: str) -> dict[str, Any]:
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


class _Watch(threading.Thread):
    """Looks at a process tree a few times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, tree_rss(self._pid))

    def stop(self) -> None:
        """End the looking."""
        self._ended.set()
        self.join()


def tree_rss(pid: int) -> int:
    """Return the bytes in memory of a process and all that it started; what they share counts for each."""
    total = 0
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in tree:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def size_mb(folder: Path) -> float:
    """Return the megabytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
