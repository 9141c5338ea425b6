"""What the search looks through has numbers, by which its index names it. The index itself is made behind the migrations."""

import sqlalchemy as sa
from alembic import op

from classifier.store.columns import number, of_article, required
from classifier.store.search_index import drop_search_index

revision = "0041"
down_revision = "0040"
_ARTICLE = "article_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(number(), of_article(), *required(words=sa.Text, tags=sa.Text), sa.UniqueConstraint(_ARTICLE))
        return
    _drop_primary_key()
    op.execute("ALTER TABLE searched ADD COLUMN n BIGSERIAL")
    op.create_primary_key(op.f("pk_searched"), "searched", ["n"])
    op.create_unique_constraint(op.f("uq_searched_article_id"), "searched", [_ARTICLE])


def downgrade() -> None:
    drop_search_index(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(of_article(primary_key=True), *required(words=sa.Text, tags=sa.Text))
        return
    _drop_primary_key()
    op.drop_constraint(op.f("uq_searched_article_id"), "searched")
    op.drop_column("searched", "n")
    op.create_primary_key(op.f("pk_searched"), "searched", [_ARTICLE])


def _rebuild(*parts):
    """Make the table anew: SQLite cannot change a primary key."""
    op.rename_table("searched", "searched_before")
    op.create_table("searched", *parts)
    op.execute("INSERT INTO searched (article_id, words, tags) SELECT article_id, words, tags FROM searched_before")
    op.drop_table("searched_before")


def _drop_primary_key():
    op.drop_constraint(sa.inspect(op.get_bind()).get_pk_constraint("searched")["name"], "searched")
