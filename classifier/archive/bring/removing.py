"""Taking an archive out again: the articles that it stored are deleted, except those on which an editor has decided."""

from typing import Any

from classifier.domain.sentences import REMOVED
from classifier.serving.registry import Registry
from classifier.serving.traces import try_to_remove_traces
from classifier.store.brought import DELETING
from classifier.store.runs import Run
from classifier.store.store import Store
from classifier.texts import english
from classifier.training.progress import Watched


def remove_archive(store: Store, registry: Registry, stored: Run, progress: Watched) -> tuple[str, dict[str, Any]]:
    """Delete the articles of a run that stored an archive. Return what was done in words and figures.

    Tags, models and articles that were there before stay. A second call goes on where the first one was stopped.
    """
    progress.step(DELETING)
    n = store.brought.remove(stored, progress)
    progress.step("cleaning")
    try_to_remove_traces(store, registry)  # what has to wait, the service removes within seconds
    kept = store.brought.count(stored).n_decided
    return english(REMOVED, n=n, kept=kept), {"n_removed": n, "n_decided": kept}
