"""How fast a large model is there, and what a second process that serves it costs in memory.

`python -m benchmarks.loading` measures a model of 5,000 tags, whose weights are sparse, and prints the figures. The part
"loading" of benchmarks.run measures one of 500 tags with dense weights.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, Failed, environment, run, say, size_mb
from benchmarks.synthetic import large_model, saved, sparse_model

N_TERMS, N_TITLE_TERMS, N_TAGS = 100_000, 10_000, 500
MANY_TAGS, N_EACH = 5_000, 250  # tags, and of how many of them a term has a weight, on average
N_TIMES = 7
LOADER = "benchmarks.loaded"


def main() -> None:
    """Measure a model of many tags."""
    with tempfile.TemporaryDirectory() as folder:
        say(f"loading: writing a model of {N_TERMS} terms and {MANY_TAGS} tags")
        version = saved(sparse_model(N_TERMS, N_TITLE_TERMS, MANY_TAGS, N_EACH), Path(folder) / "models")
        print(json.dumps(_measured(version) | {"n_tags": MANY_TAGS}, indent=1))


def measure(folder: Path) -> dict[str, Any]:
    """Return seconds of `load_model` in fresh processes with a warm page cache, and the memory of further processes."""
    say(f"loading: writing a model of {N_TERMS} terms and {N_TAGS} tags")
    return _measured(saved(large_model(N_TERMS, N_TITLE_TERMS, N_TAGS), folder / "models")) | {"n_tags": N_TAGS}


def _measured(version: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", LOADER, str(version)]
    run(command)  # warms the cache
    say(f"loading: {N_TIMES} fresh processes")
    runs = [run(command).figures for _ in range(N_TIMES)]
    seconds = [figures["load_seconds"] for figures in runs]
    return {
        "n_terms": N_TERMS,
        "n_title_terms": N_TITLE_TERMS,
        "model_mb": size_mb(version),
        "load_seconds": statistics.median(seconds),
        "load_seconds_all": seconds,
        "first_suggestion_ms": statistics.median(figures["first_suggestion_ms"] for figures in runs),
        **_memory(version),
    }


def _memory(version: Path) -> dict[str, float]:
    """Return PSS in MB: one process, two of them, so what the second adds, and an interpreter with the same imports."""
    say("loading: memory of two processes")
    empty = _Holder("-")
    imports = empty.pss()
    empty.end()
    first = _Holder(str(version))
    alone = first.pss()
    second = _Holder(str(version))
    both = first.pss() + second.pss()
    first.end()
    second.end()
    return {
        "imports_pss_mb": imports / 1e6,
        "one_process_pss_mb": alone / 1e6,
        "two_processes_pss_mb": both / 1e6,
        "second_process_adds_mb": (both - alone) / 1e6,
    }


class _Holder:
    """A process that has loaded a model, has read all its weights and used it once, and waits."""

    def __init__(self, version: str) -> None:
        command = [sys.executable, "-m", LOADER, version, "--hold"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            raise Failed(f"cannot hold {version} in memory")

    def pss(self) -> int:
        """Return its proportional set size in bytes: a page shared by two counts half for each."""
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))

    def end(self) -> None:
        """Let it go."""
        self._process.communicate("\n", timeout=30)


if __name__ == "__main__":
    main()
