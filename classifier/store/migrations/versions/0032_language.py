"""The language of an article as its sender says, null if it says none."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("articles", sa.Column("language", sa.String(80), nullable=True))


def downgrade() -> None:
    op.drop_column("articles", "language")  # not in a batch: that makes the table anew, and the rows that point to it go
