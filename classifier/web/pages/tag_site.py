"""What all pages of the taxonomy share: who may see and change it, and what stands above each page."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from flask import render_template

from classifier.domain.operations import Create, Operation, Split
from classifier.domain.taxonomy import TAG_ID, Tag, Taxonomy
from classifier.errors import BadOperation, NotFound
from classifier.serving.beside import begin_beside
from classifier.store.change_sets import PROPOSED
from classifier.store.keys import Session
from classifier.store.proposals import OPEN
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import EDITORS, PEOPLE, TAXONOMISTS, Gate
from classifier.web.pages.forms import Form, FormPages
from classifier.web.problems import ApiProblem
from classifier.web.texts import label_of as label_of_tag

# Pages of their own, where the id of a tag stands: a tag with such an id has another address.
PAGES = ("basket", "changes", "check", "import", "names", "past", "proposals", "rising", "split", "tag", "try")
MAX_NAME = 200
FARTHEST = timedelta(days=366)  # to which changes may be put off
_WHEN, _ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"), re.compile(r"-?[0-9]{1,3}")


class TagSite(FormPages):
    """The pages of the taxonomy, seen from one of them."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate)
        self.changing, self.store = changing, changing.store

    def reader(self) -> Session:
        """Return the session of somebody who may see the taxonomy."""
        return self.gate.require(PEOPLE)

    def beside(self, counter: str, seconds: float, *command: str) -> bool:
        """Run a command in a process of its own, unless that was begun within some seconds. Return whether it was begun now."""
        return begin_beside(self.store, self.changing.registry.folder, counter, seconds, *command)

    def render(self, name: str, session: Session, operations: Iterable[Operation] = (), **values: object) -> str:
        """Return a page with what stands above it: how much is in the basket, and how much waits for an answer.

        `operations` are those of which the page tells what they do: it calls the tags that they make by their labels.
        """
        role = session.key.role if session.key is not None else None
        basket = self.store.change_sets.draft_of(session.editor)
        counts = {
            "/tags/basket": len(basket.ops) if basket is not None else 0,
            "/tags/changes": self.store.change_sets.count(PROPOSED),
            "/tags/proposals": self.store.proposals.count(OPEN),
        }
        may = {"may_change": role is None or role in TAXONOMISTS, "may_propose": role is None or role in EDITORS}
        by_id, labels = self.changing.taxonomy().by_id, new_labels(operations)

        def label_of(tag_id: str) -> str:
            return label_of_tag(by_id[tag_id]) if tag_id in by_id else labels.get(tag_id, tag_id)

        shared = {
            "editor": session.editor,
            "csrf": session.csrf,
            "address": address,
            "label_of": label_of,
            "counts": counts,
        }
        return render_template(name, **shared, **may, **values)


def onward(form: Form) -> str:
    """Return the page of the taxonomy to go on with after a form."""
    path = form.text("next")
    return path if path.startswith("/tags") and "\\" not in path and path.isprintable() else "/tags/basket"


def address(tag_id: str) -> str:
    """Return the address of a tag's page."""
    is_plain = TAG_ID.fullmatch(tag_id) and tag_id not in PAGES
    return f"/tags/{tag_id}" if is_plain else f"/tags/tag?id={quote(tag_id, safe='')}"


def new_labels(operations: Iterable[Operation]) -> dict[str, str]:
    """Return the labels of the tags that operations make, by their ids."""
    labels: dict[str, str] = {}
    for operation in operations:
        labels |= dict(operation.labels) if isinstance(operation, Split) else {}
        labels |= {operation.tag: operation.label} if isinstance(operation, Create) else {}
    return labels


def known_tag(taxonomy: Taxonomy, tag_id: str) -> Tag:
    """Return a tag, or raise `NotFound`."""
    tag = taxonomy.by_id.get(tag_id)
    if tag is None:
        raise NotFound(_("The taxonomy has no tag “%(id)s”.", id=tag_id[:80]))
    return tag


def based_on(form: Form) -> int:
    """Return the number of the change up to which the sender of a form saw the taxonomy. Raise `ApiProblem` without it."""
    number = form.text("based_on", 9)
    if not (number.isascii() and number.isdecimal()):
        raise ApiProblem("bad-request", _("Look at what the changes would do first."))
    return int(number)


def moment_in(form: Form) -> str:
    """Return the time to come that the sender of a form chose, in UTC. Raise `BadOperation` if there is none.

    `when` is a time of the sender's clock, `zone` the minutes by which that is ahead of UTC, empty where that is not known.
    """
    when, zone = form.text("when", 16), form.text("zone", 5) or "0"
    if not (_WHEN.fullmatch(when) and _ZONE.fullmatch(zone)):
        raise BadOperation(_("Choose the day and the time at which the changes shall be applied."))
    try:
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC) - timedelta(minutes=int(zone))
    except (ValueError, OverflowError):
        raise BadOperation(_("There is no such day.")) from None
    if not timedelta(0) < moment - datetime.now(UTC) < FARTHEST:
        raise BadOperation(_("Choose a time to come, at most a year ahead."))
    return moment.isoformat()


def applied_now(form: Form) -> int:
    """Return what `based_on` does, of a form that applies changes now. Raise `BadOperation` if its sender chose a time."""
    if form.text("when"):  # Enter in that field, without scripts
        raise BadOperation(_("You chose a time. Schedule the changes, or empty the time to apply them now."))
    return based_on(form)
