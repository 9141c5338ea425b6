"""Who a suggestion was shown to first, where a client says it."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("impressions", sa.Column("editor", sa.String(200)))


def downgrade() -> None:
    op.drop_column("impressions", "editor")  # not in a batch: see 0018
