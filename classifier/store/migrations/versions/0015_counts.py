"""Counts of articles that the database keeps up to date, and indexes for the pages of the queue."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, required
from classifier.store.counts import stop_counting

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    counts = required(day=10, source=40, state=10, n=sa.Integer)
    op.create_table("article_counts", number("number"), *counts)
    op.create_index("ix_article_counts_day", "article_counts", ["day", "source", "state"])
    op.drop_index("ix_articles_created_at", "articles")
    op.create_index("ix_articles_state_created_at", "articles", ["state", "created_at", "id"])
    op.create_index("ix_articles_state_lot", "articles", ["state", "lot", "id"])
    op.create_index("ix_articles_source", "articles", ["source", "state", "created_at", "id"])
    op.create_index("ix_articles_dated_at", "articles", ["dated_at"])


def downgrade() -> None:
    stop_counting(op.get_bind())
    for name in ("dated_at", "source", "state_lot", "state_created_at"):
        op.drop_index(f"ix_articles_{name}", "articles")
    op.create_index("ix_articles_created_at", "articles", ["created_at", "id"])
    op.drop_table("article_counts")
