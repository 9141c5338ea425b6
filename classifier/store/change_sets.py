"""Change sets: operations on the taxonomy that belong together, proposed, and then applied or declined, and perhaps undone."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, func, select
from typing_extensions import TypedDict

from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import Operation, operation_from_json, operation_to_json
from classifier.domain.taxonomy_log import UNDO
from classifier.errors import NotFound, WrongState
from classifier.store.rows import Part, existing_row, new_id, now, one_at_a_time
from classifier.store.schema import change_sets
from classifier.texts import N_, _, gettext, pgettext

CHANGE_SET_STATES = ("proposed", "scheduled", "applied", "declined", "undone")
PROPOSED, SCHEDULED, APPLIED, DECLINED, UNDONE = CHANGE_SET_STATES
DRAFT = "draft"  # operations that a person collects: the only set in this state that is theirs, listed for nobody
N_IN_TITLE = 10
_UNDECIDED = dict.fromkeys(("decided_by", "decided_at", "preview", "based_on", "apply_at"))


class Conflict(TypedDict):
    """Why a scheduled set could not be applied: in words, and the numbers of the changes in the way."""

    detail: str
    numbers: list[int]


@dataclass(frozen=True)
class ChangeSet:
    """A change set. `ops` are its operations as plain JSON, `preview` what they did or would do when it was decided on.

    A scheduled set is applied at `apply_at`, in UTC. `conflict` is why it was not, and is proposed again.
    """

    id: str
    state: str
    title: str
    ops: list[dict[str, Any]]
    by: str
    at: str
    decided_by: str | None = None
    decided_at: str | None = None
    article_id: str | None = None
    preview: dict[str, Any] | None = None
    based_on: int | None = None
    apply_at: str | None = None
    conflict: Conflict | None = None

    @property
    def lines(self) -> list[str]:
        """The operations as people write them."""
        return [
            f"undo {operation['n']}"
            if operation.get("op") == UNDO
            else operation_to_text(operation_from_json(operation))
            for operation in self.ops
        ]

    @property
    def operations(self) -> list[Operation]:
        """The operations."""
        return [operation_from_json(operation) for operation in self.ops]


def title_of(operations: Sequence[Operation]) -> str:
    """Return what a change set is called if nobody has said it: its first operations, and how many more there are."""
    first = "; ".join(map(operation_to_text, operations[:N_IN_TITLE]))
    return f"{first}; and {len(operations) - N_IN_TITLE} more" if len(operations) > N_IN_TITLE else first


_FIELDS = [change_sets.c[field.name] for field in fields(ChangeSet)]


class ChangeSets(Part):
    """The change sets of a store."""

    def propose(self, operations: Sequence[Operation], by: str, note: str = "", article_id: str | None = None) -> str:
        """Keep operations that somebody proposes, and return the id of the set. Raise `NotFound` if there is no such article."""
        title = note or title_of(operations)
        ops = [operation_to_json(operation) for operation in operations]
        values = {"id": new_id(), "state": PROPOSED, "title": title, "ops": ops, "by": by, "at": now()}
        with self.engine.begin() as connection:
            if article_id is not None:
                existing_row(connection, article_id)
            connection.execute(change_sets.insert().values(values | {"article_id": article_id}))
        return str(values["id"])

    def get(self, set_id: str) -> ChangeSet:
        """Return a change set, or raise `NotFound`."""
        with self.reading() as connection:
            return change_set(connection, set_id)

    def list(self, state: str | None = None, limit: int = 100) -> list[ChangeSet]:
        """Return change sets, newest first."""
        wanted = change_sets.c.state != DRAFT if state is None else change_sets.c.state == state
        query = select(*_FIELDS).where(wanted).order_by(change_sets.c.at.desc(), change_sets.c.id).limit(limit)
        return [ChangeSet(*row) for row in self._tuples(query)]

    def list_decided(self, limit: int, before: str = "") -> Sequence[ChangeSet]:
        """Return change sets that were decided on, those decided last first. `before` is when the last one of a page was."""
        decided = change_sets.c.decided_at.is_not(None), change_sets.c.state.in_((APPLIED, DECLINED, UNDONE))
        query = select(*_FIELDS).where(*decided, *([change_sets.c.decided_at < before] if before else []))
        query = query.order_by(change_sets.c.decided_at.desc(), change_sets.c.id).limit(limit)
        return [ChangeSet(*row) for row in self._tuples(query)]

    def count(self, state: str) -> int:
        """Return how many change sets are in a state."""
        return self._number(select(func.count()).where(change_sets.c.state == state))

    def draft_of(self, by: str) -> ChangeSet | None:
        """Return the operations that a person collects, None if there are none."""
        query = select(*_FIELDS).where(change_sets.c.state == DRAFT, change_sets.c.by == by)
        rows = self._tuples(query.order_by(change_sets.c.at, change_sets.c.id).limit(1))
        return ChangeSet(*rows[0]) if rows else None

    def draft(self, operations: Sequence[Operation], by: str) -> None:
        """Keep the operations that a person collects, in the place of those before. Without any, none are kept."""
        mine = (change_sets.c.state == DRAFT) & (change_sets.c.by == by)
        ops = [operation_to_json(operation) for operation in operations]
        values = {"ops": ops, "title": title_of(operations), "at": now()}
        with self.engine.begin() as connection:
            one_at_a_time(connection, "drafts of change sets")
            if not ops:
                connection.execute(change_sets.delete().where(mine))
            elif not connection.execute(change_sets.update().where(mine).values(values)).rowcount:
                connection.execute(change_sets.insert().values({"id": new_id(), "state": DRAFT, "by": by, **values}))

    def hand_in(self, set_id: str, by: str, title: str = "") -> None:
        """Make the operations that a person collected a proposed change set. Raises what `settle` does."""
        with self.engine.begin() as connection:
            titled = {"title": title} if title else {}
            settle(connection, set_id, DRAFT, PROPOSED, by, **_UNDECIDED, **titled, at=now())

    def give_title(self, set_id: str, title: str) -> None:
        """Say what a change set is called."""
        with self.engine.begin() as connection:
            connection.execute(change_sets.update().where(change_sets.c.id == set_id).values(title=title))

    def decline(self, set_id: str, by: str) -> None:
        """Decline a proposed change set. Raises `NotFound`, and `WrongState` if it is not proposed."""
        with self.engine.begin() as connection:
            settle(connection, set_id, PROPOSED, DECLINED, by)

    def take_back(self, set_id: str, by: str, conflict: Conflict | None = None) -> None:
        """Make a scheduled change set a proposed one again. Raises `NotFound`, and `WrongState` if it is not scheduled."""
        with self.engine.begin() as connection:
            settle(connection, set_id, SCHEDULED, PROPOSED, by, **_UNDECIDED, conflict=conflict)

    def due(self) -> Sequence[ChangeSet]:
        """Return the scheduled change sets whose time has come, the earliest first."""
        is_due = change_sets.c.state == SCHEDULED, change_sets.c.apply_at <= now()
        query = select(*_FIELDS).where(*is_due).order_by(change_sets.c.apply_at, change_sets.c.at)
        return [ChangeSet(*row) for row in self._tuples(query)]

    def in_conflict(self) -> Sequence[ChangeSet]:
        """Return the proposed change sets that could not be applied when their time had come."""
        is_so = change_sets.c.state == PROPOSED, change_sets.c.conflict.is_not(None)
        return [ChangeSet(*row) for row in self._tuples(select(*_FIELDS).where(*is_so).order_by(change_sets.c.at))]


def change_set(connection: Connection, set_id: str) -> ChangeSet:
    """Return a change set, or raise `NotFound`."""
    row = connection.execute(select(*_FIELDS).where(change_sets.c.id == set_id)).first() if set_id.isalnum() else None
    if row is None:
        raise NotFound(_("There is no change set %(id)s.", id=repr(set_id[:40])))
    return ChangeSet(*row)


def wrong_state(present: ChangeSet, wanted: str) -> WrongState:
    """Return the error that a change set is in another state than is wanted."""
    facts = {"state": pgettext("change set", present.state), "wanted": pgettext("change set", wanted)}
    text = N_("The change set is %(state)s, not %(wanted)s: %(title)s")
    return WrongState(gettext(text, **facts, title=present.title[:200]))


def settle(connection: Connection, set_id: str, before: str, after: str, by: str, **values: object) -> None:
    """Bring a change set from one state into another, once. Raises `NotFound`, and `WrongState` if it is in another state."""
    is_so = (change_sets.c.id == set_id) & (change_sets.c.state == before)
    decided = {"state": after, "decided_by": by, "decided_at": now(), **values}
    if not connection.execute(change_sets.update().where(is_so).values(decided)).rowcount:
        present = change_set(connection, set_id)
        raise wrong_state(present, before)
