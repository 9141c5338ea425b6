"""Where the tables are: engines, SQLite and PostgreSQL, opening and migrating, copying."""
