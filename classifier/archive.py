"""Whole files of articles: suggestion records for each, and how good they are where the tags are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from classifier import evaluation
from classifier.articles import Article, read_articles
from classifier.examples import labels_of
from classifier.model import TagModel
from classifier.taxonomy import Tag, Taxonomy

BATCH = 32  # more would leave the processor's cache
Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def batched(articles: Iterable[Article], size: int = BATCH) -> Iterator[list[Article]]:
    """Yield articles in lists of `size`: a model judges some together in less time than each alone."""
    rest = iter(articles)
    while some := list(islice(rest, size)):
        yield some


def write_suggestions(model: TagModel, files: Sequence[Path], output: Path, n_tags: int | None, track: Track) -> int:
    """Write a suggestion record for each article of JSON Lines files, and return how many.

    The output appears when it is whole: until then it is written beside its place.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.name}.part")
    n = 0
    try:
        with aside.open("w", encoding="utf-8") as lines:
            for some in batched(track(read_articles(files), 0, "suggesting")):
                for article, tags in zip(some, model.rank(some, n_tags), strict=True):
                    ranked = [{"tag": tag, "score": round(score, 6)} for tag, score in tags]
                    lines.write(json.dumps({"id": article.id, "suggestions": ranked}, ensure_ascii=False) + "\n")
                n += len(some)
        aside.replace(output)
    finally:
        aside.unlink(missing_ok=True)
    return n


def evaluate(model: TagModel, articles: Sequence[Article], track: Track) -> dict[str, Any]:
    """Return the report of a model on articles with known tags.

    Tags that the model does not know count as expected and never suggested.
    """
    known = model.taxonomy.by_id
    strange = sorted({tag for article in articles for tag in article.tags or ()} - known.keys())
    taxonomy = Taxonomy((*model.taxonomy.tags, *(Tag(tag, tag) for tag in strange)), model.taxonomy.kinds)
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    done = 0
    for some in batched(track(articles, len(articles), "evaluating")):
        rows = slice(done, done := done + len(some))
        scores[rows, : len(known)], suggested[rows, : len(known)] = model.judge(some)
    report = evaluation.report(scores, suggested, labels_of(articles, taxonomy), [tag.id for tag in taxonomy.tags])
    return {"model_version": model.version, **report}
