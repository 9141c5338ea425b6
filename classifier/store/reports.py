"""Reports that take too long for a request: kept in the database, where every process and machine reads them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from classifier.store.events import RISING as RISING_NAME
from classifier.store.events import Noted, note_once
from classifier.store.rows import Part
from classifier.store.schema import reports

DESK, TAGS, LINT, RISING, DRIFT = "desk", "tags", "lint", "rising", "drift"
DATA, PROGRESS = "data", "progress of data"
SHEET = "scores "  # before the name of a model version
NEWS_DAYS = 28  # after which a name that still rises, or rises again, is news once more
_NAMED = re.compile(r'"article(?:_id)?":"([^"]*)"|"ids":\[([^]]*)]')


@dataclass(frozen=True)
class KeptReport:
    """A report as it was made: `last_decision` is the number of the newest decision that it may know, 0 for none."""

    name: str
    made_at: str
    last_decision: int
    taxonomy_version: str
    content: dict[str, Any]


class Reports(Part):
    """The kept reports of a store, one of each name."""

    def get(self, name: str) -> KeptReport | None:
        """Return the report that was kept last under a name, or None."""
        row = self._row(select(reports).where(reports.c.name == name))
        return KeptReport(**{**row, "content": json.loads(row["content"])}) if row else None

    def stamp(self, name: str) -> KeptReport | None:
        """Return the report that was kept last under a name without its content, or None."""
        columns = [column for column in reports.c if column.name != "content"]
        row = self._row(select(*columns).where(reports.c.name == name))
        return KeptReport(**row, content={}) if row else None

    def put(self, report: KeptReport, risen: Sequence[Noted] = ()) -> None:
        """Keep a report instead of the one before it, and add events for names that rise anew, see `events.rising`."""
        content = json.dumps(report.content, ensure_ascii=False, separators=(",", ":"))
        with self.engine.begin() as connection:
            connection.execute(reports.delete().where(reports.c.name == report.name))
            connection.execute(reports.insert().values({**vars(report), "content": content}))
            if risen:
                note_once(connection, RISING_NAME, risen, NEWS_DAYS)

    def drop(self, name: str) -> None:
        """Forget the report of a name, if there is one."""
        with self.engine.begin() as connection:
            connection.execute(reports.delete().where(reports.c.name == name))

    def keep_only(self, prefix: str, names: Sequence[str]) -> None:
        """Remove the reports whose names begin with a prefix, but for some."""
        with self.engine.begin() as connection:
            others = reports.c.name.startswith(prefix, autoescape=True) & reports.c.name.not_in(names)
            connection.execute(reports.delete().where(others))


def drop_reports_on(connection: Connection, article_ids: list[str]) -> None:
    """Remove the stored reports that name one of these articles. The next reader has them made again."""
    may_name_some = reports.c.name.not_in((TAGS, LINT))
    for row in connection.execute(select(reports.c.name, reports.c.content).where(may_name_some)).all():
        if not set(article_ids).isdisjoint(_named(row.content)):
            connection.execute(reports.delete().where(reports.c.name == row.name))


def _named(content: str) -> Iterator[str]:
    """Yield the ids of the articles that a report names. An id has no character that JSON would write in another way."""
    for one, several in _NAMED.findall(content):
        yield one
        yield from several.replace('"', "").split(",")
