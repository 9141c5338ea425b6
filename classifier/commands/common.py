"""What commands share: the store and the models that their options name, results on standard output, progress on the other."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from classifier.commands.terminal import clear

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.serving.champion import Champion
    from classifier.serving.registry import Registry
    from classifier.settings import Settings
    from classifier.store.store import Store

N_LISTED = 10


def registry_of(options: Namespace) -> Registry:
    """Return the registry of the folder that `--models` names."""
    from classifier.serving.registry import Registry
    from classifier.text.detector import DETECTOR

    DETECTOR.keep_in(options.models)
    return Registry(options.models)


def store_of(options: Namespace, migrate: bool = True) -> Store:
    """Open the store of the database that `--database` names, and upgrade it unless `migrate` is False."""
    from classifier.store.database.opening import open_store

    return open_store(options.database, migrate=migrate)


def store_of_log(options: Namespace, settings: Settings, registry: Registry) -> Store | None:
    """Open the store that has the log of the taxonomy. None: there is none, and the folder of models stands alone.

    It is the one that `--database` names, or that of the settings if the published taxonomy is of a log.
    """
    from classifier.serving.head import read_head

    if options.database is None:
        head = read_head(registry.folder)
        if head is None or head.n is None:
            return None
        options.database = settings.database_url
    return store_of(options)


def taxonomy_of(registry: Registry, store: Store | None) -> Taxonomy | None:
    """Return the taxonomy at the head of a store's log, or without one that of the champion. None: there is none."""
    head = store.taxonomy.head() if store is not None else None
    return head.taxonomy if head is not None else registry.taxonomy()


@contextmanager
def shared_by(address: str | None) -> Iterator[None]:
    """Share the work with the Dask cluster at an address; None: this machine alone."""
    from classifier.parallel.cluster import cluster

    with cluster(address) as workers:
        if workers:
            warn(f"{len(workers)} workers of {address} share the work")
        yield


def warn(text: str) -> None:
    """Print a line on standard error."""
    clear()
    print(text, file=sys.stderr)


def print_text(text: str) -> None:
    """Print a result on standard output."""
    clear()
    print(text)


def print_json(value: Any) -> None:
    """Print one line of strict JSON."""
    print_text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_result(options: Namespace, value: Any, text: str) -> None:
    """Print a result as JSON if `--json` asks for it, else as text."""
    if options.json:
        print_json(value)
    else:
        print_text(text)


def print_rows(options: Namespace, name: str, rows: Iterable[Any], lines: Iterable[str], nothing: str) -> None:
    """Print records as JSON under a name if `--json` asks for it, else a line for each, or that there are none."""
    print_result(options, {name: list(map(vars, rows))}, "\n".join(lines) or nothing)


def print_champion(options: Namespace, champion: Champion) -> None:
    """Print which version serves now, and which did before."""
    text = f"{champion.version} is champion; before it: {champion.previous or 'none'}"
    print_result(options, vars(champion), text)


def warn_set_aside(set_aside: Mapping[str, Any] | None) -> None:
    """Name on standard error the articles that a job could not read, from its `set_aside`."""
    if set_aside and set_aside["n"]:
        named = ", ".join(f"{article['id']} ({article['error']})" for article in set_aside["articles"])
        more = ", …" if set_aside["n"] > len(set_aside["articles"]) else ""
        warn(f"set aside {set_aside['n']} articles that cannot be read: {named}{more}")


def warn_dropped(before: Taxonomy | None, after: Taxonomy | None) -> None:
    """Name on standard error the tags of the previous champion that the new one lacks."""
    from classifier.serving.taxonomy_changes import dropped_tags

    if dropped := [tag.id for tag in dropped_tags(before, after)]:
        warn(f"the new champion lacks tags that the previous one had: {listed(dropped)}")


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - N_LISTED} more" if len(names) > N_LISTED else ""
    return ", ".join(names[:N_LISTED]) + more


def minute(time: str | None) -> str:
    """Return a stored time to the minute."""
    return time[:16].replace("T", " ") if time else "never"
