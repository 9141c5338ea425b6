"""Training at the size of a large archive: 35,000 long articles, made up from the corpora's words.

Words follow the corpora's own frequencies with a long tail of made-up ones; 200 tags have skewed frequencies, and each has
words that its articles use more. What matters is the cost: how hard the tags are is not like real articles.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import Corpus, records
from benchmarks.processes import run, say
from benchmarks.synthetic import made_up_words, starter_articles

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
