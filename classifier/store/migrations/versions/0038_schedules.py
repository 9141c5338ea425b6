"""When trainings begin by themselves, and for which of these times a run was begun."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, required

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "schedules",
        number(),
        *required(at=40, by=200, mode=10, days=sa.JSON, time=5, zone=80),
        sqlite_autoincrement=True,
    )
    op.add_column("runs", sa.Column("due_at", sa.String(40), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "due_at")
    op.drop_table("schedules")
