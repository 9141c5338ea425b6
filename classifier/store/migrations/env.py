"""Alembic's entry: runs the migrations on the connection that the store hands over."""

from alembic import context

from classifier.store.schema import metadata
from classifier.store.search_index import is_of_schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=is_of_schema,
)
context.run_migrations()
