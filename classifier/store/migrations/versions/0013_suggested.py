"""What the model suggests for each article, by tag; filled with what editors were shown of the present texts."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, of_article, required

revision = "0013"
down_revision = "0012"

_SHOWN = """
    INSERT INTO suggested (article_id, tag, score, band)
    SELECT sets.article_id, shown.tag, coalesce(max(shown.score), 0), coalesce(max(shown.band), 'suggest')
    FROM impressions shown
    JOIN suggestion_sets sets ON sets.id = shown.suggestion_set_id
    JOIN articles ON articles.id = sets.article_id AND articles.digest = sets.digest
    GROUP BY sets.article_id, shown.tag
"""


def upgrade() -> None:
    op.add_column("articles", sa.Column("judged_by", sa.String(130), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_articles_judged_by", "articles", ["state", "judged_by", "id"])
    op.create_table("suggested", of_article(primary_key=True), *key(tag=80), *required(score=sa.Float, band=10))
    op.create_index("ix_suggested_tag", "suggested", ["tag", "score", "article_id"])
    op.execute(_SHOWN)


def downgrade() -> None:
    op.drop_table("suggested")
    op.drop_index("ix_articles_judged_by", "articles")
    op.drop_column("articles", "judged_by")  # a new table in place of the old would take all that hangs on articles along
