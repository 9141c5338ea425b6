"""What redirects cost: `python -m benchmarks.forwarding` prints the CPU time of answers without and with 500 redirects.

A synthetic model of 1,000 tags answers made-up articles as it was fitted, and seen through a taxonomy in which half of its
tags were merged into the other half. Both take turns, five times. Printed are the medians and their ratio.
"""

import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.synthetic import large_model
from classifier.domain.applying import carry_out
from classifier.domain.articles import Article
from classifier.domain.editing import Editor
from classifier.domain.operations import Merge
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through

N_TERMS, N_TITLE_TERMS, N_TAGS, N_REDIRECTS = 40_000, 8_000, 1_000, 500
N_ARTICLES, N_WORDS, N_RUNS, N_SUGGESTED = 100, 600, 5, 5
AT = "2026-12-01T00:00:00+00:00"


def main() -> None:
    """Measure and print."""
    found = measure()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {sys.version.split()[0]}")
    print(f"{N_TAGS} tags, {N_REDIRECTS} redirects, {N_ARTICLES} articles, median of {N_RUNS} alternating runs")
    print(f"an answer without redirects   {found.without:8.3f} CPU ms")
    print(f"an answer with redirects      {found.with_redirects:8.3f} CPU ms")
    print(f"ratio                         {found.ratio:8.3f}")
    print(f"one merge                     {found.merge:8.3f} CPU ms")
    print(f"a model seen through the head {found.seeing:8.1f} CPU ms")


class Forwarding(NamedTuple):
    """CPU milliseconds of an answer without and with redirects, and the median of the ratios; of a merge and of seeing it."""

    without: float
    with_redirects: float
    ratio: float
    merge: float
    seeing: float


def measure() -> Forwarding:
    """Measure what redirects cost."""
    model = large_model(N_TERMS, N_TITLE_TERMS, N_TAGS)
    articles = _articles_of(model.terms)
    model = _with_few_suggestions(model, articles)
    ids, editor = [tag.id for tag in model.taxonomy.tags], Editor(model.taxonomy)
    began = time.process_time()
    for retired, heir in zip(ids[:N_REDIRECTS], ids[N_REDIRECTS:], strict=False):
        carry_out(Merge((retired,), heir), editor, AT)
    merging = time.process_time() - began
    head = editor.taxonomy()
    began = time.process_time()
    seen = seen_through(model, head)
    seeing = time.process_time() - began
    for each in (model, seen):
        _cpu(each, articles)  # the first answers make what later ones use
    pairs = [(_cpu(model, articles), _cpu(seen, articles)) for _ in range(N_RUNS)]
    before, after = (1000 * median(times) / len(articles) for times in zip(*pairs, strict=True))
    ratio = median(with_redirects / without for without, with_redirects in pairs)
    return Forwarding(before, after, ratio, 1000 * merging / N_REDIRECTS, 1000 * seeing)


def _articles_of(words: Sequence[str]) -> list[Article]:
    """Return articles of 4 kB whose words the model knows."""
    draws, articles = np.random.default_rng(1), []
    for number in range(N_ARTICLES):
        drawn = [words[place] for place in draws.integers(0, len(words), N_WORDS)]
        sentences = [" ".join(drawn[start : start + 20]).capitalize() for start in range(0, N_WORDS, 20)]
        articles.append(Article(f"a{number}", " ".join(drawn[:8]).capitalize(), ". ".join(sentences)))
    return articles


def _with_few_suggestions(model: TagModel, articles: list[Article]) -> TagModel:
    """Return a model of which a few tags pass for each article, as in practice: evidence costs more than all else."""
    high = np.nanquantile(model.decisions(articles), 1.0 - N_SUGGESTED / N_TAGS, axis=0)
    parameters = replace(model.parameters, thresholds=high)
    return TagModel(parameters, model.terms, model.title_terms, model.taxonomy, card=model.card)


def _cpu(model: TagModel, articles: list[Article]) -> float:
    began = time.process_time()
    for article in articles:
        model.suggest(article)
    return time.process_time() - began


if __name__ == "__main__":
    main()
