"""The index of the search: FTS5 on SQLite, a GIN index on PostgreSQL, over the table `searched`.

On SQLite triggers keep it up to date, whatever program writes. What is deleted is taken out of the index at once, as it is
out of the file (`secure-delete`). Migrations do not know the index: it is made, and filled, where it is missing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, cast, column, inspect, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from classifier.store.schema import searched

NAME = "search_index"  # what the index is made of has names that begin so
_FIRST = 250  # characters of a word by which PostgreSQL finds it, which takes no entries of more than 2 kB
_MOST = 200_000  # characters of words, of which PostgreSQL takes 1 MB
_TRIGGERS = tuple(f"{NAME}_{what}" for what in ("new", "deleted", "changed"))
_INTO = f"INSERT INTO {NAME}"
_TAKE = f"{_INTO} ({NAME}, rowid, words, tags) VALUES ('delete', OLD.n, OLD.words, OLD.tags);"
_ADD = f"{_INTO} (rowid, words, tags) VALUES (NEW.n, NEW.words, NEW.tags);"
# Words and tags are separated by blanks. The only other sign in the id of a tag is the hyphen.
_ON_SQLITE = (
    f"CREATE VIRTUAL TABLE {NAME} USING fts5(words, tags, content='searched', content_rowid='n', detail=column, "
    "columnsize=0, tokenize=\"ascii tokenchars '-'\")",
    f"{_INTO} ({NAME}, rank) VALUES ('secure-delete', 1)",
    f"{_INTO} ({NAME}) VALUES ('rebuild')",
    f"CREATE TRIGGER {_TRIGGERS[0]} AFTER INSERT ON searched BEGIN {_ADD} END",
    f"CREATE TRIGGER {_TRIGGERS[1]} AFTER DELETE ON searched BEGIN {_TAKE} END",
    f"CREATE TRIGGER {_TRIGGERS[2]} AFTER UPDATE OF words, tags ON searched BEGIN {_TAKE} {_ADD} END",
)
_TRIGGERS_THERE = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'searched'"
_OF_FTS: Any = table(NAME, column("rowid"), column(NAME))


def _entries(name: str) -> str:
    """Return PostgreSQL's expression for the entries of a column: not its own parser's words, but ours."""
    cut = rf"regexp_replace(left({name}, {_MOST}), '([^ ]{{{_FIRST}}})[^ ]+', '\1', 'g')"
    return f"array_to_tsvector(array_remove(string_to_array({cut}, ' '), ''))"


def keep_search_index(connection: Connection) -> None:
    """Make the index and fill it, unless that was done and no migration has rebuilt the table since."""
    found = inspect(connection)
    if not found.has_table(searched.name) or "n" not in {each["name"] for each in found.get_columns(searched.name)}:
        return  # of an older version
    if connection.dialect.name == "postgresql":
        entries = f"({_entries('words')}), ({_entries('tags')})"
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {NAME} ON searched USING gin ({entries})")
    elif not set(connection.exec_driver_sql(_TRIGGERS_THERE).scalars()) >= set(_TRIGGERS):
        drop_search_index(connection)
        for statement in _ON_SQLITE:
            connection.exec_driver_sql(statement)


def drop_search_index(connection: Connection) -> None:
    """Remove the index."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {NAME}")
        return
    for name in _TRIGGERS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {NAME}")


def is_of_schema(name: str | None, *_: object) -> bool:
    """Return whether a table or an index is one of the schema, as Alembic asks."""
    return not (name or "").startswith(NAME)


def with_words(connection: Connection, words: Sequence[str]) -> Select[tuple[str]]:
    """Return a query for the ids of the articles that have words which begin like each of some folded ones.

    Where a word is very long, it may find more, but on PostgreSQL nothing behind the first 200,000 characters.
    """
    if connection.dialect.name == "postgresql":
        return _on_postgresql("words", " & ".join(f"'{word[:_FIRST]}':*" for word in words))
    return _on_sqlite("words", " ".join(f'"{word}"*' for word in words))


def with_tags(connection: Connection, tags: Sequence[str]) -> Select[tuple[str]]:
    """Return a query for the ids of the articles whose sender may list one of some tags, ids of a taxonomy."""
    if connection.dialect.name == "postgresql":
        return _on_postgresql("tags", " | ".join(f"'{tag}'" for tag in tags))
    return _on_sqlite("tags", " OR ".join(f'"{tag}"' for tag in tags))


def _on_sqlite(name: str, expression: str) -> Select[tuple[str]]:
    found = select(searched.c.article_id).select_from(_OF_FTS).join(searched, searched.c.n == _OF_FTS.c.rowid)
    return found.where(_OF_FTS.c[NAME].op("MATCH")(f"{name} : ({expression})"))


def _on_postgresql(name: str, expression: str) -> Select[tuple[str]]:
    entries: Any = literal_column(_entries(f"searched.{name}"))
    return select(searched.c.article_id).where(entries.op("@@")(cast(expression, TSQUERY)))
