"""Signing in at the provider of the house: the way there, and the way back.

What the way back has to fit (state, nonce, verifier) is in a signed cookie of the browser, so that any process can answer.
"""

import hashlib
import hmac
from typing import Any

import structlog
from flask import Blueprint, make_response, redirect, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import NotAdmitted
from classifier.operations.single_sign_on import SingleSignOn
from classifier.store.identities import Granted
from classifier.store.keys import Key
from classifier.store.store import Store
from classifier.texts import _
from classifier.web.guard.auth import Gate
from classifier.web.guard.limits import count_try, counters_of
from classifier.web.guard.loopback import host_of, is_loopback
from classifier.web.guard.provider import Provider, ProviderAway, Untrusted
from classifier.web.pages.sign_in import onward_for, sign_in_page, signed_in
from classifier.web.problems import CATALOGUE, ApiProblem

PATH = "/sign-in/organisation"
COOKIE = "tagger_on_the_way"
SECONDS = 600  # for which somebody may stay with the provider
MAX_ONWARD = 1000  # characters of the page that was asked for
_COUNTED = "single sign-on"  # as a name under which attempts are counted

Answer = WsgiResponse | tuple[str, int, dict[str, str]]


class SingleSignOnPages:
    """Both addresses as a blueprint."""

    def __init__(self, store: Store, gate: Gate, sign_on: SingleSignOn) -> None:
        self.store, self.gate, self.sign_on = store, gate, sign_on
        self.provider = Provider(sign_on)
        key = hmac.digest(sign_on.secret.encode(), b"the cookie of the way to the provider", hashlib.sha256)
        self.signing = URLSafeTimedSerializer(key, salt=sign_on.issuer)
        self.blueprint = Blueprint("single_sign_on", __name__, url_prefix=PATH)
        self.blueprint.add_url_rule("", "leave", self.leave)
        self.blueprint.add_url_rule("/back", "come_back", self.come_back)

    def leave(self) -> Answer:
        """Send somebody to the provider."""
        onward = request.args.get("next", "")[:MAX_ONWARD]
        if self.gate.open():  # the first administrator has a password, and says who else may come in
            return redirect("/sign-in", 303)
        try:
            asked = self.provider.way(self._back())
        except ProviderAway:
            return self._away(onward)
        response = redirect(asked.url, 303)
        value = self.signing.dumps({**asked._asdict(), "url": "", "onward": onward})
        is_secure = not is_loopback(host_of(request.host))
        where = {"path": PATH, "httponly": True, "samesite": "Lax", "secure": is_secure}
        response.set_cookie(_cookie_of(asked.state), str(value), max_age=SECONDS, **where)  # type: ignore[arg-type]
        return response

    def come_back(self) -> Answer:
        """Sign somebody in whom the provider sends back."""
        state = request.args.get("state", "")[:200]
        asked = self._asked(state)
        onward = str(asked["onward"]) if asked else ""
        try:
            key = self._key(asked)
        except ProviderAway:
            answer = self._away(onward)
        except (Untrusted, NotAdmitted) as error:
            answer = self._refused(error, onward)
        except ApiProblem as problem:
            answer = self._page(problem.slug, problem.detail, onward, problem.headers)
        else:
            answer = signed_in(self.store, onward_for(key, onward), key)
        return _without_cookie(answer, state)

    def _key(self, asked: dict[str, Any] | None) -> Key:
        """Return the key of the person whom the provider sends back."""
        if self.gate.open() or asked is None:
            raise Untrusted("other state")
        if "error" in request.args or "code" not in request.args:
            raise Untrusted("the provider refused")
        count_try(self.store.counters, _COUNTED)
        code, issuer = request.args["code"], request.args.get("iss")
        who, claims = self.provider.person(code, asked, self._back(), issuer)
        rule = self.sign_on.rule_for(claims)
        key = self.store.identities.admit(who, Granted(rule.role, str(rule)) if rule is not None else None)
        for counter in counters_of(_COUNTED):  # an attempt that succeeds does not count
            self.store.counters.give_back(counter)
        return key

    def _asked(self, state: str) -> dict[str, Any] | None:
        """Return what the browser's cookie of a state says, or None if the browser did not ask, or too long ago."""
        try:
            asked: dict[str, Any] = self.signing.loads(request.cookies.get(_cookie_of(state), ""), max_age=SECONDS)
        except BadData:
            return None
        return asked if hmac.compare_digest(asked["state"].encode(), state.encode()) else None

    def _back(self) -> str:
        """Return the address to which the provider sends people back, as it is registered there."""
        return f"{self.sign_on.address.rstrip('/') or request.host_url.rstrip('/')}{PATH}/back"

    def _refused(self, error: Untrusted | NotAdmitted, onward: str) -> Answer:
        reason = "not admitted" if isinstance(error, NotAdmitted) else str(error)[:100]
        structlog.get_logger().warning("single_sign_on_refused", reason=reason)
        if isinstance(error, NotAdmitted):
            return self._page("not-allowed", str(error), onward)
        text = _("Your sign-in could not be verified, or took too long. Try again.")
        return self._page("not-allowed", text, onward)

    def _away(self, onward: str) -> Answer:
        text = _("Your organisation’s sign-in does not answer. Try again in a minute, or use your password or key.")
        return self._page("overloaded", text, onward, {"Retry-After": "30"})

    def _page(self, slug: str, text: str, onward: str, headers: dict[str, str] | None = None) -> Answer:
        return sign_in_page(self.gate, self.sign_on, onward, text), CATALOGUE[slug].status, headers or {}


def _cookie_of(state: str) -> str:
    """Return the name of the cookie of a state: each window that signs in has one of its own."""
    return f"{COOKIE}_{hashlib.sha256(state.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _without_cookie(answer: Answer, state: str) -> WsgiResponse:
    """Return an answer that ends the cookie of a state: it is good for one way back."""
    response = make_response(answer)
    response.delete_cookie(_cookie_of(state), path=PATH)
    return response
