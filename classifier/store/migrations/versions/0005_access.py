"""Keys that expire and rotate, sessions that end at a time, and counters that all processes share."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, required

revision = "0005"
down_revision = "0004"

_OF_KEYS = {"expires_at": 40, "rotated_at": 40, "old_hash": 64, "old_until": 40, "last_used_at": 40}


def upgrade() -> None:
    for name, length in _OF_KEYS.items():
        op.add_column("keys", sa.Column(name, sa.String(length)))
    op.execute("DELETE FROM sessions")  # who is signed in signs in again
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("ends_at", sa.String(40), nullable=False))
    ends_at = sa.Column("ends_at", sa.Float(), nullable=False, index=True)
    op.create_table("counters", *key(what=64), *required(n=sa.Integer), ends_at)


def downgrade() -> None:
    op.drop_table("counters")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("ends_at")
    with op.batch_alter_table("keys") as keys:
        for name in _OF_KEYS:
            keys.drop_column(name)
