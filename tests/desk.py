"""A desk that retrains: a store with an archive, a registry, settings that are quick, and what tests do to them."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.runs import Run
from classifier.store.schema import articles as table
from classifier.store.store import Store
from classifier.training.retraining import retrain
from classifier.training.run_result import Result
from classifier.training.settings import FitSettings, TrainingSettings
from tests.postgres import SERVER, copied, database

__all__ = [
    "N_LATER",
    "QUICK",
    "Desk",
    "database",
    "flipped",
    "in_copy_of",
    "in_folder",
    "made_once",
    "trained_once",
    "with_block",
]

N_LATER = 60  # articles that a desk gets after its first training
QUICK = TrainingSettings(fit=FitSettings(fast=True, n_jobs=1), learning_curve=())


@dataclass
class Desk:
    """A store and a registry that retrain together."""

    store: Store
    registry: Registry
    taxonomy: Taxonomy

    def retrain(self, settings: TrainingSettings = QUICK, **how: Any) -> Result:
        """Run `retrain`, and return what came of it."""
        return self.run(settings, **how)[0]

    def run(self, settings: TrainingSettings = QUICK, **how: Any) -> tuple[Result, Run | None]:
        """Run `retrain`, and return what came of it, and the record."""
        return retrain(self.store, self.registry, settings, self.taxonomy, **how)

    def add(self, articles: Iterable[Article]) -> None:
        """Import articles."""
        self.store.import_articles(articles, "import")

    def set_tags(self, tags_of: dict[str, tuple[str, ...]]) -> None:
        """Change the tags of articles in the database itself, as a fault or an attack does: no decision says so."""
        with self.store.engine.begin() as connection:
            for article_id, tags in tags_of.items():
                connection.execute(update(table).where(table.c.id == article_id).values(tags=list(tags)))

    def decide(self, article_id: str, editor: str, *drafts: Draft) -> None:
        """Log decisions of an editor."""
        self.store.log.decide(article_id, drafts, editor, lambda *_: {}, complete=False)

    @property
    def champion(self) -> str | None:
        """The version that serves."""
        pointer = self.registry.champion()
        return pointer.version if pointer else None


def trained_once(folder: Path, articles: Iterable[Article], taxonomy: Taxonomy) -> Path:
    """Let a desk train once in a folder, and return the folder, for `in_copy_of`."""
    with in_folder(folder, taxonomy) as desk:
        desk.add(articles)
        assert desk.retrain().promoted
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a folder that all processes of a test run share, and nobody changes; return it.

    On PostgreSQL each process makes its own: it drops its databases when it ends.
    """
    base = factory.getbasetemp()
    folder = (base if SERVER or "PYTEST_XDIST_WORKER" not in os.environ else base.parent) / name
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder.with_name(f"{name}.made")
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@contextmanager
def in_folder(folder: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """The desk of a folder, its database and models."""
    store = open_store(database(folder))
    yield Desk(store, Registry(folder / "models"), taxonomy)
    store.close()


@contextmanager
def in_copy_of(folder: Path, target: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """The desk of a copy of a folder that nobody has open."""
    with in_folder(copied(folder, target), taxonomy) as desk:
        yield desk


def flipped(articles: Iterable[Article], tag: str, share: float, seed: int = 0) -> dict[str, tuple[str, ...]]:
    """Return the tags of a share of the articles that have a tag, and of as many that lack it, the tag turned over."""
    have = [one for one in articles if tag in (one.tags or ())]
    lack = [one for one in articles if tag not in (one.tags or ())]
    draw = random.Random(seed)
    n = round(share * len(have))
    lost = {one.id: tuple(t for t in one.tags or () if t != tag) for one in draw.sample(have, n)}
    return lost | {one.id: (*(one.tags or ()), tag) for one in draw.sample(lack, n)}


def with_block(article: Article, block: str) -> Article:
    """Return an article with a block of its own at the end, as a site-wide widget stands there."""
    return replace(article, body=f"{article.body}\n\n{block}\n")
