"""People come in by an invitation and sign in with a password of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("keys", sa.Column("password", sa.String(255), nullable=True))
    op.add_column("keys", sa.Column("created_by", sa.String(200), nullable=True))
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_invitations_key_id_keys", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("name", name="uq_invitations_name"),
        sa.UniqueConstraint("hash", name="uq_invitations_hash"),
    )


def downgrade() -> None:
    op.drop_table("invitations")
    op.drop_column("keys", "created_by")
    op.drop_column("keys", "password")
