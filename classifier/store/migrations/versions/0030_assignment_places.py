"""The place of each assignment among what runs added and took back, by which a CMS reads on."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("assignments", sa.Column("place", sa.BigInteger))
    op.execute("UPDATE assignments SET place = n")
    op.execute(
        "UPDATE assignments SET place = n + (SELECT MAX(n) FROM assignments) WHERE undone_at IS NOT NULL"
    )  # Nobody has read any yet: what was taken back comes last.
    op.create_index("uq_assignments_place", "assignments", ["place"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_assignments_place", "assignments")
    op.drop_column("assignments", "place")  # not in a batch: see 0018
