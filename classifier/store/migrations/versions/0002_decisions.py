"""The decision log, and what the queue, the review page and its editors need."""

import hashlib

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, number, of_article, optional, required

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("articles") as batch:
        batch.add_column(sa.Column("state", sa.String(10), nullable=False, server_default="new"))
        batch.add_column(sa.Column("blind", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("n_editors", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("margin", sa.Float()))
        batch.add_column(sa.Column("lot", sa.Float(), nullable=False, server_default="0.5"))
    op.create_index("ix_articles_state", "articles", ["state", "margin", "id"])
    with op.batch_alter_table("impressions") as batch:
        for column in optional(score=sa.Float, band=10):
            batch.add_column(column)
    op.create_index("ix_impressions_tag", "impressions", ["tag"])
    op.create_table("texts", of_article(primary_key=True), *key(digest=64), *required(sketch=sa.LargeBinary))
    op.create_table(
        "decisions",
        number(), *required(id=32), of_article(), *optional(tag=200), *required(action=10),
        *optional(reason=20, note=sa.Text), *required(editor=200, at=40),
        *optional(suggestion_set_id=64, model_version=64, taxonomy_version=64, score=sa.Float, band=10, undoes=32),
        *required(digest=64),
        sa.UniqueConstraint("id", name=op.f("uq_decisions_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_decisions_undoes")),
    )
    op.create_index("ix_decisions_article_id", "decisions", ["article_id", "n"])
    op.create_table("closings", of_article(primary_key=True), *key(editor=200))
    started_at = sa.Column("started_at", sa.String(40), nullable=False, index=True)
    op.create_table("requests", *key(sender=200, key=200), *required(digest=64), *optional(answer=sa.JSON), started_at)
    article_id = sa.Column("article_id", sa.String(200), sa.ForeignKey("articles.id", ondelete="SET NULL"))
    proposed = required(label=200, note=sa.Text), required(editor=200, at=40, state=10)
    op.create_table("proposals", *key(id=32), *proposed[0], article_id, *proposed[1])
    op.create_table(
        "sessions",
        *key(id=64), sa.Column("key_id", sa.String(16), sa.ForeignKey("keys.id", ondelete="CASCADE")),
        *required(editor=200, csrf=64, created_at=40), sa.Column("seen_at", sa.String(40), nullable=False, index=True),
    )
    _fill()


def _fill() -> None:
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
