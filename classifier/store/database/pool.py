"""The pool of connections, and the error for a damaged database."""

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool

from classifier.errors import BadStore
from classifier.texts import _

POOL_SIZE = 8  # connections that are kept
POOL_SECONDS = 10


class DamagedStore(BadStore):
    """The database is broken, has lost what it acknowledged, or is no database at all."""


class Pool(QueuePool):
    """A pool that raises `BadStore` when no connection becomes free in time."""

    def connect(self) -> PoolProxiedConnection:
        """Return a connection, or raise `BadStore` if none becomes free in time."""
        try:
            return super().connect()
        except NoneFree:
            n = self.size() + max(self._max_overflow, 0)
            raise BadStore(_("All %(n)s connections to the database are at work. Ask again.", n=n)) from None
