"""When an article was last sent unchanged: retention counts from there too."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("articles", sa.Column("sent_at", sa.String(40)))


def downgrade() -> None:
    op.drop_column("articles", "sent_at")  # a new table in place of the old would take all that hangs on articles along
