"""Questions on removals of a tag that are too many to be believed unasked."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import key, optional, required

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    answer = optional(answer=20, answered_by=200, answered_at=40, ended_at=40)
    op.create_table("questions", *key(id=32), *optional(key=80), *required(tag=200, asked_at=40), *answer)
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
