"""Who is told of events, and what is on its way to them. Nobody is told of what happened before."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, number, optional, required

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        *key(id=32),
        *required(url=sa.Text, kinds=sa.JSON, secret=200, state=10, by=200, at=40, place=sa.BigInteger, n_silent=sa.Integer),
        *optional(resting_until=40, delivered_at=40),
    )
    op.create_table(
        "deliveries",
        number(),
        sa.Column("webhook_id", sa.String(32), sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.ForeignKey("events.n", ondelete="CASCADE"), nullable=False),
        *required(topic=250, state=10, attempts=sa.Integer, next_at=40),
        *optional(first_at=40, tried_at=40, error=200),
        sa.UniqueConstraint("event", "webhook_id", name="uq_deliveries_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_webhook_id", "deliveries", ["webhook_id", "state", "next_at"])
    op.create_index("ix_deliveries_topic", "deliveries", ["webhook_id", "topic", "event"])


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("webhooks")
