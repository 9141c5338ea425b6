"""Which of an article's former texts are materially the same as its text now: what was decided on them still counts."""

import sqlalchemy as sa
from alembic import op

from classifier.domain.articles import Article
from classifier.text.shingles import (SIMILAR, resemblance)
from classifier.store.sketches import computed

revision = "0008"
down_revision = "0007"

_ARTICLES = """
    SELECT id, title, body, body_format, digest FROM articles WHERE id IN (
        SELECT texts.article_id FROM texts JOIN decisions
        ON decisions.article_id = texts.article_id AND decisions.digest = texts.digest
    ) AND id > :last ORDER BY id LIMIT 100
"""


def upgrade() -> None:
    with op.batch_alter_table("texts") as batch:
        batch.add_column(sa.Column("same", sa.Boolean(), nullable=False, server_default=sa.false()))
    connection, last = op.get_bind(), ""
    while rows := connection.execute(sa.text(_ARTICLES), {"last": last}).all():
        for row in rows:
            _compare(connection, row)
        last = rows[-1].id


def _compare(connection, row) -> None:
    """Compare with the text now those texts on which somebody decided; of the others it is noted when somebody does."""
    article = Article(row.id, row.title, row.body, row.body_format)
    present = computed(article)
    kept = sa.text("SELECT digest, sketch FROM texts WHERE article_id = :id")
    mark = sa.text("UPDATE texts SET same = :same WHERE article_id = :id AND digest = :digest")
    for digest, sketch in connection.execute(kept, {"id": row.id}).all():
        same = resemblance(bytes(sketch), present) >= SIMILAR
        connection.execute(mark, {"id": row.id, "digest": digest, "same": same})


def downgrade() -> None:
    with op.batch_alter_table("texts") as batch:
        batch.drop_column("same")
