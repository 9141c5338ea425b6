"""What has changed, in one append-only table: articles, suggestions, decisions, archive runs, the taxonomy and the models.

Whatever changes one of them adds its event in the same transaction. An event says who changed what and when, and names the row
that says more. What happened before the table existed was taken over from those rows.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, text

from classifier.store.rows import Part, ago, now, one_at_a_time
from classifier.store.schema import events

STORED, CHANGED = "article_stored", "article_changed"
SUGGESTED = "suggested"  # subject: the suggestion set
DECIDED = "decided"  # subject: the decision
ADDED, TAKEN_BACK = "tags_added", "tags_taken_back"  # by an archive run, the subject
TAXONOMY = "taxonomy_changed"  # subject: the change set
RETRAINED = "retrained"  # subject: the run
TRAINING = "training"  # subject: the run that somebody asked for or stopped, as `facts["action"]` says
CHAMPION = "champion"  # subject: the version that serves from then on
MODEL = "model"  # a version was pinned, fixed or put in shadow, as `facts["action"]` says; subject: the version
RISING = "rising_name"  # subject: the digest of the name, which stands in the report of rising names alone
OVERDUE = "retrain_overdue"  # subject: the last run

SETTLING_SECONDS = 2.0  # for which a reader waits for transactions that are at it


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


_WRITERS = """
SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'events'::regclass
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
"""


class Events(Part):
    """The events of a store, in their order."""

    def last(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return self._number(select(func.max(events.c.n)))

    def settled(self) -> int | None:
        """Return a number up to which every event there will ever be can be read, or None while that is not known.

        On PostgreSQL an event may become visible after one with a higher number: numbers are drawn before the commit. Whoever
        has drawn one holds a lock on the table until then. On SQLite there is one writer at a time.
        """
        last = self.last()
        if self.engine.dialect.name != "postgresql":
            return last
        until, at_it = time.monotonic() + SETTLING_SECONDS, self._writers()
        while at_it and time.monotonic() < until:
            time.sleep(0.02)
            at_it &= self._writers()
        return None if at_it else last

    def _writers(self) -> set[str]:
        """Return the transactions that write events at this moment."""
        with self.reading() as connection:
            return set(connection.scalars(text(_WRITERS)))

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

    def add(self, kind: str, change: Noted) -> None:
        """Add the event of a change that was made outside of the database."""
        with self.engine.begin() as connection:
            note(connection, kind, [change])

    def follow_champions(self, champions: Sequence[Mapping[str, Any]]) -> None:
        """Note those changes of the champion that are not noted yet. Their files are no part of the database.

        Args:
            champions: with version, by, at, action and why of each change, oldest first.
        """
        with self.engine.begin() as connection:
            one_at_a_time(connection, "champions")
            # Their moments are whole seconds: one version may come, go and come back within one.
            columns = (events.c.subject, events.c.at, events.c.by)
            known = {tuple(row) for row in connection.execute(select(*columns).where(events.c.kind == CHAMPION))}
            new = [each for each in champions if (each["version"], each["at"], each["by"]) not in known]
            note(connection, CHAMPION, map(_noted, new))

    def _events(self, query: Any) -> list[Event]:
        return [Event(*row) for row in self._tuples(query)]


def _noted(champion: Mapping[str, Any]) -> Noted:
    facts = {"action": champion["action"], "why": champion["why"]}
    return Noted(champion["by"], subject=champion["version"], facts=facts, at=champion["at"])


def rising(name: str, n_articles: int) -> Noted:
    """Return the event of a name that rises, with the number of articles of the week that name it."""
    return Noted("drift-report", subject=digest_of_name(name), facts={"n_articles": n_articles})


def digest_of_name(name: str) -> str:
    """Return what stands for a name in an event: events stay when the articles that have the name are deleted."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()


def note(connection: Connection, kind: str, changes: Iterable[Noted]) -> None:
    """Add events of a kind. One without a moment happened now."""
    at = now()
    rows = [{"kind": kind, **change._asdict(), "at": change.at or at} for change in changes]
    if rows:
        connection.execute(events.insert(), rows)


def note_once(connection: Connection, kind: str, changes: Sequence[Noted], days: int) -> None:
    """Add those events of a kind whose subject has had none for so many days."""
    one_at_a_time(connection, kind)
    recent = select(events.c.subject).where(events.c.kind == kind, events.c.at > ago(days=days))
    known = set(connection.scalars(recent))
    note(connection, kind, [each for each in changes if each.subject not in known])
