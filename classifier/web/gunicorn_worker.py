"""gunicorn's worker with threads, and a deadline for the head of each request.

gunicorn waits without limit for the rest of a head, and each client that stalls there holds a thread. Bodies have a
deadline of their own (`guard.limits.in_time`).
"""

import os
from concurrent.futures import Future
from typing import Any

from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

from classifier.web.guard.deadlines import Deadlines


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gives up a client that has not sent the head of its request within TAGGER_READ_SECONDS and a second."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # A second more than bodies have: those are answered.
        self._heads = Deadlines(float(os.environ.get("TAGGER_READ_SECONDS", "15")) + 1.0)

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread read a request. The time in the queue counts, or many stalled clients would add up theirs."""
        self._heads.begin(conn.sock)
        super().enqueue_req(conn)

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Answer a request, whose head is complete."""
        self._heads.end(conn.sock)
        return bool(super().handle_request(req, conn))

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Close a connection, or wait for its next request."""
        self._heads.end(conn.sock)
        super().finish_request(conn, fs)
