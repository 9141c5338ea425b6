"""The number of articles by day, source and state, kept up to date by triggers of the database.

Each article that comes, goes, or changes its day, source or state changes two rows of `article_counts`: that of the day and that
of all days. The counts are exact whatever program writes, and no request has to count the articles. On PostgreSQL several rows
may hold counts of the same day, source and state, so that no transaction waits for another. Only their sum has a meaning.
"""

from collections.abc import Sequence
from string import Template
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, inspect, select

from classifier.store.schema import article_counts

ALL_DAYS = ""  # the day of the counts of all days together
_COUNT_ALL = """
    INSERT INTO article_counts (day, source, state, n)
    SELECT substr(dated_at, 1, 10), source, state, count(*) FROM articles GROUP BY 1, 2, 3
    UNION ALL SELECT '', source, state, count(*) FROM articles GROUP BY 1, 2, 3
"""
_OF = "day = $day AND source = $row.source AND state = $row.state"
_ON_SQLITE = f"""
    INSERT INTO article_counts (day, source, state, n)
    SELECT $day, $row.source, $row.state, 0 WHERE NOT EXISTS (SELECT 1 FROM article_counts WHERE {_OF});
    UPDATE article_counts SET n = n $change WHERE {_OF};
"""  # noqa: S608 - nothing of it is anybody's input
_ON_POSTGRESQL = f"""
    UPDATE article_counts SET n = n $change
    WHERE number = (SELECT number FROM article_counts WHERE {_OF} LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO article_counts (day, source, state, n) VALUES ($day, $row.source, $row.state, 0 $change);
    END IF;
"""  # noqa: S608
_CHANGED = "OLD.dated_at <> NEW.dated_at OR OLD.source <> NEW.source OR OLD.state <> NEW.state"


def _changes(template: str) -> tuple[str, str]:
    """Return the statements that take the old row off the counts, and those that add the new one."""
    take, add = (
        "".join(
            Template(template).substitute(row=row, change=change, day=day)
            for day in ("''", f"substr({row}.dated_at, 1, 10)")
        )
        for row, change in (("OLD", "- 1"), ("NEW", "+ 1"))
    )
    return take, add


_TAKE, _ADD = _changes(_ON_SQLITE)
_SQLITE = (
    f"CREATE TRIGGER count_new_article AFTER INSERT ON articles BEGIN {_ADD} END",
    f"CREATE TRIGGER count_deleted_article AFTER DELETE ON articles BEGIN {_TAKE} END",
    "CREATE TRIGGER count_changed_article AFTER UPDATE OF dated_at, source, state ON articles "
    f"WHEN {_CHANGED} BEGIN {_TAKE} {_ADD} END",
)
_TAKE, _ADD = _changes(_ON_POSTGRESQL)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION count_article() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP <> 'INSERT' THEN {_TAKE} END IF; IF TG_OP <> 'DELETE' THEN {_ADD} END IF; RETURN NULL; END $$",
    "CREATE TRIGGER count_new_article AFTER INSERT ON articles FOR EACH ROW EXECUTE FUNCTION count_article()",
    "CREATE TRIGGER count_deleted_article AFTER DELETE ON articles FOR EACH ROW EXECUTE FUNCTION count_article()",
    "CREATE TRIGGER count_changed_article AFTER UPDATE OF dated_at, source, state ON articles FOR EACH ROW "
    f"WHEN ({_CHANGED}) EXECUTE FUNCTION count_article()",
)
_TRIGGERS = ("count_new_article", "count_deleted_article", "count_changed_article")
_THERE = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'articles'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'articles'::regclass",
}


def counted(*by: str, of_days: Sequence[ColumnElement[bool]] = ()) -> Select[Any]:
    """Return the query that counts articles by columns of `article_counts`, on all days or on some."""
    columns = [article_counts.c[name] for name in by]
    days = [article_counts.c.day != ALL_DAYS, *of_days] if of_days else [article_counts.c.day == ALL_DAYS]
    return select(*columns, func.sum(article_counts.c.n)).where(*days).group_by(*columns)


def keep_counts(connection: Connection) -> None:
    """Create the triggers and count all articles, unless that was done and no migration has rebuilt the table since."""
    if not inspect(connection).has_table(article_counts.name):
        return  # of an older version
    dialect = connection.dialect.name
    if set(connection.exec_driver_sql(_THERE[dialect]).scalars()) >= set(_TRIGGERS):
        return
    stop_counting(connection)
    for statement in _SQLITE if dialect == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)
    connection.execute(article_counts.delete())
    connection.exec_driver_sql(_COUNT_ALL)


def stop_counting(connection: Connection) -> None:
    """Remove the triggers."""
    for name in _TRIGGERS:
        of_table = "" if connection.dialect.name == "sqlite" else " ON articles"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{of_table}")
