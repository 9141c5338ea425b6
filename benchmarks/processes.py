"""Child processes with their time, peak memory and what they print."""

from __future__ import annotations

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
    """Return the environment for a child: ours, without settings of the product."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAGGER_", "ANNIF_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **(extra or {})}


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
