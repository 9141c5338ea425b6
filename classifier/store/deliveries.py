"""Deliveries: events on their way to webhooks, each until its receiver has taken it or it was given up.

A try is noted before it is made, with the time of the next one. So whatever ends a process, the delivery is tried again then,
and two processes never try it at the same time. Of one topic, which is an article or a kind of news, a later event is not
tried while an earlier one has not been taken.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from classifier.store.events import Event
from classifier.store.rows import Part, ago, now
from classifier.store.schema import deliveries, events, webhooks
from classifier.store.webhooks import ACTIVE, FAILED, WAITING, Webhook, kind_of
from classifier.texts import _, ngettext

FIRST_SECONDS, LONGEST_SECONDS = 30.0, 4 * 3600.0  # between two tries
KEPT_TRYING_HOURS = 72  # after the first try; then a delivery is given up
RESTING_SECONDS, LONGEST_REST = 15.0, 600.0  # of a webhook whose receiver does not answer at all
JITTER = 0.2  # of every wait, so that receivers are not all asked at the same moment
N_WAITING = 1000  # deliveries of a webhook that are arranged ahead
HELD_BACK = "held back: an earlier one was given up"

_chance = random.Random()  # noqa: S311 - of waits, not of secrets


@dataclass(frozen=True)
class Delivery:
    """An event on its way. `attempts` counts its tries, the present one included; `n` names it."""

    n: int
    webhook_id: str
    topic: str
    state: str
    attempts: int
    next_at: str
    first_at: str | None
    tried_at: str | None
    error: str | None


class Due(NamedTuple):
    """A delivery that is to be made now, with its event."""

    delivery: Delivery
    event: Event


_FIELDS = [field.name for field in fields(Delivery)]
_COLUMNS = [deliveries.c[name] for name in _FIELDS]
_EVENT = [events.c[field.name].label(f"event_{field.name}") for field in fields(Event)]


def seconds_until(attempt: int, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> float:
    """Return after how many seconds to try again, once a try of a number, 1 for the first, has failed."""
    doubled = first * 2.0 ** min(attempt - 1, 30)
    return min(doubled, longest) * _chance.uniform(1.0 - JITTER, 1.0 + JITTER)


class Deliveries(Part):
    """The deliveries of a store."""

    def arrange(self, webhook: Webhook, last: int, each_alone: bool = False) -> int:
        """Arrange the delivery of events up to the number `last` that a webhook asks for, and return their number.

        With `each_alone` every event is a topic of its own.
        """
        found, place = self._news(webhook, last)
        if not found:
            return 0
        since = webhook.at[: len("2026-01-01T00:00:00")]  # the times of champions have whole seconds
        wanted = [each for each in found if kind_of(each) in webhook.kinds and each.at >= since]
        topics = {each.n: f"event {each.n}" if each_alone else topic_of(each) for each in wanted}
        with self.giving_way() as connection:
            if rows := _rows(webhook, topics, _given_up(connection, webhook.id)):
                connection.execute(deliveries.insert(), rows)
            connection.execute(webhooks.update().where(webhooks.c.id == webhook.id).values(place=place))
        return len(topics)

    def _news(self, webhook: Webhook, last: int) -> tuple[list[Event], int]:
        """Return the next events of the kinds that a webhook asks for, as many as may wait, and the place behind them."""
        of_state = (deliveries.c.webhook_id == webhook.id) & (deliveries.c.state == WAITING)
        free = max(N_WAITING - self._number(select(func.count()).select_from(deliveries).where(of_state)), 0)
        behind = (events.c.n > webhook.place) & (events.c.n <= last) & events.c.kind.in_(webhook.kinds_of_events)
        query = select(*(events.c[field.name] for field in fields(Event))).where(behind).order_by(events.c.n)
        found = [Event(*row) for row in self._tuples(query.limit(free))]
        return found, last if len(found) < free else found[-1].n if found else webhook.place

    def take(self, webhook: Webhook, at_most: int = 1) -> list[Due]:
        """Return deliveries that are due, the oldest first, each of another topic. Their next tries are arranged."""
        with self.giving_way() as connection:
            rows = connection.execute(_due(webhook.id, at_most)).mappings().all()
            return [_taken(connection, row) for row in rows]

    def delivered(self, webhook: Webhook, dues: Sequence[Due]) -> None:
        """Note that a receiver has taken deliveries. If it has been silent before, all that waits is tried at once."""
        of_webhook = webhooks.c.id == webhook.id
        with self.giving_way() as connection:
            connection.execute(deliveries.delete().where(_numbered(dues)))
            if connection.scalar(select(webhooks.c.n_silent).where(of_webhook)):
                waiting = (deliveries.c.webhook_id == webhook.id) & (deliveries.c.state == WAITING)
                connection.execute(deliveries.update().where(waiting).values(next_at=now()))
            answers = {"delivered_at": now(), "n_silent": 0, "resting_until": None}
            connection.execute(webhooks.update().where(of_webhook).values(answers))

    def failed(self, webhook: Webhook, dues: Sequence[Due], error: str, silent: bool) -> None:
        """Note why deliveries were not taken. After days of tries they are given up, with those that wait behind them.

        A receiver that is `silent`, since it is down or overloaded, rests as a whole, longer each time.
        """
        over = deliveries.c.first_at < ago(hours=KEPT_TRYING_HOURS)
        with self.giving_way() as connection:
            connection.execute(deliveries.update().where(_numbered(dues)).values(error=error[:200]))
            ended = connection.execute(deliveries.update().where(_numbered(dues), over).values(state=FAILED))
            if ended.rowcount:
                _hold_back(connection, webhook.id, [due.delivery.topic for due in dues])
            if silent:
                n = 1 + (connection.scalar(select(webhooks.c.n_silent).where(webhooks.c.id == webhook.id)) or 0)
                rest = ago(seconds=-seconds_until(n, RESTING_SECONDS, LONGEST_REST))
                values = {"n_silent": n, "resting_until": rest}
                connection.execute(webhooks.update().where(webhooks.c.id == webhook.id).values(values))

    def given_up(self, webhook_id: str | None = None, limit: int = 200) -> list[Due]:
        """Return deliveries that were given up, the oldest first."""
        query = _with_events().where(deliveries.c.state == FAILED)
        if webhook_id is not None:
            query = query.where(deliveries.c.webhook_id == webhook_id)
        return [_due_of(row) for row in self._rows(query.order_by(deliveries.c.event, deliveries.c.n).limit(limit))]

    def problem(self) -> str | None:
        """Return what is wrong with deliveries in a sentence, or None: some were given up, or wait for an hour already."""
        failed = self._number(select(func.count()).select_from(deliveries).where(deliveries.c.state == FAILED))
        if failed:
            return ngettext(
                "%(n)s message to webhooks were given up.", "%(n)s messages to webhooks were given up.", failed
            )
        late = (deliveries.c.first_at < ago(hours=1)) & deliveries.c.error.is_not(None)
        waiting = self._number(select(func.count()).select_from(deliveries).where(late))
        if waiting:
            return _("Receivers of webhooks have not taken %(n)s of their messages for over an hour.", n=waiting)
        return None

    def counts(self) -> dict[str, int]:
        """Return how many deliveries wait, were tried in vain and wait, and were given up."""
        tried = (deliveries.c.attempts > 0) & deliveries.c.error.is_not(None) & (deliveries.c.state == WAITING)
        query = select(deliveries.c.state, tried.label("late"), func.count()).group_by(deliveries.c.state, "late")
        counts = {"waiting": 0, "late": 0, "failed": 0}
        for state, late, n in self._tuples(query):
            counts["late" if late else state] += n
        return counts

    def send_again(self, numbers: Collection[int] | None = None) -> int:
        """Try given-up deliveries again at once, and the earlier ones of their topics with them. None: all of them."""
        anew = {"state": WAITING, "attempts": 0, "first_at": None, "error": None, "next_at": now()}
        later = deliveries.alias()
        same = (later.c.webhook_id == deliveries.c.webhook_id) & (later.c.topic == deliveries.c.topic)
        named = select(1).where(same, later.c.event >= deliveries.c.event, _chosen(later, numbers)).exists()
        of_webhooks = select(deliveries.c.webhook_id).where(_chosen(deliveries, numbers))
        awake = webhooks.update().where(webhooks.c.id.in_(of_webhooks)).values(resting_until=None, n_silent=0)
        with self.engine.begin() as connection:
            connection.execute(awake)
            changed = deliveries.update().where(deliveries.c.state == FAILED, named).values(anew)
            return int(connection.execute(changed).rowcount)

    def drop(self, numbers: Collection[int] | None = None) -> int:
        """Remove given-up deliveries, which are never sent then. None: all of them."""
        with self.engine.begin() as connection:
            return int(connection.execute(deliveries.delete().where(_chosen(deliveries, numbers))).rowcount)


def _chosen(table: Any, numbers: Collection[int] | None) -> ColumnElement[bool]:
    """Return the condition for given-up deliveries of some numbers."""
    failed: ColumnElement[bool] = table.c.state == FAILED
    return failed if numbers is None else failed & table.c.n.in_(list(numbers))


def topic_of(event: Event) -> str:
    """Return what the order of an event counts in: its article, or for what is about none its kind."""
    return f"article {event.article_id}" if event.article_id is not None else f"news {event.kind}"


def _given_up(connection: Connection, webhook_id: str) -> set[str]:
    """Return the topics of which a delivery was given up."""
    failed = (deliveries.c.webhook_id == webhook_id) & (deliveries.c.state == FAILED)
    return set(connection.scalars(select(deliveries.c.topic).where(failed).distinct()))


def _rows(webhook: Webhook, topics: dict[int, str], given_up: set[str]) -> list[dict[str, Any]]:
    """Return the rows of new deliveries by events. What is of a topic of which one was given up waits for a person, too."""
    rows = []
    for event, topic in topics.items():
        held = topic in given_up
        state, error = (FAILED, HELD_BACK) if held else (WAITING, None)
        row = {"webhook_id": webhook.id, "event": event, "topic": topic, "state": state, "error": error}
        rows.append(row | {"attempts": 0, "next_at": now()})
    return rows


def _hold_back(connection: Connection, webhook_id: str, topics: Sequence[str]) -> None:
    """Give up what waits behind deliveries that were given up."""
    given_up = _given_up(connection, webhook_id).intersection(topics)
    behind = (deliveries.c.webhook_id == webhook_id) & (deliveries.c.state == WAITING)
    held = deliveries.update().where(behind, deliveries.c.topic.in_(given_up))
    connection.execute(held.values(state=FAILED, error=HELD_BACK))


def _with_events() -> Select[Any]:
    return select(*_COLUMNS, *_EVENT).join_from(deliveries, events, deliveries.c.event == events.c.n)


def _due(webhook_id: str, at_most: int) -> Select[Any]:
    """Return the query for what is due, locked: nothing of a webhook that is paused or rests, nothing behind an earlier one."""
    earlier = deliveries.alias()
    same = (earlier.c.webhook_id == deliveries.c.webhook_id) & (earlier.c.topic == deliveries.c.topic)
    behind = select(1).where(same, earlier.c.event < deliveries.c.event).exists()
    awake = webhooks.c.resting_until.is_(None) | (webhooks.c.resting_until <= now())
    to_it = select(1).where(webhooks.c.id == webhook_id, webhooks.c.state == ACTIVE, awake).exists()
    waits = (deliveries.c.state == WAITING) & (deliveries.c.next_at <= now())
    query = _with_events().where(deliveries.c.webhook_id == webhook_id, waits, to_it, ~behind)
    return query.order_by(deliveries.c.event).limit(at_most).with_for_update(of=deliveries)


def _taken(connection: Connection, row: Any) -> Due:
    """Note a try before it is made: if its process dies, the next one comes at the time that is noted here."""
    attempt = row["attempts"] + 1
    tried = {"attempts": attempt, "tried_at": now(), "first_at": row["first_at"] or now()}
    tried["next_at"] = ago(seconds=-seconds_until(attempt))
    connection.execute(deliveries.update().where(deliveries.c.n == row["n"]).values(tried))
    return _due_of({**row, **tried})


def _due_of(row: Any) -> Due:
    event = Event(*(row[column.name] for column in _EVENT))
    return Due(Delivery(**{name: row[name] for name in _FIELDS}), event)


def _numbered(dues: Sequence[Due]) -> ColumnElement[bool]:
    return deliveries.c.n.in_([due.delivery.n for due in dues])
