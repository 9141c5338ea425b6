"""The terms of each CMS, and the tags that they stand for."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, optional, required

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "cms_terms",
        *key(consumer=80, term_id=80),
        *required(name=200, slug=200, taxonomy=80, tags=sa.JSON, by=20, former=sa.JSON, at=40),
        *optional(editor=200),
    )


def downgrade() -> None:
    op.drop_table("cms_terms")
