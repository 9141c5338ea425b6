"""Models for the service and the loading benchmarks, saved with the product's registry."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.processes import ROOT
from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.model.weights import SparseWeights
from classifier.serving.registry import Registry
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

STARTER = ROOT / "training_data"
N_WORDS = 12  # of a tiny article


def starter_articles() -> list[Article]:
    """Return the articles that ship with the product."""
    return list(read_articles(sorted((STARTER / "articles").glob("*.jsonl"))))


@cache
def starter_model() -> TagModel:
    """Return the starter model, fitted once."""
    return fit(starter_articles(), read_taxonomy(STARTER / "taxonomy.yaml")).model


def cut_to(model: TagModel, n_tags: int) -> TagModel:
    """Return a model with the `n_tags` tags that the starter articles have most often."""
    counts = Counter(tag for article in starter_articles() for tag in article.tags or ())
    order = sorted(model.taxonomy.tags, key=lambda tag: (-counts[tag.id], tag.id))
    kept = {tag.id for tag in order[:n_tags]}
    tags = tuple(tag for tag in model.taxonomy.tags if tag.id in kept)
    return retagged(model, Taxonomy(tags, model.taxonomy.kinds))


def saved(model: TagModel, folder: Path) -> Path:
    """Save a model as the champion of a folder, and return the folder of its version."""
    registry = Registry(folder)
    version = registry.save(model)
    registry.promote(version, "benchmark", "synthetic")
    return folder / version


def large_model(n_terms: int, n_title_terms: int, n_tags: int, seed: int = 0) -> TagModel:
    """Return a model of random weights with made-up words as terms; all that hangs on tags alone is fitted, to tiny articles."""
    draws = np.random.default_rng(seed)
    words = made_up_words(n_terms, draws)
    model = fit(_tiny_articles(n_tags, words, draws), settings=FitSettings(n_folds=2)).model
    n_separators = len(model.parameters.separators)
    weights = draws.standard_normal((n_terms + n_title_terms, n_separators), dtype=np.float32) * np.float32(0.1)
    idf = draws.uniform(2.0, 10.0, n_terms).astype(np.float32)
    title_idf = draws.uniform(4.0, 9.0, n_title_terms).astype(np.float32)
    parameters = replace(model.parameters, weights=weights, idf=idf, title_idf=title_idf)
    return TagModel(parameters, sorted(words), sorted(words[:n_title_terms]), model.taxonomy, card=model.card)


def sparse_model(n_terms: int, n_title_terms: int, n_tags: int, n_each: int, seed: int = 0) -> TagModel:
    """Return a model of many tags with sparse random weights, `n_each` on average of a term; the rest is fitted to few tags."""
    draws = np.random.default_rng(seed)
    words = made_up_words(n_terms, draws)
    few = fit(_tiny_articles(50, words, draws), settings=FitSettings(n_folds=2)).model
    model = retagged(few, taxonomy_of(f"tag-{number:05d}" for number in range(n_tags)))
    n_rows = n_terms + n_title_terms
    n_of_row = np.minimum(draws.poisson(n_each, n_rows), n_tags)
    columns = [np.sort(draws.choice(n_tags, n, replace=False)).astype(np.uint16) for n in n_of_row.tolist()]
    values = draws.normal(0.0, 0.1, int(n_of_row.sum())).astype(np.float16)
    begins = np.concatenate([[0], n_of_row.cumsum()])
    parameters = replace(
        model.parameters,
        weights=SparseWeights(begins, np.concatenate(columns), values, n_tags),
        separators=np.arange(n_tags, dtype=np.int32),
        intercepts=np.full(n_tags, -1.0),
        n_positive=np.full(n_tags, 50, dtype=np.int32),
        idf=draws.uniform(2.0, 10.0, n_terms).astype(np.float32),
        title_idf=draws.uniform(4.0, 9.0, n_title_terms).astype(np.float32),
    )
    return TagModel(parameters, sorted(words), sorted(words[:n_title_terms]), model.taxonomy, card=model.card)


def _tiny_articles(n_tags: int, words: list[str], draws: np.random.Generator) -> list[Article]:
    """Return three articles for each tag, of a few of the words."""
    return [
        Article(
            id=f"tiny-{tag}-{n}",
            title=f"{words[tag]} {words[n]}",
            body=" ".join([words[tag], *(words[i] for i in draws.integers(0, 500, N_WORDS))]),
            tags=(f"tag-{tag:03d}",),
        )
        for tag in range(n_tags)
        for n in range(3)
    ]


def made_up_words(n: int, draws: np.random.Generator) -> list[str]:
    """Return `n` different words of two to five syllables."""
    syllables = [a + b for a in (*"bcdfghjklmnprstvwz", "sh", "th", "kr", "st") for b in "aeiou"]
    found: dict[str, None] = {}
    while len(found) < n:
        lengths = draws.integers(2, 6, n)
        picks = draws.integers(0, len(syllables), (n, 5))
        for row, length in zip(picks.tolist(), lengths.tolist(), strict=True):
            found["".join(syllables[i] for i in row[:length])] = None
    return list(found)[:n]
