"""Random samples of what an archive run would add, for editors to judge first."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, of_article, required

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "samples",
        *key(id=32),
        *required(tag=80, plan=sa.JSON, tag_version=64, model_version=64),
        *required(n_population=sa.Integer, scores=sa.JSON, seed=sa.Integer, by=200, at=40),
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id")),
    )
    op.create_index("ix_samples_tag", "samples", ["tag", "at"])
    op.create_table(
        "sample_articles",
        sa.Column("sample_id", sa.String(32), sa.ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        of_article(),
        *required(score=sa.Float),
    )
    op.create_index(op.f("ix_sample_articles_article_id"), "sample_articles", ["article_id"])


def downgrade() -> None:
    op.drop_table("sample_articles")
    op.drop_table("samples")
