"""`train`: fit a model to articles with known tags and make it champion."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.opening import registry_of
from classifier.commands.output import (
    listed,
    print_result,
    shared_by,
    track,
    user_name,
    warn,
    warn_dropped,
    warn_set_aside,
)
from classifier.commands.parser import STARTER, Commands, whole
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.articles import Article
    from classifier.domain.taxonomy import Taxonomy

NOTES = """\
Training takes seconds to minutes, and prints the cross-validated F1 (1.0 is best). The model is saved as a new version of
the folder; earlier versions stay (`models list`, `models roll-back`). Without --articles the starter articles are used."""


def register(commands: Commands) -> None:
    """Add `train`."""
    sub = commands.add(
        commands.top,
        "train",
        _train,
        "Train a model on articles with known tags, and make it champion.",
        "models examples dask json records",
        "train --articles archive.jsonl.gz --taxonomy taxonomy.yaml",
        NOTES,
        "`suggest FILE` tags a text, `evaluate --articles FILE` measures the model, `serve` starts the service.",
    )
    sub.add_argument("--seed", type=whole(0, (1 << 32) - 1), default=0, help="seed of all random draws (%(default)s)")
    sub.add_argument(
        "--fast",
        action="store_true",
        help="train in seconds with plain TF-IDF; less accurate: mentions of tags do not count, and there are no precedents",
    )


def _train(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.snapshots import snapshot_of
    from classifier.training.fitting import fit
    from classifier.training.settings import FitSettings

    articles, taxonomy = read_examples(options.articles, options.taxonomy)
    if taxonomy is not None:
        _warn_unknown_tags(articles, taxonomy)
    with shared_by(options.dask):
        fitted = fit(articles, taxonomy, FitSettings(seed=options.seed, fast=options.fast), track)
    card = fitted.card
    warn_set_aside(card["set_aside"])
    learned = frozenset(fitted.held_out.ids)
    registry = registry_of(options)
    before = registry.taxonomy()
    version = registry.save(fitted.model, snapshot_of(article for article in articles if article.id in learned))
    registry.promote(version, user_name(), "trained")
    _warn_changed_tags(before, fitted.model.taxonomy)
    measured = card["cross_validation"]
    result = {"version": version, "n_articles": card["n_articles"], "n_tags": card["n_tags"]}
    result |= {"micro_f1": measured["micro_f1"], "macro_f1": measured["macro_f1"]}
    result |= {"left_out": card["left_out"], "set_aside": card["set_aside"]}
    n_few = len(card["left_out"])
    few = f" ({n_few} with too few examples are suggested by their names alone)" if n_few else ""
    print_result(
        options,
        result,
        f"{version} is champion: {card['n_articles']} articles, {card['n_tags']} tags{few}, "
        f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}",
    )


def read_examples(files: list[Path] | None, taxonomy_file: Path | None) -> tuple[list[Article], Taxonomy | None]:
    """Return the articles of files and their taxonomy if one is named; without files, the starter data."""
    from classifier.domain.articles import read_articles
    from classifier.domain.taxonomy_yaml import read_taxonomy

    if files is None:
        files = sorted((STARTER / "articles").glob("*.jsonl"))
        taxonomy_file = taxonomy_file or STARTER / "taxonomy.yaml"
    return list(read_articles(files)), read_taxonomy(taxonomy_file) if taxonomy_file else None


def _warn_changed_tags(before: Taxonomy | None, after: Taxonomy) -> None:
    """Warn what a taxonomy other than the champion's means for the labels, because `train` trusts the files."""
    warn_dropped(before, after)
    new = [tag.id for tag in after.tags if before is not None and tag.id not in before.by_id and not tag.created]
    if new:
        warn(f"new tags without `created`: every article that lacks one counts as wrong for it: {listed(new)}")


def _warn_unknown_tags(articles: Iterable[Article], taxonomy: Taxonomy) -> None:
    unknown = Counter(tag for article in articles for tag in article.tags or () if tag not in taxonomy.by_id)
    if unknown:
        counts = [f"{tag} ({n})" for tag, n in unknown.most_common()]
        warn(f"not in the taxonomy, so not learnt: {listed(counts)}")
