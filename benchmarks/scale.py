"""Training at any size: `python -m benchmarks.scale [--articles N …] [--tags N …] [--fast] [--default]`.

Each cell of the table makes an archive (benchmarks/made_up.py), trains in a process of its own, and prints a line: wall and CPU
time, and the highest memory of the process with its children. A page that several of them share counts once (PSS). `kept` is
that without pages of files, which the system takes back when it needs them.

`measure` is the part "scale" of benchmarks.run: long articles with words of the corpora's frequencies and a long tail of
made-up ones. What matters is the cost: how hard the tags are is not like real articles.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.corpora import Corpus, records
from benchmarks.made_up import write_archive
from benchmarks.processes import ROOT, Failed, environment, run, say, size_mb
from benchmarks.synthetic import made_up_words, starter_articles

ARTICLES, TAGS = (1_000, 10_000, 100_000), (50, 300, 1_000, 5_000)
SAMPLE_SECONDS = 1.0
COLUMNS = ("way", "articles", "tags", "text MB", "wall min", "CPU min", "peak GB", "kept GB", "model MB", "micro-F1")
N_ARTICLES = 35_000
N_TAGS = 200
N_WORDS = 900  # of an article, on average: about 5,400 characters, 190 MB for all
N_RARE = 250_000  # made-up words, for the long tail that a few small corpora lack
RARE_SHARE = 0.03
TAG_WORDS = 60  # that a tag's articles use more
TAG_SHARE = 0.08  # of the words of an article
TITLE_WORDS = 8
SENTENCE = 20
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def main() -> None:
    """Measure the cells that are asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, nargs="+", default=ARTICLES)
    parser.add_argument("--tags", type=int, nargs="+", default=TAGS)
    parser.add_argument("--fast", action="store_true", help="only the fast way (both)")
    parser.add_argument("--default", action="store_true", help="only the default way (both)")
    parser.add_argument("--folder", type=Path, help="where archives and models are made (a temporary folder)")
    options = parser.parse_args()
    ways = [way for way in ("fast", "default") if getattr(options, way)] or ["fast", "default"]
    print("| " + " | ".join(COLUMNS) + " |\n|---" + "|---:" * (len(COLUMNS) - 1) + "|")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="growth-") as folder:
        for n_articles in options.articles:
            for n_tags in options.tags:
                path = Path(folder) / f"{n_articles}-{n_tags}.jsonl"
                say(f"writing {n_articles} articles with {n_tags} tags")
                n_bytes = write_archive(path, n_articles, n_tags)
                for way in ways:
                    say(f"training, {way}")
                    print(
                        _row(way, n_articles, n_tags, n_bytes, trained(path, Path(folder) / "models", way)), flush=True
                    )
                path.unlink()


def trained(path: Path, models: Path, way: str) -> dict[str, Any]:
    """Return seconds, CPU seconds and peak bytes of `train` in a fresh process. Raises `Failed` as it fails."""
    command = [sys.executable, "-m", "classifier", "train", "--articles", str(path), "--models", str(models), "--json"]
    command += ["--fast"] * (way == "fast")
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, cwd=ROOT, env=environment())
        watch = _Watch(child.pid)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        watch.stop()
        if child.returncode:
            raise Failed(f"train ended with {child.returncode}")
        out.seek(0)
        figures: dict[str, Any] = json.loads(out.read().decode().strip().splitlines()[-1])
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak": watch.peak,
        "kept": watch.kept,
        "model_mb": size_mb(models / str(figures["version"])),
        "micro_f1": figures["micro_f1"],
    }


def _row(way: str, n_articles: int, n_tags: int, n_bytes: int, figures: dict[str, Any]) -> str:
    cells = (
        way,
        f"{n_articles:,}",
        f"{n_tags:,}",
        f"{n_bytes / 1e6:.0f}",
        f"{figures['seconds'] / 60:.2f}",
        f"{figures['cpu_seconds'] / 60:.2f}",
        f"{figures['peak'] / 1e9:.2f}",
        f"{figures['kept'] / 1e9:.2f}",
        f"{figures['model_mb']:.0f}",
        f"{figures['micro_f1']:.3f}",
    )
    return "| " + " | ".join(cells) + " |"


class _Watch(threading.Thread):
    """Looks at the memory of a process and its children once a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak, self.kept = 0, 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.wait(SAMPLE_SECONDS):
            peak, kept = tree_memory(self._pid)
            self.peak, self.kept = max(self.peak, peak), max(self.kept, kept)

    def stop(self) -> None:
        """End the looking."""
        self._ended.set()
        self.join()


def tree_memory(pid: int) -> tuple[int, int]:
    """Return the bytes of a process and all that it started (PSS), and those of them that are no pages of files."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        of_each = [_memory(process.pid) for process in (parent, *parent.children(recursive=True))]
        return sum(peak for peak, _ in of_each), sum(kept for _, kept in of_each)
    return 0, 0


