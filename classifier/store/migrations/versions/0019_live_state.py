"""The number of the labels that a model follows while it serves."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import required

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    number = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    op.create_table("live_state", number, *required(number=sa.BigInteger))
    for table in ("suggestion_sets", "decisions"):
        op.add_column(table, sa.Column("live_state", sa.BigInteger))


def downgrade() -> None:
    for table in ("decisions", "suggestion_sets"):
        op.drop_column(table, "live_state")  # not in a batch: see 0018
    op.drop_table("live_state")
