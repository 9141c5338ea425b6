"""Deleted articles, by digests of their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_deletions")),
        sa.UniqueConstraint("digest", name=op.f("uq_deletions_digest")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("deletions")
