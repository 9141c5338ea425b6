"""Repeated blocks of text that somebody has chosen to leave out of training."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, required

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table("ignored_blocks", *key(id=32), *required(texts=sa.JSON, quote=sa.Text, by=200, at=40))


def downgrade() -> None:
    op.drop_table("ignored_blocks")
