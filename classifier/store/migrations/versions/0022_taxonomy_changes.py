"""The log of the taxonomy, the sets of its changes, and how far its readers have come."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, optional, required

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "change_sets",
        *key(id=32),
        *required(state=10, title=sa.Text, ops=sa.JSON, by=200, at=40),
        *optional(decided_by=200, decided_at=40),
        sa.Column("article_id", sa.String(200), sa.ForeignKey("articles.id", ondelete="SET NULL")),
        *optional(preview=sa.JSON, based_on=sa.Integer),
    )
    op.create_index("ix_change_sets_state", "change_sets", ["state", "at"])
    op.create_table(
        "taxonomy_changes",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_set", sa.String(32), sa.ForeignKey("change_sets.id")),
        *required(op=20, args=sa.JSON, by=200, at=40),
        sa.Column("undoes", sa.Integer, unique=True),
        *required(head_version=64),
    )
    op.create_index(op.f("ix_taxonomy_changes_change_set"), "taxonomy_changes", ["change_set"])
    counts = required(n=sa.Integer, moved=sa.Integer, failed=sa.Integer, to_do=sa.Integer, at=40)
    op.create_table("feed_places", *key(consumer=80), *counts)


def downgrade() -> None:
    for table in ("feed_places", "taxonomy_changes", "change_sets"):
        op.drop_table(table)
