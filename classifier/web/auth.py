"""Who may do what: keys and roles, and the open first minute while no key exists."""

from __future__ import annotations

from flask import request

from classifier.store import Key, Keys
from classifier.web.problems import ApiProblem

LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]"))


class Gate:
    """Decides on each request whether its sender may make it."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def open(self) -> bool:
        """Whether no key exists, and every role is open to this machine."""
        return not self._keys.in_use()

    def check(self, roles: tuple[str, ...]) -> Key | None:
        """Return the key of the request, or None in the open first minute.

        Raises:
            ApiProblem: if the sender may not do what takes one of `roles`.
        """
        if self.open():
            self.check_host()
            return None
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        key = self._keys.of(secret.strip()) if kind.lower() == "bearer" else None
        return self.allow(key, roles)

    def check_host(self) -> None:
        """Refuse a request for another host name: a web page elsewhere must not reach an open service by renaming it."""
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if host.lower() not in LOOPBACK:
            raise ApiProblem(
                "not-allowed",
                f"While no key exists, the service answers to {', '.join(sorted(LOOPBACK))} "
                "only. Make a key: python -m classifier keys create NAME --role admin",
            )

    @staticmethod
    def allow(key: Key | None, roles: tuple[str, ...]) -> Key:
        """Return the key if it has one of the roles."""
        if key is None:
            raise ApiProblem(
                "no-key",
                "Send `Authorization: Bearer KEY`. Keys: python -m classifier keys create",
                headers={"WWW-Authenticate": 'Bearer realm="article tagger"'},
            )
        if key.role not in roles:
            raise ApiProblem("not-allowed", f"The role {key.role!r} may not do this; it takes {' or '.join(roles)}.")
        return key
