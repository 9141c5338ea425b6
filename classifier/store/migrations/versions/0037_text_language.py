"""The language of an article as an editor corrected it, and the one in which a model read it.

Open articles are judged anew, since only a model can say in which language they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("articles", sa.Column("corrected_language", sa.String(80)))
    op.add_column("articles", sa.Column("text_language", sa.String(20)))
    op.create_index("ix_articles_text_language", "articles", ["text_language", "state"])
    op.execute("UPDATE articles SET judged_by = '' WHERE state <> 'closed' AND judged_by <> ''")


def downgrade() -> None:
    op.drop_index("ix_articles_text_language", "articles")
    op.drop_column("articles", "text_language")
    op.drop_column("articles", "corrected_language")
