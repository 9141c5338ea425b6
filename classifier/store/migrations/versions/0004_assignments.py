"""Tags that archive runs added by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("article_id", sa.String(200), nullable=False),
        sa.Column("tag", sa.String(200), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("undone_at", sa.String(40)),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_assignments")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_assignments_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_assignments_run_id_runs")),
    )
    op.create_index("ix_assignments_article_id", "assignments", ["article_id", "tag"])
    op.create_index("ix_assignments_run_id", "assignments", ["run_id", "n"])
    stands = sa.text("undone_at IS NULL")
    op.create_index(
        "uq_assignments_article_id",
        "assignments",
        ["article_id", "tag"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def downgrade() -> None:
    op.drop_table("assignments")
