"""Signing in and out: a name and a password or key become a session, kept in a cookie."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import KeyEnded
from classifier.operations.single_sign_on import SingleSignOn
from classifier.store.keys import Key
from classifier.store.store import Store
from classifier.texts import _
from classifier.web.bodies import read_form
from classifier.web.guard.auth import COOKIE, EDITORS, Gate, person
from classifier.web.guard.loopback import host_of, is_loopback
from classifier.web.problems import CATALOGUE, ApiProblem


class SignIn:
    """The page that signs in, and the forms behind it, as a blueprint. `sign_on` is the other way in, if there is one."""

    def __init__(self, store: Store, gate: Gate, sign_on: SingleSignOn | None = None) -> None:
        self.store, self.gate, self.sign_on = store, gate, sign_on
        self.blueprint = Blueprint("sign_in", __name__)
        add = self.blueprint.add_url_rule
        add("/sign-in", "form", self.form)
        add("/sign-in", "start", self.start, methods=["POST"])
        add("/sign-out", "end", self.end, methods=["POST"])

    def form(self) -> str:
        """Return the page."""
        return sign_in_page(self.gate, self.sign_on, request.args.get("next", ""))

    def start(self) -> WsgiResponse | tuple[str, int, dict[str, str]]:
        """Start a session and go to the page that was asked for, or return the page with the problem."""
        form = read_form()
        name, onward = form.get("name", "").strip(), form.get("next", "")
        try:
            key = self._key(name, form.get("key", "").strip())
        except (ApiProblem, KeyEnded) as error:
            problem = error if isinstance(error, ApiProblem) else ApiProblem("not-allowed", str(error))
            page = sign_in_page(self.gate, self.sign_on, onward, problem.detail, name)
            return page, CATALOGUE[problem.slug].status, problem.headers
        return signed_in(self.store, onward_for(key, onward), key, name)

    def _key(self, name: str, secret: str) -> Key | None:
        """Return the key of an editor who signs in. None while no key exists and any name will do."""
        if self.gate.open():
            if not 0 < len(name) <= 80 or "/" in name:
                raise ApiProblem("not-allowed", _("Give a name of 1 to 80 characters, no slash."))
            return None
        key = self.gate.sign_in(name, secret)
        if key is None:
            raise ApiProblem("not-allowed", _("Nobody has this name with this password or key. Check both."))
        return key

    def end(self) -> WsgiResponse:
        """End the session and go to the page that signs in."""
        session = self.gate.session()
        if session is not None:
            self.gate.check_csrf(session, read_form().get("csrf", ""))
            self.store.sessions.end(session)
        response = redirect("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response


def sign_in_page(
    gate: Gate, sign_on: SingleSignOn | None, onward: str, problem: str | None = None, name: str = ""
) -> str:
    """Return the page that signs in, with a problem if there is one. `onward` is the page that was asked for."""
    is_open = gate.open()
    label = None if sign_on is None or is_open else sign_on.label or _("Sign in with your organisation")
    return render_template(
        "sign_in.html", open=is_open, problem=problem, next=onward if _is_ours(onward) else "", name=name, label=label
    )


def signed_in(store: Store, response: WsgiResponse, key: Key | None, name: str = "") -> WsgiResponse:
    """Start a session, and return the response with its cookie. `name` is that of a person while no key exists."""
    token = store.sessions.start(person(key.name if key is not None else name), key)
    needs_tls = not is_loopback(host_of(request.host))
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=needs_tls, path="/")
    return response


def onward_for(key: Key | None, onward: str) -> WsgiResponse:
    """Return the way to the page that somebody asked for who signs in, or to the first page of somebody with this key."""
    return redirect(onward if _is_ours(onward) else home_of(key), 303)


def home_of(key: Key | None) -> str:
    """Return the first page of somebody who signs in: a reader sees the tags, and does not review."""
    return "/review" if key is None or key.role in EDITORS else "/tags"


def _is_ours(path: str) -> bool:
    """Whether a path leads to a page of this service and nowhere else."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
