"""Tags that archive runs added by themselves."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, of_article, optional, required

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_id = sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id"), nullable=False)
    facts = required(tag=200, score=sa.Float)
    op.create_table("assignments", number(), of_article(), *facts, run_id, *required(at=40), *optional(undone_at=40))
    op.create_index("ix_assignments_article_id", "assignments", ["article_id", "tag"])
    op.create_index("ix_assignments_run_id", "assignments", ["run_id", "n"])
    stands, columns = sa.text("undone_at IS NULL"), ["article_id", "tag"]
    where = {"sqlite_where": stands, "postgresql_where": stands}
    op.create_index("uq_assignments_article_id", "assignments", columns, unique=True, **where)


def downgrade() -> None:
    op.drop_table("assignments")
