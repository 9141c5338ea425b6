"""Columns by name and type, for the tables and their migrations. A number stands for a text of up to so many characters."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String
from sqlalchemy.types import TypeEngine

Kind = int | TypeEngine[Any] | type[TypeEngine[Any]]


def key(**kinds: Kind) -> list[Column[Any]]:
    """Return the columns of a primary key."""
    return [Column(name, _type(kind), primary_key=True) for name, kind in kinds.items()]


def required(**kinds: Kind) -> list[Column[Any]]:
    """Return columns that are never null."""
    return [Column(name, _type(kind), nullable=False) for name, kind in kinds.items()]


def optional(**kinds: Kind) -> list[Column[Any]]:
    """Return columns that may be null."""
    return [Column(name, _type(kind)) for name, kind in kinds.items()]


def number(name: str = "n") -> Column[Any]:
    """Return a primary key that the database counts up."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, primary_key=True, autoincrement=True)


def of_article(primary_key: bool = False, index: bool | None = None) -> Column[Any]:
    """Return the column that names an article, with which the row is deleted."""
    parent = ForeignKey("articles.id", ondelete="CASCADE")
    return Column("article_id", String(200), parent, nullable=False, primary_key=primary_key, index=index)


def _type(kind: Kind) -> TypeEngine[Any] | type[TypeEngine[Any]]:
    return String(kind) if isinstance(kind, int) else kind
