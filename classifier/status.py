"""What serves, what is stored, what is wrong, and the next step: for the person who looks in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classifier.errors import BadModel, BadStore, TaggerError
from classifier.registry import Champion, Registry
from classifier.store import JOB, DamagedStore, open_store


def status(registry: Registry, database_url: str, retrain_hours: float = 24.0) -> dict[str, Any]:
    """Return the state of models and store, and what to do next. Creates nothing."""
    problems: list[str] = []
    steps: list[str] = []  # one for each problem
    champion = _champion(registry, problems, steps)
    articles, n_keys, n_ever = _stored(database_url, retrain_hours, problems, steps)
    return {
        "champion": vars(champion) if champion else None,
        "n_versions": len(registry.versions()),
        "articles": articles,
        "keys": n_keys,
        "problems": problems,
        "next_step": "; then ".join(steps) or _next_step(champion is not None, bool(articles), n_keys, n_ever),
    }


def _champion(registry: Registry, problems: list[str], steps: list[str]) -> Champion | None:
    try:
        champion = registry.champion()
    except BadModel as error:
        problems.append(str(error))
        steps.append("name the champion anew: python -m classifier models promote VERSION (one of: models list)")
        return None
    if champion is not None:
        try:
            registry.load_champion()
        except TaggerError as error:
            problems.append(str(error))
            steps.append(
                "roll back: python -m classifier models roll-back"
                if champion.previous
                else "train the model anew: python -m classifier train"
            )
    return champion


def _stored(
    database_url: str, retrain_hours: float, problems: list[str], steps: list[str]
) -> tuple[dict[str, int], int, int]:
    """Return the articles by source, how many keys are in use, and how many there ever were."""
    path = database_url.removeprefix("sqlite:///")
    if path != database_url and not Path(path).exists():
        return {}, 0, 0
    try:
        store = open_store(database_url, migrate=False)
        keys = store.keys.list()
        if late := store.runs.overdue(JOB, retrain_hours):
            problems.append(late)
            steps.append("look at the runs and the schedule: python -m classifier runs")
        return store.count_articles(), sum(key.usable for key in keys), len(keys)
    except BadStore as error:
        problems.append(str(error))
        damaged = isinstance(error, DamagedStore)
        steps.append("restore the database from a backup" if damaged else "mend the database as it is said above")
        return {}, 0, 0


def _next_step(serves: bool, stored: bool, n_keys: int, n_ever: int) -> str:
    if not serves:
        return "train a model: python -m classifier train"
    if n_ever and not n_keys:
        return (
            "all keys are revoked or expired, so every call is refused until a key is made: "
            "python -m classifier keys create NAME --role admin"
        )
    if not stored:
        return "start the service (python -m classifier serve), or import an archive (python -m classifier import FILE)"
    if not n_keys:
        return "make keys before the service leaves this machine: python -m classifier keys create NAME --role admin"
    return "nothing to do"
