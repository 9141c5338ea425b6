"""Kept reports as they were read last: a large one takes longer to read than a page may take."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from classifier.store.reports import KeptReport
from classifier.store.store import Store

Content = TypeVar("Content")


class Kept(NamedTuple, Generic[Content]):
    """The content of a kept report, and when and of what it was made."""

    content: Content
    stamp: KeptReport


class Remembered(Generic[Content]):
    """Reads a report of a name, once for each time it was made. Nobody may change what it returns."""

    def __init__(self, name: str, read: Callable[[dict[str, Any]], Content]) -> None:
        self._name, self._read = name, read
        self._last: tuple[tuple[str, str], Kept[Content]] | None = None

    def of(self, store: Store) -> Kept[Content] | None:
        """Return what was kept last, None if nothing ever was."""
        stamp = store.reports.stamp(self._name)
        if stamp is None:
            return None
        which, last = (str(store.engine.url), stamp.made_at), self._last
        if last is None or last[0] != which:
            report = store.reports.get(self._name)
            if report is None:
                return None
            last = self._last = (which[0], report.made_at), Kept(self._read(report.content), stamp)
        return last[1]
