"""Deleted articles, by digests of their ids."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, required

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    digest = sa.Column("digest", sa.String(32), nullable=False, unique=True)
    op.create_table("deletions", number(), digest, *required(at=40), sqlite_autoincrement=True)


def downgrade() -> None:
    op.drop_table("deletions")
