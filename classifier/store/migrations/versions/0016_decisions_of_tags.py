"""The index of an article's decisions has their tags, by which lists of one tag look."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.drop_index("ix_decisions_article_id", "decisions")
    op.create_index("ix_decisions_article_id", "decisions", ["article_id", "tag", "n"])
    op.drop_index("ix_articles_source", "articles")
    op.create_index("ix_articles_source", "articles", ["source"])


def downgrade() -> None:
    op.drop_index("ix_decisions_article_id", "decisions")
    op.create_index("ix_decisions_article_id", "decisions", ["article_id", "n"])
    op.drop_index("ix_articles_source", "articles")
    op.create_index("ix_articles_source", "articles", ["source", "state", "created_at", "id"])
