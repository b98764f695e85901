"""What Alembic runs: the steps, on the connection and in the transaction `schema` hands over."""

from alembic import context

from callbridge.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