def _memory(pid: int) -> tuple[int, int]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:  # it has ended meanwhile
        return 0, 0
    kilobytes = {name: int(value.split()[0]) for name, value in (line.split(":", 1) for line in lines)}
    return kilobytes["Pss"] * 1024, (kilobytes["Pss_Anon"] + kilobytes["Pss_Shmem"]) * 1024


# --- the part of benchmarks.run ---


def measure(corpora: Sequence[Corpus], folder: Path, n_articles: int, *, with_fast: bool) -> list[dict[str, Any]]:
    """Return the cost of training on made-up articles: of the default, and of the fast one where there is one."""
    path = folder / "scale.jsonl"
    say(f"scale: writing {n_articles} articles")
    n_bytes = write_articles(corpora, path, n_articles)
    kinds = (False, True) if with_fast else (False,)
    return [_train(path, folder, fast=fast) | {"n_articles": n_articles, "text_mb": n_bytes / 1e6} for fast in kinds]


def _train(path: Path, folder: Path, *, fast: bool) -> dict[str, Any]:
    """Return minutes and peak memory of `train` in a fresh process."""
    say(f"scale: training{', fast' if fast else ''}")
    models = folder / ("fast" if fast else "default")
    command = [sys.executable, "-m", "classifier", "train", "--articles", str(path), "--models", str(models), "--json"]
    trained = run([*command, *(["--fast"] if fast else [])])
    return {
        "fast": fast,
        "n_tags": trained.figures["n_tags"],
        "minutes": trained.seconds / 60,
        "cpu_minutes": trained.cpu_seconds / 60,
        "peak_gb": trained.peak_mb / 1e3,
        "micro_f1": trained.figures["micro_f1"],
        "macro_f1": trained.figures["macro_f1"],
    }


def write_articles(
    corpora: Sequence[Corpus], path: Path, n_articles: int, seed: int = 0, n_words: int = N_WORDS
) -> int:
    """Write articles of so many words on average, and return how many bytes of text they have."""
    draws = np.random.default_rng(seed)
    words, cumulated = _vocabulary(corpora, draws)
    by_tag = [_own_words(words, cumulated, draws) for _ in range(N_TAGS)]
    frequency = 1.0 / np.arange(3, N_TAGS + 3)
    n_bytes = 0
    with path.open("w", encoding="utf-8") as lines:
        for number in range(n_articles):
            n_tags = min(4, 1 + int(draws.poisson(0.7)))
            tags = draws.choice(N_TAGS, n_tags, replace=False, p=frequency / frequency.sum()).tolist()
            title, body = _text(words, cumulated, [by_tag[tag] for tag in tags], draws, n_words)
            record = {"id": f"a-{number:06d}", "title": title, "body": body, "tags": [f"tag-{t:03d}" for t in tags]}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            n_bytes += len(title.encode()) + len(body.encode())
    return n_bytes


def _vocabulary(corpora: Sequence[Corpus], draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the words and their cumulated probabilities: counted ones, then a Zipf tail of made-up ones."""
    counts: Counter[str] = Counter()
    for text in _texts(corpora):
        counts.update(_WORD.findall(text))
    words = list(counts)
    counted = np.array([counts[word] for word in words], dtype=np.float64)
    rare = made_up_words(N_RARE, draws)
    tail = 1.0 / np.arange(10, N_RARE + 10)
    probabilities = np.concatenate(
        [(1 - RARE_SHARE) * counted / counted.sum(), RARE_SHARE * tail / tail.sum()]
    ).cumsum()
    return np.array([*words, *rare], dtype=object), probabilities / probabilities[-1]


def _texts(corpora: Sequence[Corpus]) -> Iterator[str]:
    for corpus in corpora:
        for record in records(corpus.train):
            yield f"{record['title']} {record['body']}"
    if not corpora:
        for article in starter_articles():
            yield f"{article.title} {article.body}"


def _own_words(words: np.ndarray, cumulated: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return the numbers of words that a tag's articles use more: drawn by frequency, but none of the commonest."""
    found = np.searchsorted(cumulated, draws.random(20 * TAG_WORDS))
    share = np.diff(cumulated, prepend=0.0)[found]
    return found[share < 2e-4][:TAG_WORDS]


def _text(
    words: np.ndarray, cumulated: np.ndarray, own: Sequence[np.ndarray], draws: np.random.Generator, n_words: int
) -> tuple[str, str]:
    n = max(60, int(draws.lognormal(np.log(n_words) - 0.18, 0.6))) + TITLE_WORDS
    picks = np.searchsorted(cumulated, draws.random(n))
    topical = np.flatnonzero(draws.random(n) < TAG_SHARE)
    every = np.concatenate(own)
    weight = 1.0 / (1.0 + np.concatenate([np.arange(len(one)) for one in own]))
    picks[topical] = draws.choice(every, len(topical), p=weight / weight.sum())
    chosen = words[picks].tolist()
    body = chosen[TITLE_WORDS:]
    sentences = [" ".join(body[start : start + SENTENCE]) + "." for start in range(0, len(body), SENTENCE)]
    paragraphs = [" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4)]
    return " ".join(chosen[:TITLE_WORDS]), "\n".join(paragraphs)


if __name__ == "__main__":
    main()
