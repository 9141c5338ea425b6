"""Keys: shown once, stored as hashes, each with a name and a role."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from classifier.errors import BadSetting, NotFound
from classifier.store.schema import keys

ROLES = ("cms", "editor", "admin", "reader")
PREFIX = "tagger"
KEPT_SECONDS = 1.0
MAX_KEPT = 1000


@dataclass(frozen=True)
class Key:
    """What is known of a key; the secret itself is not."""

    id: str
    name: str
    role: str
    created_at: str
    revoked_at: str | None


class Keys:
    """The keys of a store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen: dict[str, tuple[float, Any]] = {}  # what was looked up, and when

    def create(self, name: str, role: str) -> str:
        """Create a key and return its secret, `tagger_<id>_<random>`; it cannot be shown again."""
        if role not in ROLES:
            raise BadSetting(f"The role {role!r} is not one of {', '.join(ROLES)}.")
        if not name.strip() or len(name) > 80 or "/" in name:
            raise BadSetting("A key needs a name of 1 to 80 characters without a slash.")
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {
            "id": key_id,
            "name": name.strip(),
            "role": role,
            "hash": _hash(secret),
            "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(keys.insert().values(row))
        except IntegrityError:
            raise BadSetting(f"There is a key named {name!r} already. Revoke it, or choose another name.") from None
        self._seen.clear()
        return f"{PREFIX}_{key_id}_{secret}"

    def list(self) -> list[Key]:
        """Return all keys, oldest first."""
        with self._engine.connect().execution_options(readonly=True) as connection:
            rows = connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id)).mappings()
            return [Key(row["id"], row["name"], row["role"], row["created_at"], row["revoked_at"]) for row in rows]

    def revoke(self, name: str) -> None:
        """Make a key useless from now on; the name can be given again."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        with self._engine.begin() as connection:
            found = connection.execute(
                select(keys.c.id).where(keys.c.name == name, keys.c.revoked_at.is_(None))
            ).scalar()
            if found is None:
                raise NotFound(f"There is no key named {name!r} in use. See: python -m classifier keys list")
            retired = f"{name[:60]} (revoked {found})"
            connection.execute(keys.update().where(keys.c.id == found).values(revoked_at=now, name=retired))
        self._seen.clear()

    def in_use(self) -> bool:
        """Whether a key was ever created: revoking the last one must not open the service to everybody."""
        return bool(self._remembered("", self._look_in_use))

    def of(self, secret: str) -> Key | None:
        """Return the key of a secret, or None if there is no such key or it was revoked.

        An answer is remembered for a second: a key that another process revokes is refused within that time.
        """
        prefix, _, rest = secret.partition("_")
        key_id, _, random = rest.partition("_")
        if prefix != PREFIX or not random:
            return None
        row = self._remembered(key_id, lambda: self._look_up(key_id))
        if row is None or row["revoked_at"] is not None or not hmac.compare_digest(row["hash"], _hash(random)):
            return None
        return Key(row["id"], row["name"], row["role"], row["created_at"], None)

    def _look_in_use(self) -> bool:
        with self._engine.connect().execution_options(readonly=True) as connection:
            return bool(connection.scalar(select(func.count()).select_from(keys)))

    def _look_up(self, key_id: str) -> dict[str, Any] | None:
        with self._engine.connect().execution_options(readonly=True) as connection:
            row = connection.execute(select(keys).where(keys.c.id == key_id)).mappings().first()
            return dict(row) if row is not None else None

    def _remembered(self, what: str, look: Callable[[], Any]) -> Any:
        """Return what `look` returned in the last second, or look again."""
        now = time.monotonic()
        at, found = self._seen.get(what, (-KEPT_SECONDS, None))
        if now - at >= KEPT_SECONDS:
            found = look()
            if len(self._seen) >= MAX_KEPT:  # whoever tries one id after another must not fill the memory
                self._seen.clear()
            self._seen[what] = (now, found)
        return found


def _hash(secret: str) -> str:
    # The secret has 256 random bits: a slow hash would protect nothing that this one does not.
    return hashlib.sha256(secret.encode()).hexdigest()
