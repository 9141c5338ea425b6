"""API keys, and the sessions of browsers that signed in with one: shown once and stored as hashes."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import BadSetting, BadStore, KeyEnded, NotFound
from classifier.store.rows import Columns, Part, ago, now
from classifier.store.schema import keys, leases, sessions
from classifier.texts import _

ROLES = ("cms", "editor", "admin", "reader", "taxonomist")
PREFIX = "tagger"
KEPT_SECONDS = 1.0
MAX_KEPT = 1000
USED_SECONDS = 60.0  # how exactly the last use is known
GRACE_HOURS = 24
NEVER = "9"  # after every time that is written down
IDLE_HOURS = 12
LONGEST_DAYS = 7


@dataclass(frozen=True)
class Key:
    """A key without its secret, which is not stored.

    `old_until` is until when the secret before the last rotation is accepted too. If the key was found by that older secret,
    `expires_at` is when that secret ends. `email` lets its person in at the provider of the house, and `role_rule` is the
    operator's rule that gives the role.
    """

    id: str
    name: str
    role: str
    created_at: str
    revoked_at: str | None
    expires_at: str | None = None
    rotated_at: str | None = None
    old_until: str | None = None
    last_used_at: str | None = None
    email: str | None = None
    role_rule: str | None = None

    @property
    def usable(self) -> bool:
        """Whether its newest secret is accepted now."""
        return self.revoked_at is None and not _over(self.expires_at)

    @property
    def old_usable(self) -> bool:
        """Whether the secret before the last rotation is accepted now."""
        return self.revoked_at is None and self.old_until is not None and not _over(self.old_until)


class Keys(Part):
    """The keys of a store."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._remembered_rows: dict[str, tuple[float, Any]] = {}  # what was looked up, and when
        self._used: dict[str, float] = {}  # when a use was last written down
        self._later = ThreadPoolExecutor(1, "store-later")  # its thread starts with its first task, so after a fork

    def create(self, name: str, role: str, days: int | None = None, by: str | None = None) -> str:
        """Create a key that expires after so many days, or never. Return its secret, which is shown only now."""
        secret = secrets.token_urlsafe(32)
        with self.changing() as connection:
            key_id = add_key(
                connection, name, role, secret, created_by=by, expires_at=ago(days=-days) if days else None
            )
        return f"{PREFIX}_{key_id}_{secret}"

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Begin a transaction that changes keys. What this process remembers of them is forgotten behind it."""
        with self.engine.begin() as connection:
            yield connection
        self._remembered_rows.clear()

    def rotate(self, name: str, grace_hours: int = GRACE_HOURS, days: int | None = None) -> str:
        """Give a key a new secret and return it. The previous secret is accepted for `grace_hours` more.

        The new secret expires after so many days, by default after as many as the one before. Sessions end with the
        secret that began them.
        """
        secret = secrets.token_urlsafe(32)
        with self.changing() as connection:
            row = row_in_use(connection, name)
            until = min(ago(hours=-grace_hours), row["expires_at"] or NEVER)
            new = {"hash": hashed(secret), "rotated_at": now(), "expires_at": _renewed(row, days)}
            new["old_hash"], new["old_until"] = (row["hash"], until) if grace_hours else (None, None)
            connection.execute(keys.update().where(keys.c.id == row["id"]).values(new))
            begun = sessions.update().where(sessions.c.key_id == row["id"], sessions.c.ends_at > until)
            connection.execute(begun.values(ends_at=until))
        return f"{PREFIX}_{row['id']}_{secret}"

    def list(self) -> list[Key]:
        """Return all keys, oldest first."""
        return [key_of(row) for row in self._rows(select(keys).order_by(keys.c.created_at, keys.c.id))]

    def revoke(self, name: str) -> None:
        """Revoke a key. Its name can be used for another one."""
        with self.changing() as connection:
            row = row_in_use(connection, name)
            gone = {"revoked_at": now(), "name": revoked_name(row)}
            connection.execute(keys.update().where(keys.c.id == row["id"]).values(gone))

    def in_use(self) -> bool:
        """Return whether a key was ever created. Revoking the last key must not open the service to everybody."""
        return bool(self._remembered("", lambda: self._number(select(func.count()).select_from(keys))))

    def of(self, secret: str, fresh: bool = False) -> Key | None:
        """Return the key of a secret, or None if there is no such key or it was revoked.

        A look-up is remembered for a second, within which a key that another process revokes may still be accepted. `fresh`
        looks it up again. Raise `KeyEnded` for a secret that was right until it expired, or until it was replaced.
        """
        prefix, _mark, id_and_random = secret.partition("_")
        key_id, _mark, random = id_and_random.partition("_")
        if prefix != PREFIX or not random:
            return None
        row = self._look_up(key_id) if fresh else self._remembered(key_id, lambda: self._look_up(key_id))
        if row is None or row["revoked_at"] is not None:
            return None
        key, digest = key_of(row), hashed(random)
        if not hmac.compare_digest(row["hash"], digest):
            if not row["old_hash"] or not hmac.compare_digest(row["old_hash"], digest):
                return None
            if _over(key.old_until):
                raise KeyEnded(
                    _(
                        "This key of %(name)s was replaced on %(day)s. Use the new one.",
                        name=repr(key.name),
                        day=_day(key.rotated_at),
                    )
                )
            key = replace(key, expires_at=key.old_until)
        if _over(key.expires_at):
            raise KeyEnded(
                _(
                    "The key of %(name)s expired on %(day)s. Whoever runs the service makes another: python -m classifier keys rotate NAME",
                    name=repr(key.name),
                    day=_day(key.expires_at),
                )
            )
        self.note_use(key_id)
        return key

    def note_use(self, key_id: str) -> None:
        """Note that a key was used, at most once a minute and beside the request."""
        time_now = time.monotonic()
        if time_now - self._used.get(key_id, -USED_SECONDS) < USED_SECONDS:
            return
        if len(self._used) >= MAX_KEPT:
            self._used.clear()
        self._used[key_id] = time_now
        long_ago = keys.c.last_used_at.is_(None) | (keys.c.last_used_at < ago(seconds=USED_SECONDS))
        older = (keys.c.id == key_id) & long_ago
        self.later(keys.update().where(older).values(last_used_at=now()))

    def later(self, change: Any) -> None:
        """Execute a statement in the background. It is dropped if the store cannot be written."""
        self._later.submit(self._write, change)

    def settle(self) -> None:
        """Wait until all statements of `later` are executed."""
        self._later.submit(int).result()

    def _write(self, change: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(change)

    def _look_up(self, key_id: str) -> RowMapping | None:
        return self._row(select(keys).where(keys.c.id == key_id))

    def _remembered(self, key_id: str, look: Callable[[], Any]) -> Any:
        """Return what `look` returned within the last second, or call it. If it fails, the last row stays."""
        time_now = time.monotonic()
        looked_up_at, row = self._remembered_rows.get(key_id, (-KEPT_SECONDS, None))
        if time_now - looked_up_at >= KEPT_SECONDS:
            try:
                row = look()
            except BadStore:
                if key_id not in self._remembered_rows:
                    raise
            if len(self._remembered_rows) >= MAX_KEPT:  # whoever tries one id after another must not fill the memory
                self._remembered_rows.clear()
            self._remembered_rows[key_id] = (time_now, row)
        return row


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
        """Return the session of a cookie, or None if there is none, it has ended, or its key has."""
        if not token:
            return None
        query = select(sessions, keys.c.name, keys.c.role, keys.c.created_at.label("key_at"), keys.c.revoked_at)
        query = query.outerjoin(keys, sessions.c.key_id == keys.c.id).where(sessions.c.id == hashed(token))
        row = self._row(query)
        if row is None or row["seen_at"] < ago(hours=IDLE_HOURS) or row["ends_at"] <= now():
            return None
        # A session without a key ends when the first key is made.
        if row["revoked_at"] is not None or (row["key_id"] is None and self._keys.in_use()):
            return None
        if row["seen_at"] < ago(seconds=USED_SECONDS):
            self._keys.later(sessions.update().where(sessions.c.id == row["id"]).values(seen_at=now()))
        if row["key_id"]:
            self._keys.note_use(row["key_id"])
        key = Key(row["key_id"], row["name"], row["role"], row["key_at"], None) if row["key_id"] else None
        return Session(row["id"], row["editor"], key, row["csrf"])

    def end(self, session: Session) -> None:
        """End a session."""
        with self.engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.id == session.id))
            connection.execute(leases.delete().where(leases.c.holder == session.id))


def row_in_use(connection: Connection, name: str) -> RowMapping:
    """Return the row of a key that is not revoked, locked until the transaction ends, or raise `NotFound`."""
    query = select(keys).where(keys.c.name == name, keys.c.revoked_at.is_(None)).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            _("There is no key named %(name)s in use. See: python -m classifier keys list", name=repr(name[:80]))
        )
    return row


def add_key(connection: Connection, name: str, role: str, secret: str, **columns: str | None) -> str:
    """Add a key and return its id. Raise `BadSetting` if its name is taken or is no name, or if there is no such role."""
    name = checked(name, role)
    row = {"id": secrets.token_hex(6), "name": name, "role": role, "hash": hashed(secret), "created_at": now()}
    try:
        connection.execute(keys.insert().values({**row, **columns}))
    except IntegrityError:
        raise BadSetting(
            _("There is a key named %(name)s already. Revoke it, or choose another name.", name=repr(name))
        ) from None
    return row["id"]


def checked(name: str, role: str) -> str:
    """Return the name of a new key as it is stored. Raise `BadSetting` if it is no name, or if there is no such role."""
    if role not in ROLES:
        raise BadSetting(_("The role %(role)s is not one of %(roles)s.", role=repr(role), roles=", ".join(ROLES)))
    if not name.strip() or len(name) > 80 or "/" in name:
        raise BadSetting(_("A key needs a name of 1 to 80 characters without a slash."))
    return name.strip()


def revoked_name(row: Columns) -> str:
    """Return the name of a key once it is revoked, which leaves its own to another."""
    return f"{row['name'][:56]} (revoked {row['id']})"


def key_of(row: Columns) -> Key:
    """Return the key of a row."""
    return Key(**{name: row[name] for name in Key.__dataclass_fields__})


def _renewed(row: Columns, days: int | None) -> str | None:
    if days is not None:
        return ago(days=-days)
    if row["expires_at"] is None:
        return None
    begun = datetime.fromisoformat(row["rotated_at"] or row["created_at"])
    return ago(seconds=(begun - datetime.fromisoformat(row["expires_at"])).total_seconds())


def _over(end: str | None) -> bool:
    return end is not None and end <= now()


def _day(time_text: str | None) -> str:
    return f"{(time_text or '')[:16].replace('T', ' ')} UTC"


def hashed(secret: str) -> str:
    """Return a secret as it is stored. It has 256 random bits: a slow hash would protect nothing that this one does not."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
