"""Which key wrote an article; what is there belongs to nobody until a `cms` key first writes it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("articles", sa.Column("owner", sa.String(80)))


def downgrade() -> None:
    op.drop_column("articles", "owner")  # a new table in place of the old would take all that hangs on articles along
