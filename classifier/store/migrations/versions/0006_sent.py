"""When an article was last sent unchanged: retention counts from there too."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("articles", sa.Column("sent_at", sa.String(40)))


def downgrade() -> None:
    with op.batch_alter_table("articles") as articles:
        articles.drop_column("sent_at")
