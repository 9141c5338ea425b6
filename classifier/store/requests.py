"""Requests that are sent again: the same key and body get the same answer, and are carried out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import BadDecision, Busy
from classifier.store.rows import now
from classifier.store.schema import requests

LEASE_SECONDS = 30  # a request that runs longer has lost its process
KEPT_DAYS = 7


@dataclass(frozen=True)
class Claim:
    """The right to carry out a request; `answer` is there if that was done before."""

    sender: str
    key: str
    started_at: str
    answer: dict[str, Any] | None = None


class Requests:
    """The requests of a store that carried a key."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, sender: str, key: str, digest: str) -> Claim:
        """Return the right to carry out a request, or its answer.

        Raises:
            Busy: if it is being carried out.
            BadDecision: if the key came with another body before.
        """
        try:
            with self._engine.begin() as connection:
                return self._claimed(connection, sender, key, digest)
        except IntegrityError:  # another process made the row first
            raise _running() from None

    def _claimed(self, connection: Connection, sender: str, key: str, digest: str) -> Claim:
        at = now()
        mine = (requests.c.sender == sender) & (requests.c.key == key)
        row = connection.execute(select(requests).where(mine).with_for_update()).mappings().first()
        if row is None:
            connection.execute(requests.delete().where(requests.c.started_at < _before(days=KEPT_DAYS)))
            connection.execute(requests.insert().values(sender=sender, key=key, digest=digest, started_at=at))
            return Claim(sender, key, at)
        if row["digest"] != digest:
            raise BadDecision("This Idempotency-Key came with another body before. Use a new one.", "Idempotency-Key")
        if row["answer"] is not None:
            return Claim(sender, key, row["started_at"], row["answer"])
        if row["started_at"] > _before(seconds=LEASE_SECONDS):
            raise _running()
        connection.execute(requests.update().where(mine).values(started_at=at))
        return Claim(sender, key, at)

    @staticmethod
    def keep(connection: Connection, claim: Claim, answer: dict[str, Any]) -> None:
        """Keep the answer of a request in the transaction that carries it out.

        Raises:
            Busy: if the claim ran out and another process has taken it.
        """
        mine = (requests.c.sender == claim.sender) & (requests.c.key == claim.key)
        held = mine & (requests.c.started_at == claim.started_at) & requests.c.answer.is_(None)
        if not connection.execute(requests.update().where(held).values(answer=answer)).rowcount:
            raise _running()

    def release(self, claim: Claim) -> None:
        """Give up a claim whose request failed: it may be sent again."""
        mine = (requests.c.sender == claim.sender) & (requests.c.key == claim.key)
        with self._engine.begin() as connection:
            connection.execute(
                requests.delete().where(mine, requests.c.started_at == claim.started_at, requests.c.answer.is_(None))
            )


def _running() -> Busy:
    return Busy("A request with this Idempotency-Key is being carried out. Send it again in a second.")


def _before(**ago: int) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat(timespec="microseconds")
