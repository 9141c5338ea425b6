"""The output of commands: a result on standard output, progress and warnings on standard error."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.serving.champion import Champion

N_LISTED = 10


def track(items: Iterable[Any], total: int, description: str) -> Iterable[Any]:
    """Yield items and show progress on standard error; a total of 0 is an unknown one."""
    from tqdm import tqdm

    # In a log, a line every half minute is enough.
    interval = 0.1 if sys.stderr.isatty() else 30.0
    tracked: Iterable[Any] = tqdm(
        items, total=total or None, desc=f"{description:<20}", file=sys.stderr, mininterval=interval
    )
    return tracked


def warn(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one line of strict JSON."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_result(options: Any, value: Any, text: str) -> None:
    """Print a result as JSON if `--json` asks for it, else as a line of text."""
    if options.json:
        print_json(value)
    else:
        print(text)


def warn_set_aside(set_aside: Mapping[str, Any] | None) -> None:
    """Name on standard error the articles that a job could not read, from its `set_aside`."""
    if set_aside and set_aside["n"]:
        named = ", ".join(f"{article['id']} ({article['error']})" for article in set_aside["articles"])
        more = ", …" if set_aside["n"] > len(set_aside["articles"]) else ""
        warn(f"set aside {set_aside['n']} articles that cannot be read: {named}{more}")


def user_name() -> str:
    """Return the name under which the history of the models records a change."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def print_champion(champion: Champion, as_json: bool) -> None:
    """Print which version serves now, and which did before."""
    if as_json:
        print_json(vars(champion))
    else:
        print(f"{champion.version} is champion; before it: {champion.previous or 'none'}")


def warn_dropped(before: Taxonomy | None, after: Taxonomy | None) -> None:
    """Name on standard error the tags of the previous champion that the new one lacks."""
    from classifier.serving.taxonomy_changes import dropped_tags

    if dropped := [tag.id for tag in dropped_tags(before, after)]:
        warn(f"the new champion lacks tags that the previous one had: {listed(dropped)}")


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - N_LISTED} more" if len(names) > N_LISTED else ""
    return ", ".join(names[:N_LISTED]) + more


@contextmanager
def shared_by(address: str | None) -> Iterator[None]:
    """Share the work with the Dask cluster at an address; None: this machine alone."""
    from classifier.parallel.cluster import cluster

    with cluster(address) as workers:
        if workers:
            warn(f"{len(workers)} workers of {address} share the work")
        yield
