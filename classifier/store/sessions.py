"""Sessions of signed-in browsers: the value of a cookie is stored as a hash, and ends by itself or with its key."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, select

from classifier.store.keys import NEVER, Key, Keys, hashed
from classifier.store.rows import Part, ago, now
from classifier.store.schema import keys, sessions

IDLE_HOURS = 12
LONGEST_DAYS = 7
SEEN_SECONDS = 60  # how exactly the last use is known


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `key` is None for one that signed in while no key existed."""

    id: str
    editor: str
    key: Key | None
    csrf: str


class Sessions(Part):
    """The sessions of a store."""

    def __init__(self, engine: Engine, of_keys: Keys) -> None:
        super().__init__(engine)
        self._keys = of_keys

    def start(self, editor: str, key: Key | None) -> str:
        """Begin a session and return the value of its cookie. Sessions that have ended are removed."""
        token = secrets.token_urlsafe(32)
        row = {
            "id": hashed(token),
            "key_id": key.id if key else None,
            "editor": editor,
            "csrf": secrets.token_urlsafe(32),
            "created_at": now(),
            "seen_at": now(),
            "ends_at": min(ago(days=-LONGEST_DAYS), (key.expires_at if key else None) or NEVER),
        }
        with self.engine.begin() as connection:
            ended = (sessions.c.seen_at < ago(hours=IDLE_HOURS)) | (sessions.c.ends_at <= now())
            connection.execute(sessions.delete().where(ended))
            connection.execute(sessions.insert().values(row))
        return token

    def of(self, token: str) -> Session | None:
        """Return the session of a cookie, or None if there is none, it has ended, or its key has.

        A session without a key ends when the first key is made.
        """
        if not token:
            return None
        query = select(sessions, keys.c.name, keys.c.role, keys.c.created_at.label("key_at"), keys.c.revoked_at)
        query = query.outerjoin(keys, sessions.c.key_id == keys.c.id).where(sessions.c.id == hashed(token))
        row = self._row(query)
        if row is None or row["seen_at"] < ago(hours=IDLE_HOURS) or row["ends_at"] <= now():
            return None
        if row["revoked_at"] is not None or (row["key_id"] is None and self._keys.in_use()):
            return None
        if row["seen_at"] < ago(seconds=SEEN_SECONDS):
            self._keys.later(sessions.update().where(sessions.c.id == row["id"]).values(seen_at=now()))
        if row["key_id"]:
            self._keys.note_use(row["key_id"])
        key = Key(row["key_id"], row["name"], row["role"], row["key_at"], None) if row["key_id"] else None
        return Session(row["id"], row["editor"], key, row["csrf"])

    def end(self, session: Session) -> None:
        """End a session."""
        with self.engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.id == session.id))
