"""Forms of the pages: who sent one, whether they may, and its fields."""

from collections.abc import Mapping
from typing import NamedTuple

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from classifier.store.keys import Session
from classifier.texts import _
from classifier.web.bodies import read_fields
from classifier.web.guard.auth import TAXONOMISTS, Gate
from classifier.web.problems import ApiProblem

MAX_FORM = 512 * 1024


class Form(NamedTuple):
    """A form that somebody sent who may do what it asks for."""

    session: Session
    fields: Mapping[str, list[str]]

    def text(self, name: str, most: int = 2_000) -> str:
        """Return a field without the blanks around it, "" if it was not sent."""
        return (self.fields.get(name) or [""])[-1].strip()[:most]

    def texts(self, name: str) -> list[str]:
        """Return the values of a field, without empty ones."""
        return [value.strip() for value in self.fields.get(name, ()) if value.strip()]


class FormPages:
    """Pages with forms that only some roles may send."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def sender(self, roles: tuple[str, ...]) -> Session:
        """Return the session of whoever sent a form. Raise `ApiProblem` (403) if none has one of some roles."""
        self.gate.open()
        if self.gate.session() is None:
            raise ApiProblem("not-allowed", _("Nobody is signed in here any more. Sign in and send it again."))
        return self.gate.require(roles)

    def form(self, roles: tuple[str, ...] = TAXONOMISTS) -> Form:
        """Return the form that was sent. Raise `ApiProblem` if its sender may not do what takes one of some roles."""
        session = self.sender(roles)
        fields = read_fields(MAX_FORM)
        self.gate.check_csrf(session, (fields.get("csrf") or [""])[-1])
        return Form(session, fields)


def see(path: str) -> Response:
    """Lead to a page after a form."""
    return redirect(path, 303)
