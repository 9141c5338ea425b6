"""Reports that are kept for the pages."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, required

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    facts = required(made_at=40, last_decision=sa.BigInteger, taxonomy_version=64, content=sa.Text)
    op.create_table("reports", *key(name=40), *facts)


def downgrade() -> None:
    op.drop_table("reports")
