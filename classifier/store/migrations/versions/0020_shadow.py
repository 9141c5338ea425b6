"""What a version in shadow suggests."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import of_article, required

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    by_shadow = required(digest=64, version=64, suggested=sa.JSON)
    by_champion = required(champion_version=64, champion_suggested=sa.JSON, judged_at=40)
    op.create_table("shadow_suggestions", of_article(primary_key=True), *by_shadow, *by_champion)


def downgrade() -> None:
    op.drop_table("shadow_suggestions")
