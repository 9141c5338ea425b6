"""The standfirst of an article, empty where there is none."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("articles", sa.Column("standfirst", sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.drop_column("articles", "standfirst")  # not in a batch: that makes the table anew, and the rows that point to it go
