"""Webhooks: who is told of which events, where, and signed with which secret."""

import base64
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import NotFound
from classifier.store.events import CHAMPION, DECIDED, OVERDUE, RETRAINED, RISING, SUGGESTED, TAXONOMY, Event
from classifier.store.rows import Part, now
from classifier.store.runs import NOT_PROMOTED
from classifier.store.schema import deliveries, events, webhooks
from classifier.texts import _

ACTIVE, PAUSED = "active", "paused"
WAITING, FAILED = "waiting", "failed"  # states of a delivery
MODEL_HELD, MODEL_REFUSED = "model_held", "model_refused"
# What a receiver may ask for, by the kind of event that it is made of.
KIND_OF_EVENT = {
    SUGGESTED: "suggestions_ready",
    DECIDED: "decision",
    TAXONOMY: "taxonomy_changed",
    CHAMPION: "model_promoted",
    RISING: "rising_name",
    OVERDUE: "retraining_overdue",
}
KINDS = (*KIND_OF_EVENT.values(), MODEL_HELD, MODEL_REFUSED)
MAIL = "mail"  # id of what goes by e-mail
SECRET_PREFIX = "whsec_"  # noqa: S105 - as Standard Webhooks marks them


def kind_of(event: Event) -> str | None:
    """Return what an event is to a receiver, or None if it is no news."""
    if event.kind != RETRAINED:
        return KIND_OF_EVENT.get(event.kind)
    facts = event.facts or {}
    if facts.get("outcome") == NOT_PROMOTED:
        return MODEL_REFUSED
    return MODEL_HELD if facts.get("held") else None


@dataclass(frozen=True)
class Webhook:
    """A subscription. `place` is the last event that it was asked for, and `resting_until` when it is tried again.

    `n_silent` counts the tries since its receiver last answered. `secret` is no part of it.
    """

    id: str
    url: str
    kinds: list[str]
    state: str
    by: str
    at: str
    place: int
    n_silent: int
    resting_until: str | None
    delivered_at: str | None
    n_waiting: int = 0
    n_failed: int = 0

    @property
    def kinds_of_events(self) -> list[str]:
        """The kinds of events of which its news are made."""
        of_runs = [RETRAINED] if {MODEL_HELD, MODEL_REFUSED}.intersection(self.kinds) else []
        return [kind for kind, news in KIND_OF_EVENT.items() if news in self.kinds] + of_runs


_COLUMNS = [webhooks.c[field.name] for field in fields(Webhook) if field.name in webhooks.c]


class Webhooks(Part):
    """The webhooks of a store."""

    def add(self, url: str, kinds: Collection[str], by: str, hook_id: str | None = None) -> tuple[Webhook, str]:
        """Add a webhook that is told of what happens from now on, and return it with its secret."""
        hook_id = hook_id or secrets.token_hex(4)
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        with self.engine.begin() as connection:
            place = connection.scalar(select(func.max(events.c.n))) or 0
            asked = [kind for kind in KINDS if kind in kinds]
            row = {"id": hook_id, "url": url, "kinds": asked, "secret": secret, "state": ACTIVE, "by": by}
            connection.execute(webhooks.insert().values({**row, "at": now(), "place": place, "n_silent": 0}))
        return self.get(hook_id), secret

    def active(self) -> list[Webhook]:
        """Return the webhooks to which something may be sent now."""
        awake = webhooks.c.resting_until.is_(None) | (webhooks.c.resting_until <= now())
        query = select(*_COLUMNS).where(webhooks.c.state == ACTIVE, awake)
        return [Webhook(**row) for row in self._rows(query.order_by(webhooks.c.at))]

    def list(self) -> list[Webhook]:
        """Return all webhooks with the numbers of their deliveries, the oldest first."""
        by_state = {
            state: select(func.count())
            .where(deliveries.c.webhook_id == webhooks.c.id, deliveries.c.state == state)
            .scalar_subquery()
            for state in (WAITING, FAILED)
        }
        query = select(*_COLUMNS, *(count.label(f"n_{state}") for state, count in by_state.items()))
        return [Webhook(**row) for row in self._rows(query.order_by(webhooks.c.at, webhooks.c.id))]

    def get(self, hook_id: str) -> Webhook:
        """Return a webhook, or raise `NotFound`."""
        webhook = next((each for each in self.list() if each.id == hook_id), None)
        if webhook is None:
            raise NotFound(_("There is no webhook %(id)s.", id=repr(hook_id[:40])))
        return webhook

    def secret(self, hook_id: str) -> str:
        """Return the secret by which the messages to a webhook are signed, or raise `NotFound`."""
        found = self._values(select(webhooks.c.secret).where(webhooks.c.id == self.get(hook_id).id))
        return str(found[0])

    def keep_mail(self, kinds: Collection[str]) -> None:
        """Let news of some kinds be mailed, from now on if none were before. No kinds: nothing is mailed any more."""
        there = self._values(select(webhooks.c.kinds).where(webhooks.c.id == MAIL))
        if there and not kinds:
            self.remove(MAIL)
        elif kinds and not there:
            with suppress(IntegrityError):  # another process was faster
                self.add(f"{MAIL}to:", kinds, "the settings", MAIL)

    def pause(self, hook_id: str) -> None:
        """Send nothing to a webhook from now on. What happens meanwhile waits for it."""
        self._change(hook_id, state=PAUSED)

    def resume(self, hook_id: str) -> None:
        """Send to a webhook again, all that has happened since it was paused too."""
        self._change(hook_id, state=ACTIVE, resting_until=None, n_silent=0)

    def remove(self, hook_id: str) -> None:
        """Remove a webhook, and with it what was to be sent to it."""
        with self.engine.begin() as connection:
            if not connection.execute(webhooks.delete().where(webhooks.c.id == hook_id)).rowcount:
                raise NotFound(_("There is no webhook %(id)s.", id=repr(hook_id[:40])))

    def _change(self, hook_id: str, **values: Any) -> None:
        self.get(hook_id)
        with self.engine.begin() as connection:
            connection.execute(webhooks.update().where(webhooks.c.id == hook_id).values(values))
