"""A desk that retrains in a folder, and what its models know of tags."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select, update

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.gate.settings import GateSettings
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.schema import articles as table
from classifier.store.store import Store
from classifier.training.checks import CheckSettings, actions_of
from classifier.training.retraining import retrain
from classifier.training.run_result import Result
from classifier.training.settings import TrainingSettings

N_SERVED = 500  # articles that the served model is asked about
Suggested = Mapping[str, frozenset[str]]  # the tags that were suggested, by article
Quality = dict[str, float]  # F1 by tag


@dataclass
class Desk:
    """A store and a registry that retrain together."""

    store: Store
    registry: Registry
    taxonomy: Taxonomy

    def add(self, articles: Iterable[Article]) -> None:
        """Import articles."""
        self.store.import_articles(articles, "import")

    def set_tags(self, tags_of: Mapping[str, Sequence[str]]) -> None:
        """Change tags in the database itself, as a fault does: no decision says so."""
        with self.store.engine.begin() as connection:
            for article_id, tags in tags_of.items():
                connection.execute(update(table).where(table.c.id == article_id).values(tags=list(tags)))

    def tags(self) -> dict[str, frozenset[str]]:
        """Return the tags of all articles."""
        with self.store.engine.begin() as connection:
            return {row.id: frozenset(row.tags or ()) for row in connection.execute(select(table.c.id, table.c.tags))}

    def night(self, settings: TrainingSettings) -> Result:
        """Run `retrain`."""
        return retrain(self.store, self.registry, settings, self.taxonomy)[0]

    def validated(self) -> Suggested:
        """Return what the champion's cross-validation suggested."""
        pointer = self.registry.champion()
        snapshot = self.registry.snapshot(pointer.version) if pointer else None
        if snapshot is None:
            return {}
        known = snapshot.articles.items()
        return {key: frozenset(labels.validated.suggested) for key, labels in known if labels.validated}

    def served(self, articles: Sequence[Article]) -> Suggested:
        """Return what the champion suggests for some of the articles."""
        asked, model = articles[:: max(1, len(articles) // N_SERVED)], self.registry.load_champion()
        _, suggested = model.judge(asked)
        ids = [tag.id for tag in model.taxonomy.tags]
        return {
            article.id: frozenset(ids[column] for column in row.nonzero()[0])
            for article, row in zip(asked, suggested, strict=True)
        }


@contextmanager
def desk_in(folder: Path, taxonomy: Taxonomy, start: Path | None = None) -> Iterator[Desk]:
    """The desk of a folder, which is made as a copy of another one that nobody has open."""
    if start is not None:
        shutil.copytree(start, folder)
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(open_store(f"sqlite:///{folder}/desk.db"), Registry(folder / "models"), taxonomy)
    try:
        yield desk
    finally:
        desk.store.close()
        if start is not None:
            shutil.rmtree(folder)


def unguarded(settings: TrainingSettings) -> TrainingSettings:
    """Return the settings of a desk without a gate: whatever was trained serves."""
    much = 1e9
    gate = GateSettings(
        tag_surely=much,
        anchor_surely=much,
        margin=much,
        calibration=much,
        times_unknown=much,
        served_margin=much,
        min_blind=int(much),
        times_size=much,
        times_latency=much,
    )
    checks = CheckSettings(actions=actions_of({"labels_flipped": "warn"}))
    return replace(settings, gate=gate, checks=checks)


def quality(suggested: Suggested, articles: Iterable[Article]) -> Quality:
    """Return the F1 of each tag of some articles, of which all tags are known, where something was suggested for them."""
    hits, sizes = Counter[str](), Counter[str]()
    for article in articles:
        if article.id in suggested:
            right, guessed = frozenset(article.tags or ()), suggested[article.id]
            hits.update(right & guessed)
            sizes.update([*right, *guessed])
    return {tag: 2.0 * hits[tag] / n for tag, n in sizes.items()}
