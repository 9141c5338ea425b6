"""How far a run has come, and whether it can be or was stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("runs", sa.Column("progress", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("beat_at", sa.String(40), nullable=True))
    op.add_column("runs", sa.Column("may_cancel", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("cancelled_by", sa.String(200), nullable=True))


def downgrade() -> None:
    for name in ("cancelled_by", "may_cancel", "beat_at", "progress"):  # not in a batch: rows that point to it would go
        op.drop_column("runs", name)
