"""The log of the taxonomy in the store: appended to by one transaction at a time, and folded once in each process."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, func, select

from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import Operation, operation_to_json
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import UNDO, FoldedLog, Head, Row, import_row, row_of
from classifier.errors import ChangedMeanwhile, NotFound
from classifier.store.changes import note_change
from classifier.store.rows import Part, new_id, now, one_at_a_time
from classifier.store.schema import change_sets, taxonomy_changes

APPLIED, UNDONE = "applied", "undone"
_COLUMNS = [taxonomy_changes.c[name] for name in ("n", "op", "args", "at", "by", "change_set", "undoes")]


class Applied(NamedTuple):
    """What was appended to the log: the change set, the numbers of its rows, and the head with them."""

    change_set: str
    numbers: list[int]
    head: Head


class _Folded(NamedTuple):
    log: FoldedLog
    taxonomy: Taxonomy


_folded: WeakKeyDictionary[Dialect, _Folded] = WeakKeyDictionary()  # each engine has a dialect of its own
_folding = threading.Lock()


def folded(connection: Connection) -> FoldedLog:
    """Return the log as a connection sees it. Nobody may change it."""
    return _up_to_date(connection).log


def head_of(connection: Connection) -> Taxonomy | None:
    """Return the taxonomy at the head of the log as a connection sees it, None if the log is empty."""
    present = _up_to_date(connection)
    return present.taxonomy if present.log.n else None


def _up_to_date(connection: Connection) -> _Folded:
    last = int(connection.scalar(select(func.max(taxonomy_changes.c.n))) or 0)
    present = _folded.get(connection.dialect)
    if present is not None and present.log.n == last:
        return present
    with _folding:
        log = present.log.copy() if present is not None and present.log.n < last else FoldedLog()
        query = select(*_COLUMNS).where(taxonomy_changes.c.n > log.n).order_by(taxonomy_changes.c.n)
        for row in connection.execute(query):
            log.append(Row(*row))
        _folded[connection.dialect] = present = _Folded(log, log.taxonomy())
        return present


class TaxonomyChanges(Part):
    """The log of the taxonomy of a store."""

    def head(self) -> Head | None:
        """Return the taxonomy at the head of the log, None if the log is empty."""
        with self.reading() as connection:
            present = _up_to_date(connection)
        return Head(present.log.n, present.taxonomy) if present.log.n else None

    def last(self) -> int:
        """Return the number of the last row, 0 if there is none."""
        return self._number(select(func.max(taxonomy_changes.c.n)))

    def log(self) -> FoldedLog:
        """Return the log as it is now. Nobody may change it."""
        with self.reading() as connection:
            return folded(connection)

    def import_first(self, taxonomy: Taxonomy, by: str) -> Applied | None:
        """Make a taxonomy the first row, unless there is one."""
        if self.head() is not None:
            return None

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            if not log.n:
                log.append(import_row(taxonomy, 1, at, by, change_set))

        return self._append(play, by, "The taxonomy of the champion", [])

    def adopt(self, taxonomy: Taxonomy, by: str, note: str = "") -> Applied:
        """Take over a whole taxonomy as one change. Tags that it lacks are retired."""

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            log.append(import_row(taxonomy, log.n + 1, at, by, change_set))

        return self._append(play, by, note, [])

    def apply(self, operations: Sequence[Operation], by: str, note: str = "", based_on: int | None = None) -> Applied:
        """Carry out operations as one change set, all or none.

        Raises:
            BadOperation: if one does not fit the taxonomy.
            ChangedMeanwhile: if a row behind `based_on` touches one of the same tags.
        """

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            before = log.n
            for operation in operations:
                log.append(row_of(operation, log.n + 1, at, by, change_set))
            _check_base(log, before if based_on is None else based_on, before)

        title = note or "; ".join(map(operation_to_text, operations))
        return self._append(play, by, title, [operation_to_json(operation) for operation in operations])

    def undo(self, numbers: Sequence[int], by: str, note: str = "") -> Applied:
        """Take back rows as one change set, all or none, the newest first.

        Raises:
            BadOperation: if there is no such row, or it was undone before.
            DependentChanges: if later rows, which are not among them, rest on one.
        """
        newest_first = sorted(set(numbers), reverse=True)

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            for number in newest_first:
                log.append(Row(log.n + 1, UNDO, {}, at, by, change_set, number))

        title = note or "; ".join(f"undo {number}" for number in newest_first)
        return self._append(play, by, title, [{"op": UNDO, "n": number} for number in newest_first])

    def rows_of(self, change_set: str) -> list[int]:
        """Return the numbers of the rows of an applied change set, or raise `NotFound`."""
        query = select(taxonomy_changes.c.n).where(taxonomy_changes.c.change_set == change_set)
        numbers: list[int] = self._values(query.order_by(taxonomy_changes.c.n))
        if not numbers:
            raise NotFound(f"There is no applied change set {change_set[:40]!r}.")
        return numbers

    def preview(self, operations: Sequence[Operation]) -> FoldedLog:
        """Return the log with operations that are carried out but not stored. Raise `BadOperation` as `apply` does."""
        log = self.log().copy()
        for operation in operations:
            log.append(row_of(operation, log.n + 1, now()))
        return log

    def _append(
        self, play: Callable[[FoldedLog, str, str], None], by: str, title: str, ops: list[dict[str, Any]]
    ) -> Applied:
        """Append what `play` plays on the log. One transaction at a time does so, on both engines."""
        change_set, at = new_id(), now()
        with self.engine.begin() as connection:
            one_at_a_time(connection, "taxonomy")
            present = folded(connection)
            log = present.copy()
            play(log, change_set, at)
            rows, taxonomy = log.rows[present.n :], log.taxonomy()
            if rows:
                values = {"id": change_set, "state": APPLIED, "title": title, "ops": ops, "by": by, "at": at}
                decided = {"decided_by": by, "decided_at": at, "based_on": present.n}
                connection.execute(change_sets.insert().values(values | decided))
                version = {"head_version": taxonomy.version}
                connection.execute(taxonomy_changes.insert(), [vars(row) | version for row in rows])
                note_change(connection)
        return Applied(change_set, [row.n for row in rows], Head(log.n, taxonomy))


def _check_base(log: FoldedLog, based_on: int, before: int) -> None:
    """Raise `ChangedMeanwhile` if rows behind a preview's touch the same tags as the new ones behind `before`."""
    mine = log.tags_since(before)
    theirs = {n for tag, numbers in log.tags_since(based_on).items() if tag in mine for n in numbers if n <= before}
    if theirs:
        listed = "; ".join(f"{n}: {log.rows[n - 1].line}" for n in sorted(theirs))
        raise ChangedMeanwhile(f"The same tags were changed since the preview: {listed}.", sorted(theirs))
