"""The store: each promise is kept on SQLite and on PostgreSQL alike."""
