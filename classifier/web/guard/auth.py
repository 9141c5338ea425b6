"""Who may do what: keys, sessions and roles, and the open service while no key exists."""

import hmac
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import redirect
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.decisions import CMS
from classifier.store.keys import Key, Session
from classifier.store.leases import Holder
from classifier.store.store import Store
from classifier.texts import _
from classifier.web.guard.limits import OPEN_SENDER, Rate, count_try, counters_of
from classifier.web.guard.loopback import NEXT_STEP, why_from_elsewhere
from classifier.web.guard.passwords import is_right
from classifier.web.incoming import incoming
from classifier.web.problems import CHALLENGE, ApiProblem

COOKIE = "tagger_session"
ADMINS = ("admin",)
TAXONOMISTS = ("taxonomist", *ADMINS)
EDITORS = ("editor", *TAXONOMISTS)
WRITERS = ("cms", *EDITORS)
ANY_ROLE = (*WRITERS, "reader")
PEOPLE = (*EDITORS, "reader")  # who may sign in
NOBODY = OPEN_SENDER  # who decides while no key exists and no name is given
_SAFE = ("GET", "HEAD", "OPTIONS")


class SignInFirst(Exception):
    """A page is for editors, and nobody is signed in: the answer leads to the sign-in page."""


@dataclass(frozen=True)
class Caller:
    """Who makes a request: a key or a session, neither while no key exists."""

    key: Key | None = None
    session: Session | None = None

    @property
    def viewer(self) -> str | None:
        """The editor who makes the request. None for a CMS and for anybody not signed in."""
        if self.session is not None:
            return self.session.editor
        return person(self.key.name) if self.key is not None and self.key.role in EDITORS else None

    @property
    def sender(self) -> str:
        """The sender to whom idempotency keys belong."""
        return self.key.name if self.key is not None else self.viewer or NOBODY

    @property
    def holder(self) -> Holder:
        """Who holds an article that the caller has before them: a browser's session, or else a key."""
        identity = self.session.id if self.session is not None else self.key.id if self.key is not None else NOBODY
        return Holder(identity, self.editor(None))

    @property
    def owner(self) -> str | None:
        """The owner of the articles that the caller writes: the name of a cms key, None for a person."""
        return self.key.name if self.key is not None and self.key.role == "cms" else None

    @property
    def may_undo_all(self) -> bool:
        """Whether the caller may take back what others decided."""
        return (self.key is None and self.session is None) or (self.key is not None and self.key.role == "admin")

    def editor(self, named: str | None) -> str:
        """Return the editor who decides. A CMS names its editors. An editor who names another gets `ApiProblem` (403)."""
        if self.key is not None and self.key.role == "cms":
            return f"{self.key.name}/{named}" if named else person(self.key.name)
        viewer = self.viewer
        if viewer is None:
            return person(named or NOBODY)
        if named is not None and person(named) != viewer:
            text = _(
                "You are %(name)s and cannot decide for %(other)s. Only a cms key names other editors.",
                name=repr(viewer),
                other=repr(named),
            )
            raise ApiProblem("not-allowed", text)
        return viewer


def person(name: str) -> str:
    """Return the name of an editor for the log, where `cms` means changes by a CMS itself."""
    return f"{name}/{name}" if name == CMS else name


