"""Questions on removals of a tag that are too many to be believed unasked."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(80)),
        sa.Column("tag", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.String(40), nullable=False),
        sa.Column("answer", sa.String(20)),
        sa.Column("answered_by", sa.String(200)),
        sa.Column("answered_at", sa.String(40)),
        sa.Column("ended_at", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index("ix_questions_tag", "questions", ["tag", "asked_at"])
    op.add_column("decisions", sa.Column("question_id", sa.String(32)))
    op.create_index(op.f("ix_decisions_question_id"), "decisions", ["question_id"])
    op.create_index("ix_decisions_tag", "decisions", ["tag", "at"])


def downgrade() -> None:
    op.drop_index("ix_decisions_tag", "decisions")
    op.drop_index(op.f("ix_decisions_question_id"), "decisions")
    with op.batch_alter_table("decisions") as decisions:
        decisions.drop_column("question_id")
    op.drop_table("questions")
