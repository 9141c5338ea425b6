"""The log of the taxonomy in the store: appended to by one transaction at a time, and folded once in each process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, func, select

from classifier.domain.operations import Operation, operation_to_json
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import UNDO, FoldedLog, Head, Row, import_row, row_of
from classifier.errors import BadOperation, ChangedMeanwhile, NotFound, WrongState
from classifier.store.change_sets import (
    APPLIED,
    PROPOSED,
    SCHEDULED,
    UNDONE,
    ChangeSet,
    ChangeSets,
    Conflict,
    settle,
    title_of,
)
from classifier.store.changes import note_change
from classifier.store.events import TAXONOMY, Noted, note
from classifier.store.rows import Part, new_id, now, one_at_a_time
from classifier.store.schema import change_sets, taxonomy_changes
from classifier.texts import _

_COLUMNS = [taxonomy_changes.c[name] for name in ("n", "op", "args", "at", "by", "change_set", "undoes")]
_IDENTITY = [taxonomy_changes.c[name] for name in ("n", "at", "change_set")]


Then = Callable[[Connection, FoldedLog, Sequence[Row]], None]  # given the log and what was appended to it


class Applied(NamedTuple):
    """What was appended to the log: the change set, the numbers of its rows, and the head with them."""

    change_set: str
    numbers: list[int]
    head: Head


_folded: WeakKeyDictionary[Dialect, FoldedLog] = WeakKeyDictionary()  # each engine has a dialect of its own
_folding = threading.Lock()


def folded(connection: Connection) -> FoldedLog:
    """Return the log as a connection sees it. Nobody may change it."""
    present = _folded.get(connection.dialect)
    if present is not None and _last_of(present) == _last(connection):
        return present
    with _folding:
        present = _folded.get(connection.dialect)
        goes_on = present is not None and _last_of(present) == _last(connection, present.n)
        log = present.copy() if present is not None and goes_on else FoldedLog()
        query = select(*_COLUMNS).where(taxonomy_changes.c.n > log.n).order_by(taxonomy_changes.c.n)
        for row in connection.execute(query):
            log.append(Row(*row))
        _folded[connection.dialect] = log
        return log


def head_of(connection: Connection) -> Taxonomy | None:
    """Return the taxonomy at the head of the log as a connection sees it, None if the log is empty."""
    log = folded(connection)
    return log.taxonomy() if log.n else None


def _last(connection: Connection, n: int | None = None) -> tuple[object, ...]:
    """Return what tells the last row from that of any other log, also of the same length; or that of the row n."""
    query = select(*_IDENTITY).order_by(taxonomy_changes.c.n.desc()).limit(1)
    row = connection.execute(query if n is None else query.where(taxonomy_changes.c.n == n)).first()
    return tuple(row) if row is not None else ()


def _last_of(log: FoldedLog) -> tuple[object, ...]:
    return (log.n, log.rows[-1].at, log.rows[-1].change_set) if log.n else ()


class TaxonomyChanges(Part):
    """The log of the taxonomy of a store."""

    def head(self) -> Head | None:
        """Return the taxonomy at the head of the log, None if the log is empty."""
        log = self.log()
        return Head(log.n, log.taxonomy()) if log.n else None

    def last(self) -> int:
        """Return the number of the last row, 0 if there is none."""
        return self._number(select(func.max(taxonomy_changes.c.n)))

    def log_id(self) -> str | None:
        """Return what tells the log from those of other stores, None if it is empty."""
        return next((row.change_set for row in self.log().rows[:1]), None)

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

        return self._append(play, _as_new(by, "The taxonomy of the champion", []))

    def adopt(self, taxonomy: Taxonomy, by: str, note: str = "") -> Applied:
        """Take over a whole taxonomy as one change. Tags that it lacks are retired."""

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            log.append(import_row(taxonomy, log.n + 1, at, by, change_set))

        return self._append(play, _as_new(by, note, []))

    def apply(
        self,
        operations: Sequence[Operation],
        by: str,
        note: str = "",
        based_on: int | None = None,
        proposed: str | None = None,
        preview: Mapping[str, Any] | None = None,
        state: str = PROPOSED,
        then: Then | None = None,
    ) -> Applied:
        """Carry out operations as one change set, all or none: as a new one, or as the one that was `proposed`.

        `preview` is kept with a proposed set, whose `state` has to be this one. `then` does what belongs to the change in the
        same transaction.

        Raises:
            BadOperation: if one does not fit the taxonomy.
            ChangedMeanwhile: if a row behind `based_on` touches one of the same tags.
            WrongState: if the set is not proposed any more.
        """

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            if based_on is not None and based_on < log.n:
                _check_base(log, based_on, operations, at)
            for operation in operations:
                log.append(row_of(operation, log.n + 1, at, by, change_set))

        def record_proposed(connection: Connection, set_id: str, before: int) -> None:
            settle(connection, set_id, state, APPLIED, by, preview=preview, based_on=before, conflict=None)

        if proposed is not None:
            return self._append(play, record_proposed, proposed, then)
        title = note or title_of(operations)
        return self._append(play, _as_new(by, title, list(map(operation_to_json, operations))), then=then)

    def schedule(
        self,
        change_set: ChangeSet,
        by: str,
        apply_at: str,
        based_on: int,
        preview: Mapping[str, Any],
        state: str = PROPOSED,
    ) -> None:
        """Let a change set that is in a state be applied at a time, in UTC. Raises what `apply` does."""
        log = self.log()
        _check_base(log, based_on, change_set.operations, now())
        self.preview(change_set.operations)
        values = {"apply_at": apply_at, "based_on": log.n, "preview": preview, "conflict": None}
        with self.engine.begin() as connection:
            settle(connection, change_set.id, state, SCHEDULED, by, **values)

    def apply_due(self) -> int:
        """Apply the scheduled change sets whose time has come, each once whoever else is at it. Return how many were.

        A set that does not fit any more is proposed again, with what is in the way.
        """
        n_applied = 0
        for due in self._change_sets.due():
            by = due.decided_by or due.by
            with suppress(WrongState):  # another process was first, or somebody took it back
                try:
                    self.apply(due.operations, by, "", due.based_on, due.id, due.preview, SCHEDULED)
                    n_applied += 1
                except BadOperation as error:
                    numbers = error.numbers if isinstance(error, ChangedMeanwhile) else []
                    self._change_sets.take_back(due.id, by, Conflict(detail=str(error), numbers=numbers))
        return n_applied

    @property
    def _change_sets(self) -> ChangeSets:
        return ChangeSets(self.engine)

    def undo(
        self,
        numbers: Sequence[int],
        by: str,
        note: str = "",
        undone: str | None = None,
        then: Then | None = None,
    ) -> Applied:
        """Take back rows as one change set, all or none, the newest first. `undone` is the change set of which they are all.

        `then` does what belongs to it in the same transaction.

        Raises:
            BadOperation: if there is no such row, or it was undone before.
            DependentChanges: if later rows, which are not among them, rest on one.
            WrongState: if the set is not applied.
        """
        newest_first = sorted(set(numbers), reverse=True)
        title = note or "; ".join(f"undo {number}" for number in newest_first)
        as_new = _as_new(by, title, [{"op": UNDO, "n": number} for number in newest_first])

        def play(log: FoldedLog, change_set: str, at: str) -> None:
            for number in newest_first:
                log.append(Row(log.n + 1, UNDO, {}, at, by, change_set, log.to_undo(number)))

        def record(connection: Connection, set_id: str, before: int) -> None:
            as_new(connection, set_id, before)
            if undone is not None:
                settle(connection, undone, APPLIED, UNDONE, by)

        return self._append(play, record, then=then)

    def rows_of(self, change_set: str) -> list[int]:
        """Return the numbers of the rows of an applied change set, or raise `NotFound`."""
        if not (numbers := self.numbers_of(change_set)):
            raise NotFound(_("There is no applied change set %(id)s.", id=repr(change_set[:40])))
        return numbers

    def numbers_of(self, change_set: str) -> list[int]:
        """Return the numbers of the rows of a change set, none unless it was applied."""
        query = select(taxonomy_changes.c.n).where(taxonomy_changes.c.change_set == change_set)
        return self._values(query.order_by(taxonomy_changes.c.n))

    def preview(self, operations: Sequence[Operation]) -> FoldedLog:
        """Return the log with operations that are carried out but not stored. Raise `BadOperation` as `apply` does."""
        log = self.log().copy()
        for operation in operations:
            log.append(row_of(operation, log.n + 1, now()))
        return log

    def fitting(
        self, operations: Iterable[Operation], refused: Callable[[Operation, BadOperation], None]
    ) -> list[Operation]:
        """Return the operations that fit the taxonomy of now, each after those before it. `refused` is told of the others."""
        log, fit = self.log().copy(), list[Operation]()
        for operation in operations:
            try:
                log.append(row_of(operation, log.n + 1, now()))
            except BadOperation as error:
                refused(operation, error)
            else:
                fit.append(operation)
        return fit

    def _append(self, play: _Play, record: _Record, set_id: str | None = None, then: Then | None = None) -> Applied:
        """Append what `play` plays on the log, and `record` the change set. One transaction at a time does so."""
        change_set = set_id or new_id()
        with self.engine.begin() as connection:
            one_at_a_time(connection, "taxonomy")
            present = folded(connection)
            log = present.copy()
            play(log, change_set, now())
            rows, taxonomy = log.rows[present.n :], log.taxonomy()
            if rows:
                record(connection, change_set, present.n)
                version = {"head_version": taxonomy.version}
                connection.execute(taxonomy_changes.insert(), [vars(row) | version for row in rows])
                note(connection, TAXONOMY, [Noted(rows[0].by, subject=change_set, at=rows[0].at)])
                if then is not None:
                    then(connection, log, rows)
                note_change(connection)
        with _folding:  # it is committed, so whoever reads next need not fold it again
            _folded[self.engine.dialect] = log
        return Applied(change_set, [row.n for row in rows], Head(log.n, taxonomy))


_Play = Callable[[FoldedLog, str, str], None]  # given the log, the id of the change set and the moment
_Record = Callable[
    [Connection, str, int], None
]  # given the id of the change set and the number of the last row before it


def _as_new(by: str, title: str, ops: list[dict[str, Any]]) -> _Record:
    """Return what records a change set that is applied at once."""

    def record(connection: Connection, set_id: str, before: int) -> None:
        values = {"id": set_id, "state": APPLIED, "title": title, "ops": ops, "by": by, "at": (at := now())}
        decided = {"decided_by": by, "decided_at": at, "based_on": before}
        connection.execute(change_sets.insert().values(values | decided))

    return record


def _check_base(log: FoldedLog, based_on: int, operations: Sequence[Operation], at: str) -> None:
    """Raise `ChangedMeanwhile` if rows behind `based_on` touch the same tags as operations would have there."""
    base = FoldedLog(log.rows[:based_on])
    with suppress(BadOperation):  # whether they fit now is what counts
        for operation in operations:
            base.append(row_of(operation, base.n + 1, at))
    mine, since = base.tags_since(based_on), log.tags_since(based_on)
    if theirs := sorted({n for tag, numbers in since.items() if tag in mine for n in numbers}):
        listed = "; ".join(f"{n}: {log.rows[n - 1].line}" for n in theirs)
        raise ChangedMeanwhile(_("The same tags were changed since the preview: %(changes)s.", changes=listed), theirs)
