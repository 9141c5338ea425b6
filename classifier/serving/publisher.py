"""The service applies change sets whose time has come, and keeps the published taxonomy up to the log.

It also does so where a process was killed between the two.
"""

from contextlib import suppress

from classifier.serving.beside import repeat
from classifier.serving.head import head_file
from classifier.serving.registry import Registry
from classifier.serving.serving import stat_of
from classifier.serving.taxonomy import publish
from classifier.store.store import Store

POLL_SECONDS = 1.0


class Publisher:
    """Publishes the taxonomy of a store whenever its log or the published file has changed, whoever changed it."""

    def __init__(self, registry: Registry, store: Store) -> None:
        self.registry, self.store = registry, store
        self._seen: tuple[object, ...] | None = None

    def start(self) -> None:
        """Publish now if that can be done, and from now on, in a thread of its own."""
        with suppress(Exception):  # the thread tries again, and says what is wrong
            self.work()
        repeat("taxonomy", POLL_SECONDS, self.work, "no_taxonomy")

    def work(self) -> None:
        """Apply what is due, and publish once if anything has changed since the last time."""
        try:
            self.store.taxonomy.apply_due()
        finally:  # whatever a set fails of, the taxonomy is published
            if self._now() != self._seen:
                head = publish(self.registry, self.store)
                self._seen = self._now() if head is not None else None

    def _now(self) -> tuple[object, ...]:
        return self.store.taxonomy.last(), stat_of(head_file(self.registry.folder))
