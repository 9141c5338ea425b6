"""The queue of a source is read in its order from an index, as the queue of all sources is."""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.drop_index("ix_articles_source", "articles")
    op.create_index("ix_articles_source", "articles", ["source", "state", "dated_at", "id"])
    op.create_index("ix_articles_source_doubt", "articles", ["source", "state", "doubt", "id"])


def downgrade() -> None:
    op.drop_index("ix_articles_source_doubt", "articles")
    op.drop_index("ix_articles_source", "articles")
    op.create_index("ix_articles_source", "articles", ["source"])
