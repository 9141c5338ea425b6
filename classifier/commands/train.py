"""`train`: fit a model to articles with known tags and make it champion."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from classifier.commands.common import (
    listed,
    print_result,
    registry_of,
    shared_by,
    warn,
    warn_dropped,
    warn_set_aside,
)
from classifier.commands.parser import user_name
from classifier.domain.articles import Article, read_articles
from classifier.domain.sentences import TRAINED
from classifier.domain.snapshots import snapshot_of
from classifier.domain.starter import STARTER, starter_files, starter_ids
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.champion import TRAIN
from classifier.serving.head import begin_anew
from classifier.settings import Settings
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings


def do_train(options: Namespace, _settings: Settings) -> None:
    progress = options.progress
    progress.step("reading")
    articles, taxonomy, timeless = read_examples(options.articles, options.taxonomy)
    if taxonomy is not None:
        _warn_unknown_tags(articles, taxonomy)
    with shared_by(options.dask):
        settings = FitSettings(seed=options.seed, fast=options.fast)
        progress.step("learning")
        fitted = fit(articles, taxonomy, settings, progress, timeless=timeless)
    card, measured = fitted.card, fitted.card["cross_validation"]
    warn_set_aside(card["set_aside"])
    progress.step("saving")
    validated = fitted.validated
    registry = registry_of(options)
    before = registry.taxonomy()
    snapshot = snapshot_of(article for article in articles if article.id in validated)
    version = registry.save(fitted.model, snapshot.with_validated(validated))
    registry.promote(version, user_name(), TRAINED, action=TRAIN)
    begin_anew(registry.folder, fitted.model.taxonomy)
    _warn_changed_tags(before, fitted.model.taxonomy)
    result = {"version": version, **{name: card[name] for name in ("n_articles", "n_tags")}}
    result |= {name: measured[name] for name in ("micro_f1", "macro_f1")}
    result |= {name: card[name] for name in ("left_out", "set_aside")}
    n_few = len(card["left_out"])
    few = f" ({n_few} with too few examples are suggested by their names alone)" if n_few else ""
    scores = f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}"
    text = f"{version} is champion: {card['n_articles']} articles, {card['n_tags']} tags{few}, {scores}"
    print_result(options, result, text)


class Examples(NamedTuple):
    """Articles to learn from, the taxonomy if one is named, and the ids of the articles whose dates do not count."""

    articles: list[Article]
    taxonomy: Taxonomy | None
    timeless: frozenset[str]


def read_examples(files: list[Path] | None, taxonomy_file: Path | None) -> Examples:
    """Return the articles of files and their taxonomy if one is named; without files, the starter data."""
    if files is None:
        files = starter_files()
        taxonomy_file = taxonomy_file or STARTER / "taxonomy.yaml"
    articles = list(read_articles(files))
    return Examples(articles, read_taxonomy(taxonomy_file) if taxonomy_file else None, starter_ids(articles))


def _warn_changed_tags(before: Taxonomy | None, after: Taxonomy) -> None:
    """Warn what a taxonomy other than the champion's means for the labels, because `train` trusts the files."""
    warn_dropped(before, after)
    new = [tag.id for tag in after.tags if before is not None and tag.id not in before.by_id and not tag.created]
    if new:
        warn(f"new tags without `created`: every article that lacks one counts as wrong for it: {listed(new)}")


def _warn_unknown_tags(articles: Iterable[Article], taxonomy: Taxonomy) -> None:
    unknown = Counter(tag for article in articles for tag in article.tags or () if tag not in taxonomy.by_id)
    if unknown:
        warn(f"not in the taxonomy, so not learnt: {listed([f'{tag} ({n})' for tag, n in unknown.most_common()])}")
