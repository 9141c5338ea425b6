"""The status of an installation: the champion, the articles, the problems and the next step."""

import shutil
from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

from classifier.errors import BadModel, BadStore, TaggerError
from classifier.gate.holding import held_long
from classifier.model.protocol import Model
from classifier.serving.champion import Champion
from classifier.serving.registry import Registry
from classifier.serving.shadow import Shadow, read_shadow
from classifier.store.change_sets import ChangeSet
from classifier.store.database.engine import DamagedStore, file_of, parsed_url
from classifier.store.database.opening import open_store
from classifier.store.database.sqlite import open_to_others, was_there
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.store.suggestion_sets import judged_by
from classifier.texts import _, retold


class ShadowStatus(TypedDict):
    """The version in shadow, since when and until when at the latest, and how many articles it has judged."""

    version: str
    since: str
    until: str
    n_articles: int


class Status(TypedDict):
    """The state of models and store as plain JSON. `keys` are usable. `waiting` articles are not judged by the champion yet."""

    champion: dict[str, Any] | None
    n_versions: int
    articles: dict[str, int]
    keys: int
    waiting: int
    shadow: ShadowStatus | None
    problems: list[str]
    next_step: str


MODELS, DATABASE, TAXONOMY, TRAINING = "models", "database", "taxonomy", "training"
WEBHOOKS, DISK, KEYS = "webhooks", "disk", "keys"
MAKE_KEY = "python -m classifier keys create NAME --role admin"
LEAST_FREE = 0.05  # of a disk; below it the next training or backup may find no room


class Problem(NamedTuple):
    """What is wrong, how to mend it by a command, and which part of the service it is about."""

    text: str
    step: str
    area: str


class _Stored(NamedTuple):
    """Articles by source, usable keys, decided articles while no run has learned from any, articles that wait.

    `n_in_shadow` articles were judged by the version in shadow.
    """

    articles: dict[str, int]
    n_keys: int = 0
    n_unlearned: int = 0
    n_waiting: int = 0
    n_in_shadow: int = 0


def status(registry: Registry, database_url: str, retrain_hours: float = 24.0) -> Status:
    """Return the state of models and store, and what to do next. Creates nothing."""
    problems: list[Problem] = []
    champion, model = _champion(registry, problems, registry.load_champion)
    shadow = _shadow(registry, problems)
    stored = _stored(database_url, retrain_hours, model, shadow, problems)
    _check_disk(registry, problems)
    steps = "; then ".join(problem.step for problem in problems)
    return {
        "champion": vars(champion) if champion else None,
        "n_versions": len(registry.versions()),
        "articles": stored.articles,
        "keys": stored.n_keys,
        "waiting": stored.n_waiting,
        "shadow": _shadow_status(shadow, stored.n_in_shadow) if shadow else None,
        "problems": [problem.text for problem in problems],
        "next_step": steps or _next_step(champion is not None, stored),
    }


def known_problems(
    registry: Registry, store: Store, retrain_hours: float, served: Callable[[], Model]
) -> list[Problem]:
    """Return what is wrong with the models and an open store, as far as it can be told within a second.

    `served` returns the model that serves, or raises what keeps the champion from serving.
    """
    problems: list[Problem] = []
    _champion(registry, problems, served)
    _shadow(registry, problems)
    try:
        _check_store(store, retrain_hours, problems)
    except (BadStore, OSError) as error:
        problems.append(Problem(str(error), "mend the database as it is said above", DATABASE))
    _check_disk(registry, problems)
    return problems


def _champion(
    registry: Registry, problems: list[Problem], load: Callable[[], Model]
) -> tuple[Champion | None, Model | None]:
    try:
        champion = registry.champion()
    except BadModel as error:
        step = "name the champion anew: python -m classifier models promote VERSION (one of: models list)"
        problems.append(Problem(str(error), step, MODELS))
        return None, None
    if champion is not None:
        try:
            model = load()
            if held := held_long(model.card):
                names = ", ".join(held)
                text = _("retrain has held tags in three or more runs: %(tags)s. They learn nothing new.", tags=names)
                step = f"look at the run at /runs; if their labels are right: python -m classifier retrain --accept-changes {' '.join(held)}"
                problems.append(Problem(text, step, TRAINING))
            return champion, model
        except TaggerError as error:
            again = "models roll-back" if champion.previous else "train"
            way = "roll back" if champion.previous else "train the model anew"
            problems.append(Problem(str(error), f"{way}: python -m classifier {again}", MODELS))
    return champion, None


