"""The tables. Changed only together with a migration; `alembic check` in the tests holds both together."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Times are ISO 8601 in UTC with microseconds, as text: they sort as they follow each other, on every engine.
TIME = String(40)

articles = Table(
    "articles",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("body_format", String(10), nullable=False),
    Column("published_at", String(40)),
    Column("url", Text),
    Column("source", String(40), nullable=False),
    # What the sender last listed as the article's tags, in its order; null where it said nothing.
    Column("tags", JSON(none_as_null=True)),
    Column("rejected", JSON, nullable=False),
    Column("tags_complete", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
)
Index("ix_articles_created_at", articles.c.created_at, articles.c.id)

suggestion_sets = Table(
    "suggestion_sets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("taxonomy_version", String(64), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", TIME, nullable=False),
)

impressions = Table(
    "impressions",
    metadata,
    Column("suggestion_set_id", ForeignKey("suggestion_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(80), primary_key=True),
    Column("shown_at", TIME, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("revoked_at", TIME),
)
