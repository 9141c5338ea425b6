"""The article tagger with the steps of peers/harness.py: what `train` and `suggest --articles` do, with clocks around it."""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the commands do, before numpy is loaded

import numpy as np

from classifier import __version__
from classifier.archive import write_suggestions
from classifier.domain.articles import Article, read_articles
from classifier.domain.progress import untracked
from classifier.model.answer import N_EVIDENCE
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.store.live import N_FOLLOWED
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

N_LATENCY, N_WARM = 400, 20


def main() -> None:
    """Run one step, or those of a session, and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--step", choices=("train", "suggest", "latency", "session"), required=True)
    parser.add_argument("--variant", choices=("default", "fast", "live"), default="default")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    gc.freeze()  # as the commands do, when all is imported
    registry = Registry(options.workdir / "model")
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "train": lambda: train(registry, options.train, fast=options.variant == "fast"),
        "suggest": lambda: suggest(registry, options.test, options.output),
        "latency": lambda: latency(registry, options.test),
    }
    if options.variant == "live":
        desk = Desk(registry)
        steps |= {
            "train": lambda: desk.train(options.train),
            "suggest": lambda: desk.suggest(options.test, options.output),
            "learn": lambda: desk.learn(options.test),
        }
    for step in map(str.strip, sys.stdin) if options.step == "session" else [options.step]:
        print(json.dumps(steps[step]()), flush=True)


def train(registry: Registry, path: Path, *, fast: bool) -> dict[str, Any]:
    """Train from a file to the champion, as the command does."""
    settings: dict[str, Any] = {"fast": True} if fast else {}
    began = time.perf_counter()
    articles = list(read_articles([path]))
    began_fit = time.perf_counter()
    fitted = fit(articles, settings=FitSettings(**settings))
    fit_seconds = time.perf_counter() - began_fit
    registry.promote(registry.save(fitted.model), "benchmark", "fitted")
    seconds = time.perf_counter() - began
    n_auto = sum(row["auto"] for row in fitted.card["tags"])
    versions = {"article-tagger": __version__}
    return {"train_seconds": seconds, "fit_seconds": fit_seconds, "n_auto": n_auto, "versions": versions}


def suggest(registry: Registry, path: Path, output: Path) -> dict[str, Any]:
    """Write the suggestion records of a file of articles."""
    began = time.perf_counter()
    registry.load_champion()
    load_seconds = time.perf_counter() - began
    began = time.perf_counter()
    n = write_suggestions(registry.champion_folder(), [path], output, None, untracked)
    seconds = time.perf_counter() - began - load_seconds  # it loads the model itself
    return {"load_seconds": load_seconds, "suggest_seconds": seconds, "n_articles": n}


class Desk:
    """The champion in memory. It follows the labels of articles that it has judged, as in the service."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._followed: list[tuple[Article, np.ndarray]] = []
        self._model: TagModel | None = None

    def train(self, path: Path) -> dict[str, Any]:
        """Train from a file. What was followed before is among the examples now."""
        figures = train(self.registry, path, fast=False)
        self._followed.clear()
        self._model = self.registry.load_champion()
        return figures

    def suggest(self, path: Path, output: Path) -> dict[str, Any]:
        """Write the suggestion records of a file of articles."""
        articles = list(read_articles([path]))
        began = time.perf_counter()
        ranked = self.model.rank(articles)
        seconds = time.perf_counter() - began
        with output.open("w", encoding="utf-8") as lines:
            for article, tags in zip(articles, ranked, strict=True):
                suggestions = [{"tag": tag, "score": score} for tag, score in tags]
                lines.write(json.dumps({"id": article.id, "suggestions": suggestions}) + "\n")
        return {"load_seconds": 0.0, "suggest_seconds": seconds, "n_articles": len(articles)}

    def learn(self, path: Path) -> dict[str, Any]:
        """Follow the labels of the articles of a file, without training."""
        articles = list(read_articles([path]))
        began = time.perf_counter()
        new = zip(articles, self.model.decisions(articles), strict=True)
        self._followed = [*self._followed, *new][-N_FOLLOWED:]
        followed, decisions = zip(*self._followed, strict=True)
        self._model = self.model.following(followed, np.array(decisions), (self.model.live_state or 0) + 1)
        return {"learn_seconds": time.perf_counter() - began}

    @property
    def model(self) -> TagModel:
        """The champion with its live rates."""
        if self._model is None:
            self._model = self.registry.load_champion()
        return self._model


def latency(registry: Registry, path: Path) -> dict[str, Any]:
    """Return the median time of one article: without evidence, as the peers answer, and with it, as the service does."""
    model = registry.load_champion()
    articles = [article for article, _ in zip(read_articles([path]), range(N_LATENCY + N_WARM), strict=False)]
    for article in articles[:N_WARM]:
        model.suggest(article)
    plain: list[float] = []
    evidence: list[float] = []
    for number, article in enumerate(articles[N_WARM:] or articles):  # in turns: no text is read twice
        n_evidence, times = (N_EVIDENCE, evidence) if number % 2 else (0, plain)
        began = time.perf_counter()
        model.suggest(article, n_evidence)
        times.append(time.perf_counter() - began)
    return {
        "latency_p50_ms": statistics.median(plain) * 1000,
        "latency_with_evidence_p50_ms": statistics.median(evidence) * 1000,
    }


if __name__ == "__main__":
    main()
