"""Messages: what a webhook is sent of an event, and how it is signed (https://www.standardwebhooks.com).

A message has ids, links and facts, and never a text of an article. It is made anew for each try, of rows that never change.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from classifier.store.events import (
    CHAMPION,
    DECIDED,
    OVERDUE,
    RETRAINED,
    RISING,
    SUGGESTED,
    TAXONOMY,
    Event,
    digest_of_name,
)
from classifier.store.reports import RISING as RISING_REPORT
from classifier.store.store import Store
from classifier.store.webhooks import SECRET_PREFIX, kind_of

Facts = Mapping[str, Any]
TEST = "test"  # the kind of a message that nothing has happened for


class Messages:
    """Makes messages of events. `address` is that of the service, for links; without one they are paths."""

    def __init__(self, store: Store, address: str = "") -> None:
        self._store, self._address = store, address.rstrip("/")
        self._facts: dict[str, Callable[[Event], Facts]] = {
            SUGGESTED: lambda event: {"suggestion_set_id": event.subject, "model_version": event.by},
            DECIDED: lambda event: {"decision_id": event.subject, "by": event.by, **self._decision(event)},
            TAXONOMY: lambda event: {"change_set_id": event.subject, "by": event.by, **self._changes(event)},
            CHAMPION: lambda event: {"version": event.subject, "by": event.by, "action": _fact(event, "action")},
            RETRAINED: lambda event: {
                "run_id": event.subject,
                **{name: _fact(event, name) for name in ("version", "outcome", "held", "checks")},
            },
            RISING: lambda event: {"name": self.name(event), "n_articles": _fact(event, "n_articles")},
            OVERDUE: lambda event: {
                "run_id": event.subject,
                "failed": _fact(event, "failed"),
                "since": _fact(event, "since"),
            },
        }

    def of(self, event: Event) -> dict[str, Any]:
        """Return the message of an event as plain JSON."""
        about = {"article_id": event.article_id} if event.article_id is not None else {}
        data = {**about, **self._facts[event.kind](event), "links": self.links(event)}
        return {"id": message_id(event), "type": kind_of(event), "timestamp": event.at, "data": data}

    def links(self, event: Event) -> dict[str, str]:
        """Return where more stands of an event: for programs under `api`, for people under `page`."""
        subject, article = quote(event.subject or "", safe=""), quote(event.article_id or "", safe="")
        paths = {
            SUGGESTED: {"api": f"/v1/articles/{article}", "page": f"/review/{article}"},
            DECIDED: {"api": f"/v1/articles/{article}/decisions", "page": f"/articles/{article}/history"},
            TAXONOMY: {"api": f"/v1/tags/change-sets/{subject}", "page": f"/tags/changes/{subject}"},
            CHAMPION: {"api": "/v1/model"},
            RETRAINED: {"page": f"/runs/{subject}"},
            OVERDUE: {"page": "/runs"},
            RISING: {"page": "/tags/rising"},
        }[event.kind]
        return {name: self._address + path for name, path in paths.items()}

    def name(self, event: Event) -> str | None:
        """Return the name that rises, None if the report of rising names does not have it any more."""
        report = self._store.reports.get(RISING_REPORT)
        names = [row["name"] for row in report.content["rising"]] if report is not None else []
        return next((name for name in names if digest_of_name(name) == event.subject), None)

    def _decision(self, event: Event) -> Facts:
        row = self._store.log.decision(str(event.subject))
        return {} if row is None else {"tag": row.tag, "action": row.action, "reason": row.reason}

    def _changes(self, event: Event) -> Facts:
        return {"changes": self._store.taxonomy.numbers_of(str(event.subject))}


def message_id(event: Event) -> str:
    """Return the id by which a receiver knows an event again. A restored database gives no number of an event another id."""
    what = f"{event.n} {event.at} {event.kind} {event.subject}"
    return f"msg_{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def written(message: Facts) -> bytes:
    """Return a message as it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(message_id: str, secret: str, body: bytes, at: int | None = None) -> dict[str, str]:
    """Return the headers of a message, with its signature of this moment, or of `at` (seconds since 1970)."""
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "article-tagger",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _fact(event: Event, name: str) -> Any:
    return (event.facts or {}).get(name)
