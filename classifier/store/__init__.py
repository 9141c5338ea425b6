"""Articles, suggestion sets and keys in a database: SQLite by default, PostgreSQL where several machines share it."""

from classifier.store.engine import make_engine
from classifier.store.keys import Key, Keys
from classifier.store.store import STARTER, Imported, Store, StoredArticle, open_store

__all__ = ["STARTER", "Imported", "Key", "Keys", "Store", "StoredArticle", "make_engine", "open_store"]
