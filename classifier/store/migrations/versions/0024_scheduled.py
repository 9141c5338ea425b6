"""Change sets that wait for a time, and what came between."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("change_sets", sa.Column("apply_at", sa.String(40)))
    op.add_column("change_sets", sa.Column("conflict", sa.JSON))


def downgrade() -> None:
    for column in ("conflict", "apply_at"):
        op.drop_column("change_sets", column)  # not in a batch: see 0018
