"""The decision log, and what the queue, the review page and its editors need."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _article_id(**options):
    return sa.Column("article_id", sa.String(200), nullable=False, **options)


def _to_articles(table):
    name = op.f(f"fk_{table}_article_id_articles")
    return sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    with op.batch_alter_table("articles") as batch:
        batch.add_column(sa.Column("state", sa.String(10), nullable=False, server_default="new"))
        batch.add_column(sa.Column("blind", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("n_editors", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("margin", sa.Float()))
        batch.add_column(sa.Column("lot", sa.Float(), nullable=False, server_default="0.5"))
    op.create_index("ix_articles_state", "articles", ["state", "margin", "id"])
    with op.batch_alter_table("impressions") as batch:
        batch.add_column(sa.Column("score", sa.Float()))
        batch.add_column(sa.Column("band", sa.String(10)))
    op.create_index("ix_impressions_tag", "impressions", ["tag"])
    op.create_table(
        "texts",
        _article_id(),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "digest", name=op.f("pk_texts")),
        _to_articles("texts"),
    )
    op.create_table(
        "decisions",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        _article_id(),
        sa.Column("tag", sa.String(200)),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20)),
        sa.Column("note", sa.Text()),
        sa.Column("editor", sa.String(200), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("suggestion_set_id", sa.String(64)),
        sa.Column("model_version", sa.String(64)),
        sa.Column("taxonomy_version", sa.String(64)),
        sa.Column("score", sa.Float()),
        sa.Column("band", sa.String(10)),
        sa.Column("undoes", sa.String(32)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_decisions")),
        sa.UniqueConstraint("id", name=op.f("uq_decisions_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_decisions_undoes")),
        _to_articles("decisions"),
    )
    op.create_index("ix_decisions_article_id", "decisions", ["article_id", "n"])
    op.create_table(
        "closings",
        _article_id(),
        sa.Column("editor", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "editor", name=op.f("pk_closings")),
        _to_articles("closings"),
    )
    op.create_table(
        "requests",
        sa.Column("sender", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON()),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("sender", "key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_started_at"), "requests", ["started_at"])
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("article_id", sa.String(200)),
        sa.Column("editor", sa.String(200), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_proposals_article_id_articles"), ondelete="SET NULL"
        ),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(16)),
        sa.Column("editor", sa.String(200), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_sessions_key_id_keys"), ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_sessions_seen_at"), "sessions", ["seen_at"])
    _fill()


def _fill() -> None:
    """Give the articles that are there their state and their lot."""
    articles = sa.table(
        "articles", sa.column("id"), sa.column("state"), sa.column("lot"), sa.column("tags_complete", sa.Boolean())
    )
    connection = op.get_bind()
    connection.execute(articles.update().where(articles.c.tags_complete).values(state="closed"))
    for (article_id,) in connection.execute(sa.select(articles.c.id)).all():
        lot = int.from_bytes(hashlib.sha256(f"lot {article_id}".encode()).digest()[:6], "big") / 2**48
        connection.execute(articles.update().where(articles.c.id == article_id).values(lot=lot))


def downgrade() -> None:
    for table in ("sessions", "proposals", "requests", "closings", "decisions", "texts"):
        op.drop_table(table)
    op.drop_index("ix_impressions_tag", "impressions")
    with op.batch_alter_table("impressions") as batch:
        batch.drop_column("band")
        batch.drop_column("score")
    op.drop_index("ix_articles_state", "articles")
    with op.batch_alter_table("articles") as batch:
        for column in ("lot", "margin", "n_editors", "blind", "state"):
            batch.drop_column(column)
