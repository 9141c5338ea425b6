"""People sign in at the provider of their house: the address that an administrator gave, and the account that they have there."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("invitations", sa.Column("email", sa.String(254), nullable=True))
    op.add_column("keys", sa.Column("email", sa.String(254), nullable=True))
    op.add_column("keys", sa.Column("account", sa.String(64), nullable=True))
    op.add_column("keys", sa.Column("role_rule", sa.String(200), nullable=True))
    op.create_index("ix_keys_account", "keys", ["account"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_keys_account", "keys")
    for column in ("role_rule", "account", "email"):
        op.drop_column("keys", column)
    op.drop_column("invitations", "email")
