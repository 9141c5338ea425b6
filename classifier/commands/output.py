"""What commands say: a result on standard output, progress on standard error."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy

N_LISTED = 10


def track(things: Iterable[Any], total: int, what: str) -> Iterable[Any]:
    """Yield the things, and show on standard error how many of the total are done (0: nobody knows the total)."""
    from tqdm import tqdm

    # In a log, a line every half minute is enough.
    interval = 0.1 if sys.stderr.isatty() else 30.0
    shown: Iterable[Any] = tqdm(things, total=total or None, desc=f"{what:<20}", file=sys.stderr, mininterval=interval)
    return shown


def print_json(value: Any) -> None:
    """Print one line of strict JSON."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def say_set_aside(found: Mapping[str, Any] | None) -> None:
    """Say on standard error which articles a job could not read, from its `set_aside`."""
    if found and found["n"]:
        named = ", ".join(f"{one['id']} ({one['error']})" for one in found["articles"])
        more = ", …" if found["n"] > len(found["articles"]) else ""
        print(f"set aside, since they cannot be read: {found['n']} articles: {named}{more}", file=sys.stderr)


def by_whom() -> str:
    """Return the name that the history of the models gets."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def say_champion(champion: Any, as_json: bool) -> None:
    """Say what serves from now on, and what served before."""
    if as_json:
        print_json(vars(champion))
    else:
        print(f"{champion.version} is champion; before it: {champion.previous or 'none'}")


def say_dropped(before: Taxonomy | None, after: Taxonomy | None) -> None:
    """Say on standard error which tags of the champion before the new one lacks."""
    from classifier.serving.taxonomy_changes import dropped_tags

    if dropped := [tag.id for tag in dropped_tags(before, after)]:
        print(f"the champion before has tags that this one lacks: {listed(dropped)}", file=sys.stderr)


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - N_LISTED} more" if len(names) > N_LISTED else ""
    return ", ".join(names[:N_LISTED]) + more


@contextmanager
def shared_by(address: str | None) -> Iterator[None]:
    """Share out work to the Dask cluster at an address, and say so; None: this machine alone."""
    from classifier.parallel.cluster import cluster

    with cluster(address) as workers:
        if workers:
            print(f"{len(workers)} workers of {address} share the work", file=sys.stderr)
        yield
