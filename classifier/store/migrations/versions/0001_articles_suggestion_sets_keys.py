"""Articles, suggestion sets, impressions and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_format", sa.String(10), nullable=False),
        sa.Column("published_at", sa.String(40)),
        sa.Column("url", sa.Text()),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("tags", sa.JSON()),
        sa.Column("rejected", sa.JSON(), nullable=False),
        sa.Column("tags_complete", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("updated_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
    )
    op.create_index("ix_articles_created_at", "articles", ["created_at", "id"])
    op.create_table(
        "suggestion_sets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("article_id", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("taxonomy_version", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_sets")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_suggestion_sets_article_id_articles"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_suggestion_sets_article_id"), "suggestion_sets", ["article_id"])
    op.create_table(
        "impressions",
        sa.Column("suggestion_set_id", sa.String(64), nullable=False),
        sa.Column("tag", sa.String(80), nullable=False),
        sa.Column("shown_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("suggestion_set_id", "tag", name=op.f("pk_impressions")),
        sa.ForeignKeyConstraint(
            ["suggestion_set_id"],
            ["suggestion_sets.id"],
            name=op.f("fk_impressions_suggestion_set_id_suggestion_sets"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_keys_name")),
    )


def downgrade() -> None:
    for table in ("keys", "impressions", "suggestion_sets", "articles"):
        op.drop_table(table)
