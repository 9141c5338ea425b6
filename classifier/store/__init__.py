"""Articles, suggestion sets and keys in a database: SQLite by default, PostgreSQL where several machines share it."""

from classifier.store.engine import DamagedStore, absolute_url, make_engine
from classifier.store.keys import Key, Keys
from classifier.store.store import STARTER, Imported, Store, StoredArticle, open_store

__all__ = [
    "STARTER",
    "DamagedStore",
    "Imported",
    "Key",
    "Keys",
    "Store",
    "StoredArticle",
    "absolute_url",
    "make_engine",
    "open_store",
]
