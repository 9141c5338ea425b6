"""What has changed, in one append-only table: articles, suggestions, decisions, archive runs, the taxonomy and the models.

Whatever changes one of them adds its event in the same transaction. An event says who changed what and when, and names the row
that says more. What happened before the table existed was taken over from those rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from classifier.store.rows import Part, now, one_at_a_time
from classifier.store.schema import events

STORED, CHANGED = "article_stored", "article_changed"
SUGGESTED = "suggested"  # subject: the suggestion set
DECIDED = "decided"  # subject: the decision
ADDED, TAKEN_BACK = "tags_added", "tags_taken_back"  # by an archive run, the subject
TAXONOMY = "taxonomy_changed"  # subject: the change set
RETRAINED = "retrained"  # subject: the run
CHAMPION = "champion"  # subject: the version that serves from then on


@dataclass(frozen=True)
class Event:
    """A change: who made it and when, and the ids of the article that it is about and of the row that says more."""

    n: int
    at: str
    kind: str
    by: str
    article_id: str | None = None
    subject: str | None = None
    facts: Mapping[str, Any] | None = None


class Noted(NamedTuple):
    """An event to be added."""

    by: str
    article_id: str | None = None
    subject: str | None = None
    facts: Mapping[str, Any] | None = None
    at: str | None = None


_COLUMNS = [events.c[field.name] for field in fields(Event)]


class Events(Part):
    """The events of a store, in their order."""

    def last(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return self._number(select(func.max(events.c.n)))

    def since(self, n: int, limit: int) -> list[Event]:
        """Return up to `limit` events behind a number, the oldest first."""
        return self._events(select(*_COLUMNS).where(events.c.n > n).order_by(events.c.n).limit(limit))

    def of_article(self, article_id: str) -> list[Event]:
        """Return the events of an article, the oldest first."""
        return self._events(
            select(*_COLUMNS).where(events.c.article_id == article_id).order_by(events.c.at, events.c.n)
        )

    def about(self, kind: str, subjects: Sequence[str]) -> list[Event]:
        """Return the events of a kind that name one of some rows, the oldest first."""
        of_kind = select(*_COLUMNS).where(events.c.kind == kind, events.c.subject.in_(subjects))
        return self._events(of_kind.order_by(events.c.n))

    def follow_champions(self, champions: Sequence[Mapping[str, Any]]) -> None:
        """Note those changes of the champion that are not noted yet. Their files are no part of the database.

        Args:
            champions: with version, by, at, action and why of each change, oldest first.
        """
        with self.engine.begin() as connection:
            one_at_a_time(connection, "champions")
            noted = connection.execute(select(events.c.subject, events.c.at).where(events.c.kind == CHAMPION))
            known = {tuple(row) for row in noted}
            new = [each for each in champions if (each["version"], each["at"]) not in known]
            note(connection, CHAMPION, map(_noted, new))

    def _events(self, query: Any) -> list[Event]:
        return [Event(*row) for row in self._tuples(query)]


def _noted(champion: Mapping[str, Any]) -> Noted:
    facts = {"action": champion["action"], "why": champion["why"]}
    return Noted(champion["by"], subject=champion["version"], facts=facts, at=champion["at"])


def note(connection: Connection, kind: str, changes: Iterable[Noted]) -> None:
    """Add events of a kind. One without a moment happened now."""
    at = now()
    rows = [{"kind": kind, **change._asdict(), "at": change.at or at} for change in changes]
    if rows:
        connection.execute(events.insert(), rows)
