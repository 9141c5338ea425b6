"""Changing the taxonomy: in the log of the store, and then in the file beside the models that all processes read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from classifier.domain.operations import Operation
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import Head
from classifier.errors import BadModel
from classifier.serving.head import Published, published, read_head, write_head
from classifier.serving.registry import Registry

if TYPE_CHECKING:  # commands that answer without a store import no SQLAlchemy
    from classifier.store.store import Store
    from classifier.store.taxonomy import Applied, Then

IMPORTED = "import"  # who appended what no person did


def publish(registry: Registry, store: Store) -> Head | None:
    """Bring the published taxonomy up to the log, and return it. None: there is no taxonomy yet.

    An empty log begins with the taxonomy that is published, or that of the champion. What is read under the lock is at least as
    new as what anybody has committed before, so that an older taxonomy never takes the place of a newer one.
    """
    with registry.locked():
        head, there = store.taxonomy.head(), published(registry.folder)
        if head is not None and there is not None and (there.n, there.version) == (head.n, head.taxonomy.version):
            return head
        if (reason := _why_to_take_over(head, there, store)) is not None:
            with suppress(BadModel):  # written anew below
                present = read_head(registry.folder)
                if present is not None:
                    store.taxonomy.adopt(present.taxonomy, IMPORTED, reason)
        elif head is None and (first := _first_of(registry)) is not None:
            store.taxonomy.import_first(first, IMPORTED)
        head = store.taxonomy.head()
        if head is not None:
            write_head(registry.folder, head, store.taxonomy.log_id())
        return head


def _why_to_take_over(head: Head | None, there: Published | None, store: Store) -> str | None:
    """Return why the log takes over what is published, None if it does not."""
    if head is None or there is None or there.version == head.taxonomy.version:
        return None
    if there.n is None:
        return "A model was trained by hand"
    is_behind = there.log is not None and there.log == store.taxonomy.log_id() and there.n > (head.n or 0)
    return "The database was put back behind what was published" if is_behind else None


def _first_of(registry: Registry) -> Taxonomy | None:
    """Return the taxonomy with which a log begins: the published one, or that of the champion."""
    present = None
    with suppress(BadModel):
        present = read_head(registry.folder)
    return present.taxonomy if present is not None else registry.champions_taxonomy()


def change(
    registry: Registry,
    store: Store,
    operations: Sequence[Operation],
    by: str,
    note: str = "",
    based_on: int | None = None,
    then: Then | None = None,
) -> Applied:
    """Carry out operations as one change set, and publish the taxonomy. Takes and raises what `TaxonomyChanges.apply` does."""
    publish(registry, store)
    applied = store.taxonomy.apply(operations, by, note, based_on, then=then)
    publish(registry, store)
    return applied


def undo(
    registry: Registry, store: Store, numbers: Sequence[int], by: str, note: str = "", undone: str | None = None
) -> Applied:
    """Take back rows of the log, and publish the taxonomy. Raises what `TaxonomyChanges.undo` does."""
    from classifier.store.following import follow_undo

    publish(registry, store)
    applied = store.taxonomy.undo(numbers, by, note, undone, partial(follow_undo, by=by))
    publish(registry, store)
    return applied


def take_over(registry: Registry, store: Store, taxonomy: Taxonomy, by: str, note: str = "") -> Head | None:
    """Make a whole taxonomy the one of now, as one change set, unless it is, and publish it."""
    head = publish(registry, store)
    if head is None:
        store.taxonomy.import_first(taxonomy, by)
    elif head.taxonomy.version != taxonomy.version:
        store.taxonomy.adopt(taxonomy, by, note)
    return publish(registry, store)
