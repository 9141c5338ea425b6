"""How fast a whole archive is tagged, and in what memory: `python -m benchmarks.archiving [N_ARTICLES] [--data DIR]`.

Writes made-up articles of about 4 kB from the corpora's words, takes 200 tags of the starter model, and runs `archive run`
in fresh processes: over files, over a store, and over a seventh of the articles for the memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.corpora import Corpus, find_corpora
from benchmarks.processes import ROOT, run, say
from benchmarks.scale import write_articles
from benchmarks.synthetic import cut_to, saved, starter_model

N_ARTICLES = 35_000
N_TAGS = 200
N_WORDS = 640  # of an article, on average: about 4,000 characters
PART = 7
TARGET = 1_000  # articles a second


class Row(NamedTuple):
    """What one way cost; CPU seconds are those of all its processes."""

    way: str
    n_articles: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    n_added: int


def measure(corpora: Sequence[Corpus], folder: Path, n_articles: int) -> tuple[list[Row], float]:
    """Return the figures of each way, and the mean bytes of an article."""
    whole, part = folder / "whole.jsonl", folder / "part.jsonl"
    say(f"archiving: writing {n_articles} articles")
    n_bytes = write_articles(corpora, whole, n_articles, n_words=N_WORDS)
    with whole.open("rb") as lines, part.open("wb") as some:
        some.writelines(islice(lines, n_articles // PART))
    say("archiving: fitting the starter model")
    models = folder / "models"
    saved(cut_to(starter_model(), N_TAGS), models)
    rows = []
    for path, n in ((part, n_articles // PART), (whole, n_articles)):
        rows += [_files(path, models, n), *_store(path, models, n)]
    return rows, n_bytes / n_articles


def _files(path: Path, models: Path, n_articles: int) -> Row:
    output = path.with_suffix(".out")
    return _ran("files", n_articles, models, "run", "--articles", str(path), "--output", str(output))


def _store(path: Path, models: Path, n_articles: int) -> list[Row]:
    say("archiving: importing")
    database = f"sqlite:///{path}.db"
    # As the archive of a desk that has tagged nothing yet: what articles have, no run would add.
    run([sys.executable, "-m", "classifier", "import", str(path), "--database", database])
    where = ["--database", database]
    return [
        _ran("store, dry run", n_articles, models, "dry-run", *where, "--output", str(path.with_suffix(""))),
        _ran("store", n_articles, models, "run", *where),
    ]


def _ran(way: str, n_articles: int, models: Path, *arguments: str) -> Row:
    say(f"archiving: {way}, {n_articles} articles (load {os.getloadavg()[0]:.1f})")
    command = [sys.executable, "-m", "classifier", "archive", *arguments]
    ran = run([*command, "--models", str(models), "--band", "suggest", "--json"])
    return Row(way, n_articles, ran.seconds, ran.cpu_seconds, ran.peak_mb, int(ran.figures["n_added"]))


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_articles", nargs="?", type=int, default=N_ARTICLES)
    parser.add_argument("--data", type=Path, nargs="*", default=[ROOT.parent / "shared" / "data"], metavar="DIR")
    options = parser.parse_args()
    corpora = find_corpora(options.data, None)
    with tempfile.TemporaryDirectory() as folder:
        rows, n_bytes = measure(corpora, Path(folder), options.n_articles)
    names = ", ".join(corpus.name for corpus in corpora) or "the starter articles"
    print(f"{N_TAGS} tags, {n_bytes:.0f} bytes an article, words of {names}; target {TARGET} articles/s")
    print("| way | articles | seconds | articles/s | CPU s | CPU ms an article | MB at the peak | tags added |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        each = 1000 * row.cpu_seconds / row.n_articles
        rate = row.n_articles / row.seconds
        print(
            f"| {row.way} | {row.n_articles} | {row.seconds:.1f} | {rate:.0f} | {row.cpu_seconds:.1f} | {each:.2f} "
            f"| {row.peak_mb:.0f} | {row.n_added} |"
        )


if __name__ == "__main__":
    main()