class Gate:
    """Decides on each request whether its sender may make it."""

    def __init__(self, store: Store, rate: int = 0, proxies: int = 0) -> None:
        self._store, self._proxies = store, proxies
        self._rate = Rate(store.counters, rate)

    def open(self) -> bool:
        """Whether no key exists, and every role is open to the sender, who is on this machine.

        Raises:
            ApiProblem: 403 if no key exists, and the request may come from elsewhere.
        """
        if self._store.keys.in_use():
            return False
        request = incoming().request
        # A page elsewhere must not reach an open service under a host name of its own, so the host name is checked too.
        if reason := why_from_elsewhere(request.environ, request.host, self._proxies):
            raise ApiProblem(
                "not-allowed",
                _(
                    "While no key exists, only this machine is answered, and %(reason)s. %(next_step)s",
                    reason=reason,
                    next_step=NEXT_STEP,
                ),
            )
        return True

    def check(self, roles: tuple[str, ...]) -> Caller:
        """Return who makes the request. Raise `ApiProblem` if the sender may not do what takes one of `roles`."""
        is_open = self.open()
        request = incoming().request
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if kind:
            key = self._store.keys.of(secret.strip()) if kind.lower() == "bearer" else None
            return self._counted(Caller(key), roles, is_open)
        session, token = self.session(), request.headers.get("X-CSRF-Token", "")
        if session is not None and request.method not in _SAFE:
            self.check_csrf(session, token)
        if session is None and token:  # a page that somebody has signed out of elsewhere
            raise ApiProblem(
                "no-key", _("Your session is over. Sign in again; nothing that you decided is lost."), headers=CHALLENGE
            )
        return self._counted(Caller(session.key, session) if session else Caller(), roles, is_open)

    def check_basic(self, roles: tuple[str, ...]) -> Caller:
        """Do as `check` for a client that sends its key as the password of HTTP Basic. Sessions do not count."""
        is_open, sent = self.open(), incoming().request.authorization
        secret = sent.password if sent is not None and sent.type == "basic" else None
        return self._counted(Caller(self._store.keys.of(secret) if secret else None), roles, is_open)

    def check_secret(self, secret: str, roles: tuple[str, ...]) -> None:
        """Refuse a form whose key, or without one whose session, may not do what takes one of `roles`."""
        is_open, session = self.open(), self.session()
        key = None if is_open else self._store.keys.of(secret)
        self._counted(Caller(session.key, session) if session and not secret else Caller(key), roles, is_open)

    def _counted(self, caller: Caller, roles: tuple[str, ...], is_open: bool) -> Caller:
        """Return the caller, whose request counts against its rate, if it has one of the roles."""
        if is_open:
            self._rate.count(None)
            return caller
        if caller.key is not None:
            self._rate.count(caller.key)
        if caller.key is None:
            text = _("Send `Authorization: Bearer KEY`. Keys: python -m classifier keys create")
            raise ApiProblem("no-key", text, headers=CHALLENGE)
        if caller.key.role not in roles:
            text = _(
                "The role %(role)s may not do this. It takes the role %(roles)s.",
                role=repr(caller.key.role),
                roles=" or ".join(roles),
            )
            raise ApiProblem("not-allowed", text)
        return caller

    def sign_in(self, name: str, secret: str) -> Key | None:
        """Return the key of a person who signs in with it or with a password, or None if nobody has this name and this secret.

        Raises:
            ApiProblem: 429 after too many tries.
            KeyEnded: if the key has expired or was replaced.
        """
        count_try(self._store.counters, name)
        key = self._store.keys.of(secret, fresh=True) or self._by_password(name, secret)
        if key is None or key.role not in PEOPLE or key.name != name:
            return None
        for counter in counters_of(name):  # an attempt that succeeds does not count
            self._store.counters.give_back(counter)
        return key

    def _by_password(self, name: str, password: str) -> Key | None:
        key, stored = self._store.people.known(name) or (None, None)
        return key if is_right(password, stored) and key is not None and key.usable else None

    def session(self) -> Session | None:
        """Return the session of the request's cookie, or None. It is looked up once for each request."""
        now = incoming()
        if not now.has_read_session:
            now.session = self._store.sessions.of(now.request.cookies.get(COOKIE, ""))
            now.has_read_session = True
        return now.session

    def require_editor(self) -> Session:
        """Return the session of a page for editors. Raises what `require` does."""
        return self.require(EDITORS)

    def require(self, roles: tuple[str, ...]) -> Session:
        """Return the session of somebody who has one of some roles; while no key exists, of anybody.

        Raises:
            SignInFirst: if nobody is signed in.
            ApiProblem: 403 if the role is another.
        """
        self.open()
        session = self.session()
        if session is None:
            raise SignInFirst
        if session.key is not None and session.key.role not in roles:
            raise ApiProblem(
                "not-allowed",
                _(
                    "You are signed in as a %(role)s. This takes the role %(roles)s.",
                    role=session.key.role,
                    roles=" or ".join(roles),
                ),
            )
        return session

    @staticmethod
    def check_csrf(session: Session, token: str) -> None:
        """Refuse a request that was not made by a page of this service."""
        if not hmac.compare_digest(token.encode(), session.csrf.encode()):
            raise ApiProblem(
                "not-allowed", _("The page is out of date. Load it again; nothing that you decided is lost.")
            )


def check_origin() -> None:
    """Refuse requests that a page of another site makes a browser send.

    Browsers mark them (Sec-Fetch-Site, older ones Origin). Other clients send neither. A page elsewhere cannot put a key
    into a header.
    """
    request = incoming().request
    if request.method in _SAFE or "Authorization" in request.headers:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = site in ("same-origin", "none") if site else origin is None or _host(origin) == _host(f"//{request.host}")
    if not ours:
        raise ApiProblem("not-allowed", _("This was sent by a page of another site. Use the service's own pages."))


def _host(origin: str) -> str | None:
    """Return the host name in an origin. None for `null` and for a text that is no origin."""
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def sign_in_first(_: SignInFirst) -> WsgiResponse:
    """Return the way to the sign-in page, which leads back to the page that was asked for."""
    return redirect(f"/sign-in?next={quote(incoming().request.full_path.rstrip('?'))}", 303)
