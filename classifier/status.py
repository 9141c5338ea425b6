"""What serves, what is stored, what is wrong, and the next step: for the person who looks in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classifier.errors import TaggerError
from classifier.registry import Registry
from classifier.store import open_store


def status(registry: Registry, database_url: str) -> dict[str, Any]:
    """Return the state of models and store, and what to do next. Creates nothing."""
    problems: list[str] = []
    champion = None
    try:
        champion = registry.champion()
        if champion is not None:
            registry.load_champion()
    except TaggerError as error:
        problems.append(str(error))
    articles, n_keys = _stored(database_url, problems)
    return {
        "champion": vars(champion) if champion else None,
        "n_versions": len(registry.versions()),
        "articles": articles,
        "keys": n_keys,
        "problems": problems,
        "next_step": _next_step(champion is not None, bool(articles), n_keys, problems),
    }


def _stored(database_url: str, problems: list[str]) -> tuple[dict[str, int], int]:
    path = database_url.removeprefix("sqlite:///")
    if path != database_url and not Path(path).exists():
        return {}, 0
    try:
        store = open_store(database_url, migrate=False)
    except TaggerError as error:
        problems.append(str(error))
        return {}, 0
    return store.count_articles(), sum(key.revoked_at is None for key in store.keys.list())


def _next_step(serves: bool, stored: bool, n_keys: int, problems: list[str]) -> str:
    if problems:
        return "mend what is wrong, or roll back: python -m classifier models roll-back"
    if not serves:
        return "train a model: python -m classifier train"
    if not stored:
        return "start the service (python -m classifier serve), or import an archive (python -m classifier import FILE)"
    if not n_keys:
        return "make keys before the service leaves this machine: python -m classifier keys create NAME --role admin"
    return "nothing to do"
