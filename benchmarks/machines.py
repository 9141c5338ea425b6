"""What one machine carries: how training grows with the archive, and the disk by articles and decisions.

`python -m benchmarks.machines [N …]` trains on made-up articles (benchmarks/scale.py) of those numbers, each time in a fresh
process, with how long each step took: what `--dask` shares out, and what stays on the machine that asks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import run, say, size_mb
from benchmarks.scale import N_TAGS, write_articles
from benchmarks.synthetic import saved, starter_articles, starter_model
from classifier.domain.articles import read_articles
from classifier.domain.progress import Amount
from classifier.domain.snapshots import snapshot_of
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

SIZES = (500, 1_000, 2_000, 4_000)
SHARED = "shared out"


def measure(sizes: Sequence[int], folder: Path) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return the cost of training at each size, and bytes on disk by what is stored."""
    rows = []
    for n in sizes:
        path = folder / f"{n}.jsonl"
        n_bytes = write_articles((), path, n)
        say(f"machines: training on {n} articles")
        trained = run(
            [sys.executable, "-m", "benchmarks.machines", "--train", str(path), "--models", str(folder / str(n))]
        )
        cost = {"seconds": trained.seconds, "cpu": trained.cpu_seconds, "peak_mb": trained.peak_mb}
        rows.append({"n": n, "mb": n_bytes / 1e6, **cost, **trained.figures})
        say(f"machines: {trained.cpu_seconds:.0f} s of CPU, {trained.figures}")
    say("machines: storing")
    return rows, _stored(folder)


def train(path: Path, models: Path) -> dict[str, Any]:
    """Train on a file; return the seconds of each step, and the size of the model."""
    steps: defaultdict[str, float] = defaultdict(float)

    def track(things: Iterable[Any], _total: int | Amount, what: str) -> Iterator[Any]:
        if what == "folds":  # its tags are counted
            yield from things
            return
        name = "reading" if "reading" in what else SHARED
        begun = time.perf_counter()
        yield from things
        steps[name] += time.perf_counter() - begun

    begun = time.perf_counter()
    articles = list(read_articles([path]))
    fitted = fit(articles, settings=FitSettings(), track=track)
    whole = time.perf_counter() - begun
    registry = Registry(models)
    version = registry.save(fitted.model, snapshot_of(articles))
    registry.promote(version, "benchmark", "trained")
    terms = fitted.card["n_terms"] + fitted.card["n_title_terms"]
    mb = {"model_mb": size_mb(models / version), "version_mb": size_mb(models)}
    return {"reading": steps["reading"], SHARED: steps[SHARED], "whole": whole, "terms": terms, **mb}


def _stored(folder: Path) -> dict[str, float]:
    """Return bytes in the database for a starter article, for its suggestion set with what was shown, and for a decision."""
    articles = starter_articles()
    saved(starter_model(), folder / "starter")
    database = folder / "tagger.db"
    store = open_store(f"sqlite:///{database}")
    sizes = [_size(store, database)]
    store.import_articles(articles, "import")
    sizes.append(_size(store, database))
    tagger = Tagger(Serving(Registry(folder / "starter")), store)
    for article in articles:
        tagger.put_article(article)
    sizes.append(_size(store, database))
    for article in articles:
        store.log.decide(article.id, [Draft("add", "policy")], "ed1", lambda *_: {}, complete=False)
    sizes.append(_size(store, database))
    store.close()
    n_bytes = sum(len(article.title.encode()) + len(article.body.encode()) for article in articles)
    per_article, answer, decision = ((after - before) / len(articles) for before, after in itertools.pairwise(sizes))
    return {"text": n_bytes / len(articles), "article": per_article, "answer": answer, "decision": decision}


def _size(store: Any, database: Path) -> int:
    with store.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


def table(rows: Sequence[dict[str, Any]], stored: dict[str, float]) -> list[str]:
    """Return the figures as Markdown."""
    lines = [
        "| articles | text MB | seconds | CPU s | reading s | separators s (shared out) | the rest s | MB at the peak | terms | model MB |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rest = row["whole"] - row["reading"] - row[SHARED]
        parts = f"{row['reading']:.1f} | {row[SHARED]:.1f} | {rest:.1f}"
        size = f"{row['peak_mb']:.0f} | {row['terms']} | {row['model_mb']:.1f}"
        lines.append(f"| {row['n']} | {row['mb']:.1f} | {row['seconds']:.1f} | {row['cpu']:.1f} | {parts} | {size} |")
    kilobytes = {name: f"{figure / 1e3:.2f}" for name, figure in stored.items()}
    return [
        *lines,
        "",
        f"In SQLite, kB: an article of {kilobytes['text']} kB {kilobytes['article']}; its suggestion set and what was shown "
        f"{kilobytes['answer']}; a decision {kilobytes['decision']}.",
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        print(json.dumps(train(options.train, options.models)))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows, stored = measure(options.sizes, Path(folder))
    print(f"### One machine: {N_TAGS} tags, articles of 5.4 kB, `python -m benchmarks.machines`\n")
    print("\n".join(table(rows, stored)))


if __name__ == "__main__":
    main()
