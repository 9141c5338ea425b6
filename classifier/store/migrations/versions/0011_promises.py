"""Which tag a proposal was taken as, and what came of the promise that its article gets it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("proposals", sa.Column("tag", sa.String(80)))
    op.add_column("proposals", sa.Column("settled_at", sa.String(40)))
    op.add_column("proposals", sa.Column("decision", sa.String(32)))


def downgrade() -> None:
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("decision")
        proposals.drop_column("settled_at")
        proposals.drop_column("tag")
