"""Requests that are sent again: the same key and body get the same reply, and are carried out once.

The reply is kept in the transaction that carries the request out: a process that dies leaves both or neither, so whoever sends
it again need not wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import BadDecision, Busy
from classifier.store.rows import ago, now
from classifier.store.schema import requests
from classifier.texts import _

KEPT_DAYS = 7


@dataclass(frozen=True)
class Request:
    """A request with its sender's idempotency key and the digest of what it asks for."""

    sender: str
    key: str
    digest: str


def reply_to(connection: Connection, request: Request) -> Mapping[str, object] | None:
    """Return the reply to a request, or None. Raise `BadDecision` if its key came with another body before."""
    row = connection.execute(select(requests.c.digest, requests.c.answer).where(_of(request))).first()
    if row is None or row.answer is None:  # left by a process of an older version that died
        return None
    if row.digest != request.digest:
        raise BadDecision(_("This Idempotency-Key came with another body before. Use a new one."), "Idempotency-Key")
    reply: Mapping[str, object] = row.answer
    return reply


def keep(connection: Connection, request: Request, reply: Mapping[str, object]) -> None:
    """Keep the reply to a request in its transaction, and forget old ones. Raise `Busy` if its key is at work."""
    over = (requests.c.started_at < ago(days=KEPT_DAYS)) | (_of(request) & requests.c.answer.is_(None))
    connection.execute(requests.delete().where(over))
    try:
        connection.execute(requests.insert().values(**vars(request), answer=reply, started_at=now()))
    except IntegrityError:
        raise Busy(_("A request with this Idempotency-Key is being carried out. Send it again in a second.")) from None


def _of(request: Request) -> ColumnElement[bool]:
    return (requests.c.sender == request.sender) & (requests.c.key == request.key)
