"""Which tag a proposal was taken as, and what came of the promise that its article gets it."""

from alembic import op

from classifier.store.columns import optional

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for column in optional(tag=80, settled_at=40, decision=32):
        op.add_column("proposals", column)


def downgrade() -> None:
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("decision")
        proposals.drop_column("settled_at")
        proposals.drop_column("tag")
