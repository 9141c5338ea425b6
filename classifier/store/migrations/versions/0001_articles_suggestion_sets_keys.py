"""Articles, suggestion sets, impressions and keys."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, of_article, optional, required

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "articles",
        *key(id=200), *required(title=sa.Text, body=sa.Text, body_format=10), *optional(published_at=40, url=sa.Text),
        *required(source=40), *optional(tags=sa.JSON), *required(rejected=sa.JSON, tags_complete=sa.Boolean),
        *required(digest=64, created_at=40, updated_at=40),
    )
    op.create_index("ix_articles_created_at", "articles", ["created_at", "id"])
    op.create_table(
        "suggestion_sets",
        *key(id=64), of_article(index=True),
        *required(digest=64, model_version=64, taxonomy_version=64, answer=sa.JSON, created_at=40),
    )
    of_set = sa.ForeignKey("suggestion_sets.id", ondelete="CASCADE")
    set_id = sa.Column("suggestion_set_id", sa.String(64), of_set, primary_key=True)
    op.create_table("impressions", set_id, *key(tag=80), *required(shown_at=40))
    name = sa.Column("name", sa.String(80), nullable=False, unique=True)
    op.create_table("keys", *key(id=16), name, *required(role=10, hash=64, created_at=40), *optional(revoked_at=40))


def downgrade() -> None:
    for table in ("keys", "impressions", "suggestion_sets", "articles"):
        op.drop_table(table)
