"""Suggestion records of any system -> how good they are, by the product's own evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.taxonomy import taxonomy_of
from classifier.model import evaluation


def score(output: Path, articles: Sequence[Article], *, probabilities: bool) -> dict[str, Any]:
    """Return micro- and macro-F1 with intervals, per-tag F1, and the calibration error where scores are probabilities.

    Raises:
        ValueError: if the records are not one for each article.
    """
    records = [json.loads(line) for line in output.read_bytes().splitlines()]
    if [r["id"] for r in records] != [article.id for article in articles]:
        raise ValueError(f"{len(records)} records do not fit {len(articles)} articles")
    taxonomy = taxonomy_of(
        [
            *(tag for article in articles for tag in article.tags or ()),
            *(one["tag"] for record in records for one in record["suggestions"]),
        ]
    )
    labels = labels_of(articles, taxonomy)
    column = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    scores, suggested = np.zeros(labels.shape), np.zeros(labels.shape, dtype=bool)
    for row, record in enumerate(records):
        for one in record["suggestions"]:
            scores[row, column[one["tag"]]] = one["score"]
            suggested[row, column[one["tag"]]] = True
    report = evaluation.report(scores if probabilities else suggested.astype(float), suggested, labels, list(column))
    kept = ("micro_f1", "micro_f1_interval", "macro_f1", "macro_f1_interval", "sample_f1", "n_tags", "coverage", "tags")
    found = {name: report[name] for name in kept}
    found["calibration_error"] = report["calibration_error"] if probabilities else None
    found["reliability"] = report["reliability"] if probabilities else None
    return found