def _stored(
    database_url: str, retrain_hours: float, model: Model | None, shadow: Shadow | None, problems: list[Problem]
) -> _Stored:
    try:
        path = file_of(parsed_url(database_url))
        if path is not None and not was_there(path):
            return _Stored({})
        store = open_store(database_url, migrate=False, check=True)
        keys = store.keys.list()
        _check_store(store, retrain_hours, problems)
        n_unlearned = 0 if store.runs.list(JOB, 1) else store.log.n_articles()
        n_usable = sum(key.usable for key in keys)
        if keys and not n_usable:
            problems.append(
                Problem(
                    _("All keys are revoked or expired, so every call is refused."), f"make a key: {MAKE_KEY}", KEYS
                )
            )
        # While no model can be loaded, no article waits for its judgement.
        n_waiting = store.suggested.n_waiting(judged_by(model.version, model.taxonomy.version)) if model else 0
        n_in_shadow = store.shadow.n_articles(shadow.version) if shadow else 0
        return _Stored(store.count_articles(), n_usable, n_unlearned, n_waiting, n_in_shadow)
    except (BadStore, OSError) as error:
        damaged = isinstance(error, DamagedStore)
        step = "restore the database from a backup" if damaged else "mend the database as it is said above"
        problems.append(Problem(str(error), step, DATABASE))
        return _Stored({})


def _check_store(store: Store, retrain_hours: float, problems: list[Problem]) -> None:
    path = file_of(store.engine.url)
    if path is not None and (files := open_to_others(path)):
        names = list(map(str, files))
        step = f"let only its owner read the database: chmod o= {' '.join(names)}"
        problems.append(
            Problem(_("Everybody on this machine can read %(files)s.", files=", ".join(names)), step, DATABASE)
        )
    problems += map(_in_conflict, store.change_sets.in_conflict())
    if overdue := store.runs.overdue(JOB, retrain_hours):
        problems.append(Problem(overdue, "look at the runs and the schedule: python -m classifier runs", TRAINING))
    if refused := store.deliveries.problem():
        step = "see which: python -m classifier webhooks list, webhooks failed"
        problems.append(Problem(refused, step, WEBHOOKS))


def _check_disk(registry: Registry, problems: list[Problem]) -> None:
    total, free = disk_of(registry)
    if total and free / total < LEAST_FREE:
        text = _(
            "The disk of %(folder)s is nearly full: %(free)s of %(total)s GB are free.",
            folder=registry.folder,
            free=format(free / 1e9, ".1f"),
            total=format(total / 1e9, ".0f"),
        )
        problems.append(Problem(text, "make room: old backups and model versions take most of it", DISK))


def disk_of(registry: Registry) -> tuple[int, int]:
    """Return the bytes of the disk with the models, and how many of them are free. Zeros: there is no such folder yet."""
    try:
        usage = shutil.disk_usage(registry.folder)
    except OSError:
        return 0, 0
    return usage.total, usage.free


def _in_conflict(change_set: ChangeSet) -> Problem:
    detail = change_set.conflict["detail"] if change_set.conflict else ""
    text = _(
        "The change set %(id)s was not applied when its time had come. %(reason)s",
        id=change_set.id,
        reason=retold(detail, ()),
    )
    return Problem(text, f"preview it again, and then apply, schedule or decline it: {change_set.title[:80]}", TAXONOMY)


def _shadow(registry: Registry, problems: list[Problem]) -> Shadow | None:
    try:
        return read_shadow(registry.folder)
    except BadModel as error:
        problems.append(Problem(str(error), "end it: python -m classifier models shadow --end", MODELS))
        return None


def _shadow_status(shadow: Shadow, n_articles: int) -> ShadowStatus:
    return ShadowStatus(version=shadow.version, since=shadow.at, until=shadow.until, n_articles=n_articles)


def _next_step(serves: bool, stored: _Stored) -> str:
    if not serves:
        return "train a model: python -m classifier train"
    if not stored.articles:
        return "start the service (python -m classifier serve), or import an archive (python -m classifier import FILE)"
    if not stored.n_keys:
        return f"make keys before the service leaves this machine: {MAKE_KEY}"
    if stored.n_unlearned:
        return (
            f"let the model learn from the decisions on {stored.n_unlearned} article{'s' * (stored.n_unlearned > 1)}: "
            "python -m classifier retrain, and then every night (docs/retraining.md)"
        )
    return "nothing to do"
