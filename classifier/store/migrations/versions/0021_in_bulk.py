"""Whether a decision was made over a list of articles."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("decisions", sa.Column("in_bulk", sa.Boolean))


def downgrade() -> None:
    op.drop_column("decisions", "in_bulk")  # not in a batch: see 0018
