"""Requests that are sent again: the same key and body get the same answer, and are carried out once.

The answer is kept in the transaction that carries the request out: a process that dies leaves both or neither, so whoever sends
it again need not wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import BadDecision, Busy
from classifier.store.rows import now, reading
from classifier.store.schema import requests

KEPT_DAYS = 7


@dataclass(frozen=True)
class Request:
    """A request with a key of its sender; the digest is of what it asks for."""

    sender: str
    key: str
    digest: str


class Requests:
    """The requests of a store that carried a key."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, request: Request) -> dict[str, Any] | None:
        """Return what a request was answered, or None if it was not carried out yet.

        Raises:
            BadDecision: if the key came with another body before.
        """
        with reading(self._engine) as connection:
            return answered(connection, request)


def answered(connection: Connection, request: Request) -> dict[str, Any] | None:
    """Return what a request was answered, as the transaction sees it; raise as `Requests.answer`."""
    row = connection.execute(select(requests.c.digest, requests.c.answer).where(_of(request))).first()
    if row is None or row.answer is None:  # left by a process of an older version that died
        return None
    if row.digest != request.digest:
        raise BadDecision("This Idempotency-Key came with another body before. Use a new one.", "Idempotency-Key")
    answer: dict[str, Any] = row.answer
    return answer


def keep(connection: Connection, request: Request, answer: dict[str, Any]) -> None:
    """Keep the answer of a request in the transaction that carries it out, and forget old ones.

    Raises:
        Busy: if another request with this key is being carried out.
    """
    before = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="microseconds")
    over = (requests.c.started_at < before) | (_of(request) & requests.c.answer.is_(None))
    connection.execute(requests.delete().where(over))
    try:
        connection.execute(requests.insert().values(**vars(request), answer=answer, started_at=now()))
    except IntegrityError:
        raise Busy("A request with this Idempotency-Key is being carried out. Send it again in a second.") from None


def _of(request: Request) -> ColumnElement[bool]:
    return (requests.c.sender == request.sender) & (requests.c.key == request.key)
