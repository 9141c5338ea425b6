"""Who may do what: keys, sessions and roles, and the open first minute while no key exists."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.store import Key, Session, Store
from classifier.web.problems import ApiProblem

LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]"))
COOKIE = "tagger_session"
EDITORS = ("editor", "admin")
NOBODY = "local"  # who decides while no key exists and no name is given
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Caller:
    """Who makes a request: a key, a session, or in the open first minute neither."""

    key: Key | None = None
    session: Session | None = None

    @property
    def viewer(self) -> str | None:
        """The editor that the caller is; None for a CMS, which is many, and for whoever is not signed in."""
        if self.session is not None:
            return self.session.editor
        return self.key.name if self.key is not None and self.key.role in EDITORS else None

    @property
    def sender(self) -> str:
        """Whose idempotency keys are meant."""
        return self.key.name if self.key is not None else self.viewer or NOBODY

    @property
    def may_undo_all(self) -> bool:
        """Whether the caller may take back what others decided."""
        return (self.key is None and self.session is None) or (self.key is not None and self.key.role == "admin")

    def editor(self, named: str | None) -> str:
        """Return the editor that decides: a CMS names its editors, an editor can name only itself.

        Raises:
            ApiProblem: 403 for another name.
        """
        if self.key is not None and self.key.role == "cms":
            return f"{self.key.name}/{named}" if named else self.key.name
        myself = self.viewer
        if myself is None:
            return named or NOBODY
        if named not in (None, myself):
            raise ApiProblem("not-allowed", f"You are {myself!r}; only a CMS decides for others, not for {named!r}.")
        return myself


class Gate:
    """Decides on each request whether its sender may make it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self) -> bool:
        """Whether no key exists, and every role is open to this machine."""
        return not self._store.keys.in_use()

    def check(self, roles: tuple[str, ...]) -> Caller:
        """Return who makes the request.

        Raises:
            ApiProblem: if the sender may not do what takes one of `roles`.
        """
        is_open = self.open()
        if is_open:
            self.check_host()
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind:
            key = self._store.keys.of(secret.strip()) if kind.lower() == "bearer" else None
            return Caller() if is_open else Caller(self.allow(key, roles))
        session = self.session()
        if session is not None:
            if request.method not in _SAFE:
                self.check_csrf(session, request.headers.get("X-CSRF-Token", ""))
            return Caller(session.key if session.key is None else self.allow(session.key, roles), session)
        return Caller() if is_open else Caller(self.allow(None, roles))

    def session(self) -> Session | None:
        """Return the session of the request's cookie, or None."""
        return self._store.sessions.of(request.cookies.get(COOKIE, ""))

    @staticmethod
    def check_csrf(session: Session, token: str) -> None:
        """Refuse a request that was not made by a page of this service."""
        if not hmac.compare_digest(token.encode(), session.csrf.encode()):
            raise ApiProblem("not-allowed", "The page is out of date. Load it again; nothing that you decided is lost.")

    def check_host(self) -> None:
        """Refuse a request for another host name: a web page elsewhere must not reach an open service by renaming it."""
        if not _is_loopback():
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


def set_session(response: WsgiResponse, token: str) -> None:
    """Put a session into a cookie; only over this machine's loopback it may go without TLS."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=not _is_loopback(), path="/")


def _is_loopback() -> bool:
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return host.lower() in LOOPBACK
