"""Articles, decisions and keys in a database: SQLite by default, PostgreSQL where several machines share it."""
