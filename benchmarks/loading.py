"""How fast a large model is there, and what a second worker that serves it costs in memory.

`python -m benchmarks.loading` measures a model of 5,000 tags, whose weights are sparse, and prints the figures. The part
"loading" of benchmarks.run measures one of 500 tags with dense weights.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.processes import Failed, run, say, size_mb
from benchmarks.scale import tree_memory
from benchmarks.servers import Served, served
from benchmarks.synthetic import large_model, saved, sparse_model
from classifier.text.detector import FOLDER

N_TERMS, N_TITLE_TERMS, N_TAGS = 100_000, 10_000, 500
MANY_TAGS, N_EACH = 5_000, 250  # tags, and of how many of them a term has a weight, on average
N_TIMES = 7
N_CLIENTS, N_REQUESTS = 8, 40
ENGLISH = (
    "The army said that it had attacked the villages around the lake, and that nobody was hurt in the fighting. " * 8
)
FRENCH = (
    "Le maire de la ville a ouvert hier le nouveau marché près du pont, où les habitants vendent leurs fruits. " * 8
)
LOADER = "benchmarks.loaded"


def main() -> None:
    """Measure a model of many tags."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure_many(Path(folder)), indent=1))


def measure_many(folder: Path) -> dict[str, Any]:
    """Return the same as `measure`, of a model of many tags with sparse weights."""
    say(f"loading: writing a model of {N_TERMS} terms and {MANY_TAGS} tags")
    version = saved(sparse_model(N_TERMS, N_TITLE_TERMS, MANY_TAGS, N_EACH), folder / "models")
    return _measured(version) | {"n_tags": MANY_TAGS}


def measure(folder: Path) -> dict[str, Any]:
    """Return seconds of `load_model` in fresh processes with a warm page cache, and the memory of workers."""
    say(f"loading: writing a model of {N_TERMS} terms and {N_TAGS} tags")
    return _measured(saved(large_model(N_TERMS, N_TITLE_TERMS, N_TAGS), folder / "models")) | {"n_tags": N_TAGS}


def _measured(version: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", LOADER, str(version)]
    run(command)  # warms the cache
    say(f"loading: {N_TIMES} fresh processes")
    runs = [run(command).figures for _ in range(N_TIMES)]
    seconds = [figures["load_seconds"] for figures in runs]
    cpu_seconds = statistics.median(figures["load_cpu_seconds"] for figures in runs)
    return {
        "n_terms": N_TERMS,
        "n_title_terms": N_TITLE_TERMS,
        "model_mb": size_mb(version),
        "load_seconds": statistics.median(seconds),
        "load_seconds_all": seconds,
        "load_cpu_seconds": cpu_seconds,
        "first_suggestion_ms": statistics.median(figures["first_suggestion_ms"] for figures in runs),
        **_memory(version),
    }


def _memory(version: Path) -> dict[str, float]:
    """Return PSS in MB: of the service with one worker, with two, and what the second one adds."""
    pss = {n: _served_pss(version.parent, n) / 1e6 for n in (1, 2)}
    return {"one_worker_pss_mb": pss[1], "two_workers_pss_mb": pss[2], "second_worker_adds_mb": pss[2] - pss[1]}


def _served_pss(models: Path, n_workers: int) -> int:
    """Return the proportional set size of a service in bytes: a page shared by two counts half for each.

    Each of its workers has suggested for texts in English, and for some that the language detector had to read.
    """
    say(f"loading: memory of a service with {n_workers} workers")
    with tempfile.TemporaryDirectory() as folder, served(models, Path(folder) / "tagger.db", n_workers) as service:
        numbers = count()
        until = time.monotonic() + 120
        while not _all_have_detected(service):
            if time.monotonic() > until:
                raise Failed("some workers are never asked")
            with ThreadPoolExecutor(N_CLIENTS) as clients:
                texts = [f"{next(numbers)} {text}" for text in (ENGLISH, FRENCH) for _ in range(N_REQUESTS)]
                list(clients.map(partial(_suggest, service.port), texts))
        return tree_memory(service.process.pid)[0]


def _all_have_detected(service: Served) -> bool:
    """Return whether each worker has the tables of the language detector mapped."""
    workers = service.process.children()
    return bool(workers) and all(FOLDER in Path(f"/proc/{worker.pid}/maps").read_text() for worker in workers)


def _suggest(port: int, text: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"title": text[:60], "body": text})
    connection.request("POST", "/v1/suggest", body, {"Content-Type": "application/json"})
    if connection.getresponse().status != 200:
        raise Failed("the service does not suggest")
    connection.close()


if __name__ == "__main__":
    main()
