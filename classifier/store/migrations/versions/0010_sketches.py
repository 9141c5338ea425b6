"""The sketch of an article's text beside its digest; it is filled when the text is replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("articles", sa.Column("sketch", sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column("articles", "sketch")  # not in a batch: that makes the table anew, and the rows that point to it go
