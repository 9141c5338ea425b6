"""Dates in one form, and when each article counts as dated; what cannot be read as a date becomes null."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("articles", sa.Column("dated_at", sa.String(40)))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE articles SET dated_at = created_at"))
    last = ""
    columns = "id, published_at, created_at, updated_at"
    page = f"SELECT {columns} FROM articles WHERE id > :last AND published_at IS NOT NULL ORDER BY id LIMIT 1000"
    write = sa.text("UPDATE articles SET published_at = :published_at, dated_at = :dated_at WHERE id = :article")
    while rows := connection.execute(sa.text(page), {"last": last}).all():
        connection.execute(write, [_repaired(row) for row in rows])
        last = rows[-1].id
    with op.batch_alter_table("articles") as articles:
        articles.alter_column("dated_at", existing_type=sa.String(40), nullable=False)


def _repaired(row):
    """Return the date of a row in its form, and when the article counts as dated: at its arrival if that was ahead."""
    try:
        at = datetime.fromisoformat(row.published_at)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        in_utc = at.astimezone(UTC)
        if in_utc.year < 1900 or in_utc > datetime.now(UTC) + timedelta(days=366):
            raise ValueError
    except (ValueError, OverflowError):
        return {"article": row.id, "published_at": None, "dated_at": row.created_at}
    day_alone = len(row.published_at) <= len("2024-06-06")
    sortable = in_utc.date().isoformat() if day_alone else in_utc.isoformat()
    normal = sortable if day_alone else at.isoformat()
    dated_at = sortable if sortable <= row.updated_at else row.created_at
    return {"article": row.id, "published_at": normal, "dated_at": dated_at}


def downgrade() -> None:
    op.drop_column("articles", "dated_at")  # a new table in place of the old would take all that hangs on articles along
