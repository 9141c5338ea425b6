"""The queue: doubts, dates, leases, the search, saved filters, near-duplicates, and decisions of one answer.

Open articles are judged anew, since only a model can say how much it doubts, and which articles are near-duplicates.
"""

import sqlalchemy as sa
from alembic import op

from classifier.domain.spelling import searchable
from classifier.store.columns import key, of_article, required

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("articles", sa.Column("doubt", sa.Float))
    op.drop_index("ix_articles_state_created_at", "articles")
    op.create_index("ix_articles_state_dated_at", "articles", ["state", "dated_at", "id"])
    op.create_index("ix_articles_state_doubt", "articles", ["state", "doubt", "id"])
    op.execute("UPDATE articles SET judged_by = '' WHERE state <> 'closed' AND judged_by <> ''")
    op.add_column("decisions", sa.Column("together", sa.String(32)))
    op.create_index("ix_decisions_together", "decisions", ["together"])
    op.create_table("searched", of_article(primary_key=True), *required(words=sa.Text, tags=sa.Text))
    op.create_table(
        "near_keys",
        of_article(primary_key=True),
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_index("ix_near_keys_key", "near_keys", ["key"])
    op.create_table("leases", of_article(primary_key=True), *key(holder=64), *required(editor=200, until=40))
    op.create_index("ix_leases_holder", "leases", ["holder"])
    op.create_table("saved_filters", *key(editor=200, name=80), *required(filters=sa.JSON, at=40))
    _fill_searched(op.get_bind())


def _fill_searched(connection):
    searched = sa.table("searched", *map(sa.column, ("article_id", "words", "tags")))
    articles = sa.table("articles", sa.column("id"), sa.column("title"), sa.column("tags", sa.JSON))
    last = ""
    while rows := connection.execute(
        sa.select(articles).where(articles.c.id > last).order_by(articles.c.id).limit(1000)
    ).all():
        values = [
            {"article_id": row.id, "words": searchable(row.title, row.id), "tags": f" {' '.join(row.tags or ())} "}
            for row in rows
        ]
        connection.execute(searched.insert(), values)
        last = rows[-1].id


def downgrade() -> None:
    for table in ("saved_filters", "leases", "near_keys", "searched"):
        op.drop_table(table)
    op.drop_index("ix_decisions_together", "decisions")
    op.drop_column("decisions", "together")
    op.drop_index("ix_articles_state_doubt", "articles")
    op.drop_index("ix_articles_state_dated_at", "articles")
    op.create_index("ix_articles_state_created_at", "articles", ["state", "created_at", "id"])
    op.drop_column("articles", "doubt")
