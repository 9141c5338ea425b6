"""gunicorn's worker with threads, a deadline for the head of each request, and threads that wait for the next request.

gunicorn waits without limit for the rest of a head, and each client that stalls there holds a thread. Bodies have a
deadline of their own (`guard.limits.in_time`).

gunicorn hands a connection back to its main thread after each answer, and from there to a thread again. That costs more
than the rest of what it does for a request. A client that asks again at once, as an archive or a page does, keeps its thread.
"""

import os
import select
from concurrent.futures import Future
from typing import Any

from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

from classifier.web.guard.deadlines import Deadlines

NEXT_MILLISECONDS = 20  # for which a thread waits for the next request of its connection


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

    def handle(self, conn: TConn) -> object:
        """Answer the next request of a connection, and those that follow soon. Runs in a thread."""
        while (kept := super().handle(conn)) is True and self._asks_again(conn):
            self._heads.begin(conn.sock)
        return kept

    def _asks_again(self, conn: TConn) -> bool:
        """Wait a little for the next request of a connection, unless the threads are wanted elsewhere."""
        n_in_threads = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        if not self.alive or n_in_threads > self.cfg.threads // 2:
            return False
        if conn.parser.unreader.buf.getvalue():  # the client has sent it together with the last one
            return True
        arrivals = select.poll()
        arrivals.register(conn.sock, select.POLLIN)
        return bool(arrivals.poll(NEXT_MILLISECONDS))

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Answer a request, whose head is complete."""
        self._heads.end(conn.sock)
        return bool(super().handle_request(req, conn))

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Close a connection, or wait for its next request."""
        self._heads.end(conn.sock)
        super().finish_request(conn, fs)
