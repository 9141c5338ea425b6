"""The service applies change sets whose time has come, and keeps the published taxonomy up to the log.

It also does so where a process was killed between the two. And it notes changes of the champion among the events of the store:
they are made in files, by whoever promotes.
"""

from contextlib import suppress
from dataclasses import asdict

from classifier.errors import BadModel
from classifier.serving.beside import repeat
from classifier.serving.champion import pointer_of
from classifier.serving.head import head_file, published
from classifier.serving.registry import Registry
from classifier.serving.serving import stat_of
from classifier.serving.taxonomy import publish
from classifier.store.store import Store
from classifier.texts import _

POLL_SECONDS = 1.0


class Publisher:
    """Publishes the taxonomy of a store whenever its log or the published file has changed, whoever changed it."""

    def __init__(self, registry: Registry, store: Store) -> None:
        self.registry, self.store = registry, store
        self._seen: tuple[object, ...] | None = None
        self._champion: object = None

    def start(self) -> None:
        """Publish now if that can be done, and from now on, in a thread of its own."""
        with suppress(Exception):  # the thread tries again, and says what is wrong
            self.work()
        repeat("taxonomy", POLL_SECONDS, self.work, "no_taxonomy")

    def work(self) -> None:
        """Apply what is due, and publish once if anything has changed since the last time."""
        try:
            self._follow_champions()
            self.store.taxonomy.apply_due()
        finally:  # whatever a set fails of, the taxonomy is published
            if self._now() != self._seen:
                self._check_folder()
                head = publish(self.registry, self.store)
                self._seen = self._now() if head is not None else None

    def _follow_champions(self) -> None:
        champion = stat_of(pointer_of(self.registry.folder))
        if champion != self._champion:
            self.store.events.follow_champions([asdict(each) for each in self.registry.history()])
            self._champion = champion

    def _check_folder(self) -> None:
        """Raise `BadModel` if somebody else publishes where this process has: two would overwrite each other for ever."""
        there = published(self.registry.folder)
        if self._seen is not None and there is not None and there.log not in (None, self.store.taxonomy.log_id()):
            folder = self.registry.folder
            raise BadModel(
                _(
                    "Another service, with another database, publishes its taxonomy in %(folder)s. Give each a folder.",
                    folder=folder,
                )
            )

    def _now(self) -> tuple[object, ...]:
        return self.store.taxonomy.last(), stat_of(head_file(self.registry.folder))
