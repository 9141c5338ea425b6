"""What has changed, in one table, with what the other tables say of the time before."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, optional, required

revision = "0027"
down_revision = "0026"

_COLUMNS = ("at", "kind", "by", "article_id", "subject")


def upgrade() -> None:
    op.create_table(
        "events",
        number(),
        *required(at=40, kind=20, by=200),
        sa.Column("article_id", sa.String(200), sa.ForeignKey("articles.id", ondelete="CASCADE")),
        *optional(subject=64, facts=sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_article_id", "events", ["article_id", "n"])
    op.create_index("ix_events_kind", "events", ["kind", "n"])
    before = sa.union_all(*_before()).subquery()
    op.get_bind().execute(_events.insert().from_select(_COLUMNS, sa.select(before).order_by(before.c.at)))


def downgrade() -> None:
    op.drop_table("events")


def _table(name: str, *columns: str) -> Any:
    return sa.table(name, *map(sa.column, columns))


_events = _table("events", *_COLUMNS)


def _before() -> list[sa.Select[Any]]:
    """Return the queries for what happened before, with the columns of the table."""
    articles = _table("articles", "id", "created_at", "owner", "source")
    sets = _table("suggestion_sets", "id", "article_id", "created_at", "model_version")
    decisions = _table("decisions", "id", "article_id", "at", "editor")
    added = _table("assignments", "article_id", "run_id", "at", "undone_at")
    change_sets = _table("change_sets", "id", "state", "decided_by", "decided_at")
    runs = _table("runs", "id", "job", "ended_at", "started_by")
    # Without a type PostgreSQL does not know what a null stands for.
    nothing = sa.cast(sa.null(), sa.String(200))
    of_run = runs.c.started_by, added.c.article_id, added.c.run_id
    by_runs = added.join(runs, runs.c.id == added.c.run_id)

    def rows(kind: str, at: Any, by: Any, article_id: Any, subject: Any) -> sa.Select[Any]:
        columns = at, sa.literal(kind), by, article_id, subject
        return sa.select(*(column.label(name) for column, name in zip(columns, _COLUMNS, strict=True)))

    taken_back = sa.func.max(added.c.undone_at)
    return [
        rows("article_stored", articles.c.created_at, sa.func.coalesce(articles.c.owner, articles.c.source), articles.c.id, nothing),
        rows("suggested", sets.c.created_at, sets.c.model_version, sets.c.article_id, sets.c.id),
        rows("decided", decisions.c.at, decisions.c.editor, decisions.c.article_id, decisions.c.id),
        rows("tags_added", sa.func.min(added.c.at), *of_run).select_from(by_runs).group_by(*of_run),
        rows("tags_taken_back", taken_back, *of_run).select_from(by_runs).group_by(*of_run).having(taken_back.is_not(None)),
        rows("taxonomy_changed", change_sets.c.decided_at, change_sets.c.decided_by, nothing, change_sets.c.id)
        .where(change_sets.c.state.in_(("applied", "undone"))),
        rows("retrained", runs.c.ended_at, runs.c.started_by, nothing, runs.c.id)
        .where(runs.c.job == "retrain", runs.c.ended_at.is_not(None)),
    ]
