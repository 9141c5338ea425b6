"""The page of people and programs: who may come in, with which role, and the links and keys that let them in."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import BadSetting, NotFound
from classifier.operations.single_sign_on import SingleSignOn
from classifier.store.keys import GRACE_HOURS, Key, Session
from classifier.store.people import INVITED_DAYS
from classifier.store.store import Store
from classifier.texts import N_, _
from classifier.web.guard.auth import ADMINS, Gate
from classifier.web.guard.passwords import LEAST, hash_of
from classifier.web.pages import render
from classifier.web.pages.forms import Form, FormPages, see
from classifier.web.pages.sign_in import signed_in
from classifier.web.problems import ApiProblem

HERE = "/admin/people"
ROLES = {
    "editor": N_("reviews articles and proposes tags"),
    "taxonomist": N_("changes the tags, too"),
    "admin": N_("does everything, and lets people in"),
    "reader": N_("sees tags, and reviews nothing"),
}


class Shown(NamedTuple):
    """What is shown once, behind the form that made it: a link for somebody, or the key of a program."""

    name: str
    secret: str
    is_link: bool
    hours: int = 0  # for which the key of before is accepted


class PeoplePages(FormPages):
    """The page as a blueprint. Each of its forms names what it does (`act`)."""

    def __init__(self, store: Store, gate: Gate, sign_on: SingleSignOn | None = None) -> None:
        super().__init__(gate)
        self.store, self.people, self.sign_on = store, store.people, sign_on
        self.blueprint = Blueprint("people", __name__, url_prefix=HERE)
        self.blueprint.add_url_rule("", "list", self.list)
        self.blueprint.add_url_rule("", "act", self.act, methods=["POST"])
        self.acts: Mapping[str, Callable[[Form], WsgiResponse | Shown]] = {
            "first": self._first,
            "invite": self._invite,
            "renew": self._renew,
            "withdraw": self._withdraw,
            "role": self._role,
            "email": self._email,
            "remove": self._remove,
            "restore": self._restore,
            "key": self._key,
            "rotate": self._rotate,
        }

    def list(self) -> str:
        """Show who may come in."""
        return self._page(self.gate.require(ADMINS))

    def act(self) -> WsgiResponse | str | tuple[str, int]:
        """Do what a form asks for."""
        form = self.form(ADMINS)
        act = self.acts.get(form.text("act"))
        if act is None:
            raise ApiProblem("bad-request", _("The page is out of date. Load it again."))
        if form.session.key is None and act != self._first:
            raise ApiProblem("not-allowed", _("Become the first administrator, then let others in."))
        try:
            done = act(form)
        except (BadSetting, NotFound) as error:
            return self._page(form.session, problem=str(error), fields=form), 422
        return self._page(form.session, done) if isinstance(done, Shown) else done

    def _first(self, form: Form) -> WsgiResponse:
        name = form.text("name", 80)
        key = self.people.begin(name, hash_of(form.text("password"), name))
        return signed_in(self.store, see(HERE), key)

    def _invite(self, form: Form) -> Shown:
        name = form.text("name", 81)
        return self._link(
            name, self.people.invite(name, form.text("role"), form.session.editor, form.text("email", 300))
        )

    def _renew(self, form: Form) -> Shown:
        name = form.text("name")
        return self._link(name, self.people.renew(name, form.session.editor))

    def _link(self, name: str, secret: str) -> Shown:
        return Shown(name, url_for("join.form", secret=secret, _external=True), is_link=True)

    def _withdraw(self, form: Form) -> WsgiResponse:
        self.people.withdraw(form.text("id"))
        return see(HERE)

    def _role(self, form: Form) -> WsgiResponse:
        self.people.set_role(form.text("name"), form.text("role"))
        return see(HERE)

    def _email(self, form: Form) -> WsgiResponse:
        self.people.set_email(form.text("name"), form.text("email", 300))
        return see(HERE)

    def _remove(self, form: Form) -> WsgiResponse:
        name = form.text("name")
        return see(f"{HERE}?{urlencode({'removed': name, 'id': self.people.remove(name)})}")

    def _restore(self, form: Form) -> WsgiResponse:
        self.people.restore(form.text("id"), form.text("name"))
        return see(HERE)

    def _key(self, form: Form) -> Shown:
        name = form.text("name", 81)
        return Shown(name, self.store.keys.create(name, "cms", by=form.session.editor), is_link=False)

    def _rotate(self, form: Form) -> Shown:
        name = form.text("name")
        return Shown(name, self.store.keys.rotate(name), is_link=False, hours=GRACE_HOURS)

    def _page(
        self, session: Session, shown: Shown | None = None, problem: str | None = None, fields: Form | None = None
    ) -> str:
        keys = [key for key in self.store.keys.list() if key.revoked_at is None]
        removed = request.args.get("removed", "") if request.method == "GET" else ""
        return render(
            "people.html",
            session,
            is_open=session.key is None,
            people=[key for key in keys if key.role != "cms"],
            programs=[key for key in keys if key.role == "cms"],
            invited=self.people.invited(),
            roles=ROLES,
            sign_on=self.sign_on,
            days=INVITED_DAYS,
            least=LEAST,
            removed=removed[:80],
            removed_id=request.args.get("id", "")[:16],
            shown_once=shown,
            problem=problem,
            typed=fields.text("name", 80) if fields else "",
            act=fields.text("act") if fields else "",
            is_only_admin=_is_only_admin(keys),
        )


def _is_only_admin(keys: list[Key]) -> bool:
    return sum(key.usable and key.role == "admin" for key in keys) == 1
