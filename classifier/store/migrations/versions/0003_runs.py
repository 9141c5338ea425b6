"""Records of scheduled jobs."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, optional, required

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "runs",
        *key(id=32), *required(job=20, started_by=200, host=200, started_at=40), *optional(ended_at=40),
        *required(outcome=20), *optional(version=64), *required(reason=sa.Text), *optional(data=64, result=sa.JSON),
    )
    op.create_index("ix_runs_job", "runs", ["job", "started_at"])


def downgrade() -> None:
    op.drop_table("runs")
