"""The page behind an invitation, where somebody chooses a password, and the page of one's own account."""

from flask import Blueprint, Response, render_template
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import BadSetting, NotFound
from classifier.store.keys import Key, Session
from classifier.store.store import Store
from classifier.texts import _
from classifier.web.bodies import read_form
from classifier.web.guard.auth import PEOPLE, Gate
from classifier.web.guard.limits import count_try
from classifier.web.guard.passwords import LEAST, hash_of, is_right
from classifier.web.pages import render
from classifier.web.pages.forms import FormPages, see
from classifier.web.pages.sign_in import home_of, signed_in
from classifier.web.problems import ApiProblem


class Join(FormPages):
    """Both pages as a blueprint."""

    def __init__(self, store: Store, gate: Gate) -> None:
        super().__init__(gate)
        self.store, self.people = store, store.people
        self.blueprint = Blueprint("join", __name__)
        add = self.blueprint.add_url_rule
        add("/join/<secret>", "form", self.form_of_link)
        add("/join/<secret>", "accept", self.accept, methods=["POST"])
        add("/account", "account", self.account)
        add("/account", "change", self.change, methods=["POST"])

    def form_of_link(self, secret: str) -> str:
        """Show who is invited, and ask for a password."""
        return self._page(secret)

    def accept(self, secret: str) -> WsgiResponse | tuple[str, int]:
        """Follow the link: the password is the person's, who is signed in."""
        form = read_form()
        try:
            invitation = self.people.of(secret)
            key = self.people.accept(secret, _chosen(form, invitation.name))
        except (BadSetting, NotFound) as error:
            return self._page(secret, str(error)), 422
        return signed_in(self.store, see(home_of(key)), key)

    def account(self) -> str | Response:
        """Show whoever is signed in the own role, and a form for another password."""
        return self._account(self.gate.require(PEOPLE))

    def change(self) -> str | tuple[str, int]:
        """Give the person another password, who is signed out everywhere else."""
        form = self.form(PEOPLE)
        session = form.session
        if session.key is None:
            raise ApiProblem("not-allowed", _("While nobody has a key, there are no passwords."))
        try:
            self._check_current(session.key, form.text("current"))
            self.people.set_password(
                session.key, _chosen({name: form.text(name) for name in form.fields}, session.key.name), session.id
            )
        except BadSetting as error:
            return self._account(session, str(error)), 422
        return self._account(session, done=True)

    def _check_current(self, key: Key, current: str) -> None:
        """Raise `BadSetting` if this is not the password that the person has now."""
        count_try(self.store.counters, key.name)
        known = self.people.known(key.name)
        if known is not None and not is_right(current, known[1]):
            raise BadSetting(_("This is not your password of now."))

    def _page(self, secret: str, problem: str | None = None) -> str:
        try:
            invitation = self.people.of(secret)
        except NotFound as error:
            invitation, problem = None, str(error)
        return render_template("join.html", invitation=invitation, problem=problem, least=LEAST)

    def _account(self, session: Session, problem: str | None = None, done: bool = False) -> str:
        has_password = session.key is not None and self.people.known(session.key.name) is not None
        return render(
            "account.html",
            session,
            key=session.key,
            has_password=has_password,
            problem=problem,
            done=done,
            least=LEAST,
        )


def _chosen(form: dict[str, str], name: str) -> str:
    """Return the hash of the password that a form has twice. Raise `BadSetting` if they differ, or if it is too weak."""
    password = form.get("password", "").strip()
    if password != form.get("again", "").strip():
        raise BadSetting(_("The two passwords differ. Type the same one twice."))
    return hash_of(password, name)
