"""What serves, what is stored, what is wrong, and the next step: for the person who looks in."""

from __future__ import annotations

from typing import Any, NamedTuple

from classifier.errors import BadModel, BadStore, TaggerError
from classifier.model.protocol import Model
from classifier.serving.champion import Champion
from classifier.serving.registry import Registry
from classifier.store import JOB, DamagedStore, judged_by, open_store
from classifier.store.database.engine import file_of, parsed_url
from classifier.store.database.sqlite import open_to_others, was_there


class _Stored(NamedTuple):
    """The articles by source, how many keys are in use, how many there ever were, the decided articles while no run has
    learned from any, and the open articles that the champion has not judged."""

    articles: dict[str, int]
    n_keys: int = 0
    n_ever: int = 0
    n_unlearned: int = 0
    n_waiting: int = 0


def status(registry: Registry, database_url: str, retrain_hours: float = 24.0) -> dict[str, Any]:
    """Return the state of models and store, and what to do next. Creates nothing."""
    problems: list[str] = []
    steps: list[str] = []  # one for each problem
    champion, model = _champion(registry, problems, steps)
    stored = _stored(database_url, retrain_hours, model, problems, steps)
    return {
        "champion": vars(champion) if champion else None,
        "n_versions": len(registry.versions()),
        "articles": stored.articles,
        "keys": stored.n_keys,
        "waiting": stored.n_waiting,
        "problems": problems,
        "next_step": "; then ".join(steps) or _next_step(champion is not None, stored),
    }


def _champion(registry: Registry, problems: list[str], steps: list[str]) -> tuple[Champion | None, Model | None]:
    """Return the champion, and its model if that can be loaded."""
    try:
        champion = registry.champion()
    except BadModel as error:
        problems.append(str(error))
        steps.append("name the champion anew: python -m classifier models promote VERSION (one of: models list)")
        return None, None
    if champion is not None:
        try:
            return champion, registry.load_champion()
        except TaggerError as error:
            problems.append(str(error))
            steps.append(
                "roll back: python -m classifier models roll-back"
                if champion.previous
                else "train the model anew: python -m classifier train"
            )
    return champion, None


def _stored(
    database_url: str, retrain_hours: float, model: Model | None, problems: list[str], steps: list[str]
) -> _Stored:
    try:
        path = file_of(parsed_url(database_url))
        if path is not None and not was_there(path):
            return _Stored({})
        store = open_store(database_url, migrate=False, check=True)
        keys = store.keys.list()
        if path is not None and (files := open_to_others(path)):
            problems.append(f"Everybody on this machine can read {', '.join(map(str, files))}.")
            steps.append(f"let only its owner read the database: chmod o= {' '.join(map(str, files))}")
        if late := store.runs.overdue(JOB, retrain_hours):
            problems.append(late)
            steps.append("look at the runs and the schedule: python -m classifier runs")
        n_unlearned = 0 if store.runs.list(JOB, 1) else store.log.n_articles()
        n_usable = sum(key.usable for key in keys)
        # While no model can be loaded, no article waits for its judgement.
        n_waiting = store.suggested.n_waiting(judged_by(model.version, model.taxonomy.version)) if model else 0
        return _Stored(store.count_articles(), n_usable, len(keys), n_unlearned, n_waiting)
    except (BadStore, OSError) as error:
        problems.append(str(error))
        damaged = isinstance(error, DamagedStore)
        steps.append("restore the database from a backup" if damaged else "mend the database as it is said above")
        return _Stored({})


def _next_step(serves: bool, stored: _Stored) -> str:
    if not serves:
        return "train a model: python -m classifier train"
    if stored.n_ever and not stored.n_keys:
        return (
            "all keys are revoked or expired, so every call is refused until a key is made: "
            "python -m classifier keys create NAME --role admin"
        )
    if not stored.articles:
        return "start the service (python -m classifier serve), or import an archive (python -m classifier import FILE)"
    if not stored.n_keys:
        return "make keys before the service leaves this machine: python -m classifier keys create NAME --role admin"
    if stored.n_unlearned:
        return (
            f"let the model learn from the decisions on {stored.n_unlearned} article{'s' * (stored.n_unlearned > 1)}: "
            "python -m classifier retrain, and then every night (docs/retraining.md)"
        )
    return "nothing to do"
