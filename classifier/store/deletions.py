"""The deleted articles, as digests of their ids, and their traces in the database's files and records."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

from classifier.domain.deleted import Deleted, digest_of
from classifier.domain.progress import Track
from classifier.store.changes import note_change
from classifier.store.reports import drop_reports_on
from classifier.store.rows import BATCH, Part, hold_articles, now
from classifier.store.runs import FAILED, RUNNING
from classifier.store.schema import articles, deletions, requests, runs

CHECKPOINT_MS = 500  # a checkpoint waits so long for readers, and writers wait for the checkpoint


class Deletions(Part):
    """The deletions of a store, in their order."""

    def last(self) -> int:
        """Return the number of the newest deletion, 0 if there was none."""
        return self._number(select(func.max(deletions.c.n)))

    def delete(self, query: Select[Any], track: Track, label: str) -> int:
        """Delete the articles whose ids a query finds, with all that hangs on them, and return their number.

        Other writers go first. What the query does not find any more when its turn comes, such as what somebody has sent or
        decided on meanwhile, stays.
        """
        found, n = self._values(query), 0
        ids = iter(track(found, len(found), label))
        while batch := list(islice(ids, BATCH)):
            with self.giving_way() as connection:
                hold_articles(connection, batch)
                n += delete_articles(connection, list(connection.scalars(query.where(articles.c.id.in_(batch)))))
        return n

    def digests(self) -> list[str]:
        """Return the digests of the ids of all deleted articles."""
        return self._values(select(deletions.c.digest))

    def clean_records(self, deleted: Deleted) -> None:
        """Take deleted articles out of the records of runs, except of archive runs that can still be resumed."""
        rows = self._tuples(select(runs.c.id, runs.c.job, runs.c.outcome, runs.c.result))
        named = [row for row in rows if row.result and deleted.named_in(json.dumps(row.result, ensure_ascii=False))]
        for row in named:
            if row.job == "archive" and row.outcome in (RUNNING, FAILED):
                continue
            with self.giving_way() as connection:
                values = {"result": _without(row.result, deleted)}
                connection.execute(runs.update().where(runs.c.id == row.id).values(values))

    def clean_log(self) -> bool:
        """Merge SQLite's write-ahead log into its file and empty it. Return whether that succeeded.

        Deleted rows are overwritten in the file (secure_delete), but stay in the log until then.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        connection = self.engine.raw_connection()
        try:
            driver = connection.driver_connection
            assert driver is not None
            before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout={CHECKPOINT_MS}")
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout={before}")
            return not busy
        finally:
            connection.close()


def delete_articles(connection: Connection, article_ids: list[str]) -> int:
    """Delete articles and all that hangs on them, and return their number."""
    hold_articles(connection, article_ids)  # a decision that is being logged keeps its reply, which has to go too
    of_request = requests.c.answer["article_id"].as_string()
    connection.execute(requests.delete().where(of_request.in_(article_ids)))
    drop_reports_on(connection, article_ids)
    note_deleted(connection, article_ids)
    n = connection.execute(articles.delete().where(articles.c.id.in_(article_ids))).rowcount
    note_change(connection)
    return n


def note_deleted(connection: Connection, article_ids: Sequence[str]) -> None:
    """Note that articles are deleted."""
    note_stored(connection, article_ids)
    rows = [{"digest": digest_of(article_id), "at": now()} for article_id in article_ids]
    if rows:
        connection.execute(deletions.insert(), rows)


def note_stored(connection: Connection, article_ids: Iterable[str]) -> None:
    """Note that articles are stored, which may have been deleted before."""
    digests = [digest_of(article_id) for article_id in article_ids]
    connection.execute(deletions.delete().where(deletions.c.digest.in_(digests)))


def _without(value: Any, deleted: Deleted) -> Any:
    """Return plain JSON without the ids of deleted articles, and without the quotes that stand beside one."""
    if isinstance(value, list):
        left = (element for element in value if not (isinstance(element, str) and element in deleted))
        return [_without(element, deleted) for element in left]
    if isinstance(value, dict):
        cleaned = {name: _without(element, deleted) for name, element in value.items()}
        if cleaned != value and value.get("quote"):
            cleaned["quote"] = ""
        return cleaned
    return "" if isinstance(value, str) and value in deleted else value
