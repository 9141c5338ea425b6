"""Removes the traces that deleted articles leave outside the database's rows.

The ids and strongest terms in the precedents of kept models, the ids in their snapshots, in reports on disk and in records of
runs, and the text in SQLite's write-ahead log. Nothing of that is told from the moment of the deletion on; a process of its own
removes it from the disk soon after, and `retrain` and `forget` do before they end.
"""

import time

import structlog

from classifier.errors import Busy, TaggerError
from classifier.serving.beside import repeat, run_beside
from classifier.serving.registry import Registry
from classifier.store.store import Store

JOB = "traces"
POLL_SECONDS = 5.0
TRY_SECONDS = 20.0  # from one try of a folder of models to the next, over all processes of a machine
LOG_SECONDS = 10.0  # for which a command tries to empty the log while others read


def remove_traces(store: Store, registry: Registry) -> bool:
    """Remove the traces of deleted articles, and return whether all are gone. Raise `Busy` if another process does it."""
    with store.runs.alone(JOB):
        last = store.deletions.last()
        registry.deleted.follow(store.deletions.digests)
        if last == registry.deleted.cleaned == 0:
            return True
        registry.clean()
        for page in [registry.folder / "drift.html", *(registry.folder / "runs").glob("*.*")]:
            if page.is_file() and registry.deleted.named_in(page.read_text(encoding="utf-8", errors="replace")):
                page.unlink()
        store.deletions.clean_records(registry.deleted)
        until = time.monotonic() + LOG_SECONDS
        while not (is_clean := store.deletions.clean_log()) and time.monotonic() < until:
            time.sleep(0.2)
        if is_clean:
            registry.deleted.note_cleaned(last)
        return is_clean


def try_to_remove_traces(store: Store, registry: Registry) -> str | None:
    """Remove what is left of deleted articles, and return why some of it has to wait, or None."""
    try:
        if remove_traces(store, registry):
            return None
    except Busy:
        return "another process is removing what is left of deleted articles"
    except (TaggerError, OSError) as error:
        return f"what is left of deleted articles could not be removed: {error}"
    return "others read the database; the running service empties its write-ahead log in some seconds"


def watch_traces(store: Store, registry: Registry) -> None:
    """Have the traces of deleted articles removed from now on, while the service runs."""
    repeat(JOB, POLL_SECONDS, lambda: have_traces_removed(store, registry), "traces_remain")


def have_traces_removed(store: Store, registry: Registry) -> None:
    """Have the traces removed if there may be any and no process of this machine has tried just now."""
    if store.deletions.last() == registry.deleted.cleaned:
        return  # another number, a lower one too: a database that was restored knows of other deletions
    if store.counters.hit(f"traces {registry.folder.absolute()}", TRY_SECONDS).n == 1:
        reason = run_beside(store, registry.folder, "forget", "--traces")
        if reason is not None:
            structlog.get_logger().warning("traces_remain", reason=reason)
