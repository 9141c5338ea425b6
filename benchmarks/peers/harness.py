"""What the peer programs share: reading articles, the clock around each step, writing suggestion records.

A program is run as `PROGRAM TRAIN TEST WORKDIR --step train|suggest|latency [--output OUT]` by the peers' Python; each
step is a process of its own. It prints one JSON line of figures. Imports nothing of the product: only files are exchanged.
With `--step session` it reads the names of steps from standard input, one a line, and runs each on what the files have then.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Ranking = list[tuple[str, float]]  # (tag, score) in falling order
N_LATENCY = 200  # articles that are suggested for one at a time
N_WARM = 20
CHUNK = 1000  # articles that are handed over at a time
HELD_OUT = 5  # every fifth training article chooses the cut of a ranking
LIMITS = (1, 2, 3, 5, 10, 1000)


class Article(NamedTuple):
    """What a peer is given."""

    id: str
    text: str
    tags: list[str]


class Peer(Protocol):
    """A system to compare with."""

    packages: tuple[str, ...]
    ranks: bool  # it ranks tags and says not which to suggest: a cut is then learned on held-out training articles

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], folder: Path) -> None:
        """Learn from texts and their tags; what must be written on the way goes to the folder."""

    def save(self, folder: Path) -> None:
        """Write all that suggesting needs."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the suggestions, or the ranking, of each text."""


class Cut(NamedTuple):
    """Which of a ranking's tags are suggestions: at most `limit`, with at least `score`."""

    limit: int
    score: float

    def of(self, ranking: Ranking) -> Ranking:
        """Return the suggestions of a ranking."""
        return [(tag, score) for tag, score in ranking[: self.limit] if score >= self.score]


def read(path: Path) -> list[Article]:
    """Return the articles of a JSON Lines file, plain or `.gz`."""
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    records = [json.loads(line) for line in lines]
    return [Article(r["id"], f"{r['title']}\n{r['body']}", r["tags"] or []) for r in records]


def main(make: Callable[[str], Peer], variants: Sequence[str] = ("",)) -> None:
    """Run one step of a peer, or those of a session, and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--step", choices=("train", "suggest", "latency", "session"), required=True)
    parser.add_argument("--variant", choices=variants, default=variants[0])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    peer = make(options.variant)
    folder = options.workdir / "model"
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "train": lambda: train(peer, options.train, folder),
        "suggest": lambda: suggest(peer, options.test, folder, options.output),
        "latency": lambda: latency(peer, options.test, folder),
    }
    for step in map(str.strip, sys.stdin) if options.step == "session" else [options.step]:
        print(json.dumps(steps[step]()), flush=True)


def train(peer: Peer, path: Path, folder: Path) -> dict[str, Any]:
    """Train from a file to a saved model; choosing the cut of a ranking is part of it."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    articles = read(path)
    cut = choose_cut(peer, articles, folder) if peer.ranks else Cut(1_000_000, -1e300)
    began_last = time.perf_counter()
    peer.fit([a.text for a in articles], [a.tags for a in articles], folder)
    fit_seconds = time.perf_counter() - began_last
    peer.save(folder)
    (folder / "cut.json").write_text(json.dumps(cut), encoding="utf-8")
    seconds = time.perf_counter() - began
    versions = {name: version(name) for name in peer.packages}
    return {"train_seconds": seconds, "fit_seconds": fit_seconds, "versions": versions}


def choose_cut(peer: Peer, articles: Sequence[Article], folder: Path) -> Cut:
    """Return the cut with the best micro-F1 on every fifth training article, by a fit on the others."""
    held = articles[::HELD_OUT]
    rest = [a for number, a in enumerate(articles) if number % HELD_OUT]
    peer.fit([a.text for a in rest], [a.tags for a in rest], folder)
    peer.save(folder)
    rankings = peer.suggest([a.text for a in held])
    n_expected = sum(len(a.tags) for a in held)
    return max((_best_score(limit, rankings, held, n_expected) for limit in LIMITS), key=lambda found: found[0])[1]


def _best_score(
    limit: int, rankings: Sequence[Ranking], articles: Sequence[Article], n_expected: int
) -> tuple[float, Cut]:
    pairs = sorted(
        (
            (score, tag in article.tags)
            for ranking, article in zip(rankings, articles, strict=True)
            for tag, score in ranking[:limit]
        ),
        key=lambda pair: -pair[0],
    )
    best, hits = (0.0, Cut(limit, 1e300)), 0
    for n, (score, right) in enumerate(pairs, start=1):
        hits += right
        best = max(best, (2 * hits / (n + n_expected), Cut(limit, score)), key=lambda found: found[0])
    return best


def _loaded(peer: Peer, folder: Path) -> tuple[Cut, float]:
    began = time.perf_counter()
    peer.load(folder)
    cut = Cut(*json.loads((folder / "cut.json").read_text(encoding="utf-8")))
    return cut, time.perf_counter() - began


def suggest(peer: Peer, path: Path, folder: Path, output: Path) -> dict[str, Any]:
    """Write the suggestion records of a file of articles; the clock of `suggest_seconds` starts after loading."""
    cut, load_seconds = _loaded(peer, folder)
    began = time.perf_counter()
    articles = read(path)
    with output.open("w", encoding="utf-8") as lines:
        for start in range(0, len(articles), CHUNK):
            chunk = articles[start : start + CHUNK]
            for article, ranking in zip(chunk, peer.suggest([a.text for a in chunk]), strict=True):
                ranked = [{"tag": tag, "score": round(score, 6)} for tag, score in cut.of(ranking)]
                lines.write(json.dumps({"id": article.id, "suggestions": ranked}, ensure_ascii=False) + "\n")
    seconds = time.perf_counter() - began
    return {"load_seconds": load_seconds, "suggest_seconds": seconds, "n_articles": len(articles)}


def latency(peer: Peer, path: Path, folder: Path) -> dict[str, Any]:
    """Return the median time of one article."""
    _loaded(peer, folder)
    texts = [a.text for a in read(path)[: N_LATENCY + N_WARM]]
    peer.suggest(texts[:N_WARM])
    times = []
    for text in texts[N_WARM:] or texts:
        began = time.perf_counter()
        peer.suggest([text])
        times.append(time.perf_counter() - began)
    return {"latency_p50_ms": statistics.median(times) * 1000}


def positives(tags: Sequence[str], decision: Any) -> list[Ranking]:
    """Return the tags with a positive decision value, of (n_texts, n_tags) values."""
    rows = []
    for values in decision:
        chosen = [(tags[column], float(values[column])) for column in (values > 0).nonzero()[0]]
        rows.append(sorted(chosen, key=lambda pair: -pair[1]))
    return rows
