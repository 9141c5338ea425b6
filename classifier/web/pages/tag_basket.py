"""The basket: changes of the taxonomy that a person collects, sees the effect of, and applies or proposes together."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Blueprint
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import Operation
from classifier.errors import BadOperation, NeedsAnother, TaggerError
from classifier.reports.preview.records import Preview
from classifier.store.change_sets import DRAFT, ChangeSet
from classifier.store.keys import Session
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import EDITORS, TAXONOMISTS, Gate
from classifier.web.pages.forms import Form, see
from classifier.web.pages.sentences import Sentence, Sentences
from classifier.web.pages.tag_operations import operations_of
from classifier.web.pages.tag_site import TagSite, applied_now, based_on, moment_in, onward
from classifier.web.problems import ApiProblem, problem_of

MAX_NOTE = 500
Page = tuple[str, int]


class Line(NamedTuple):
    """An operation of the basket, and why it does not fit the taxonomy any more."""

    sentence: Sentence
    problem: str | None


class Basket(TagSite):
    """The basket as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.sets = self.store.change_sets
        self.blueprint = Blueprint("basket", __name__, url_prefix="/tags/basket")
        add = self.blueprint.add_url_rule
        add("", "show", self.show)
        add("", "add", self.add, methods=["POST"])
        add("/effect", "effect", self.effect)
        add("/remove", "remove", self.remove, methods=["POST"])
        add("/apply", "apply", self.apply, methods=["POST"])
        add("/schedule", "schedule", self.schedule, methods=["POST"])
        add("/propose", "propose", self.propose, methods=["POST"])

    def show(self) -> str:
        """Show the basket. What its changes would do is shown on a page of its own, because counting takes seconds."""
        return self._page(self.gate.require(EDITORS))

    def effect(self) -> str:
        """Show the basket with what its changes would do now."""
        session = self.gate.require(TAXONOMISTS)
        try:
            return self._page(session, preview=self._preview(session))
        except BadOperation as error:
            return self._page(session, problem=str(error))

    def add(self) -> WsgiResponse | Page:
        """Put changes into the basket."""
        form = self.form(EDITORS)
        try:
            operations = [*self._operations(form.session), *operations_of(form, self.changing.taxonomy())]
            self.store.taxonomy.preview(operations)
        except BadOperation as error:
            return self._page(form.session, problem=str(error), onward=onward(form)), 422
        self.sets.draft(operations, form.session.editor)
        return see(onward(form))

    def remove(self) -> WsgiResponse:
        """Take a change out of the basket, or all of them."""
        form = self.form(EDITORS)
        operations, number = self._operations(form.session), form.text("number")
        is_one = number.isascii() and number.isdecimal() and len(number) < 6
        kept = [each for place, each in enumerate(operations) if is_one and place != int(number)]
        self.sets.draft(kept, form.session.editor)
        return see("/tags/basket")

    def apply(self) -> WsgiResponse | Page:
        """Apply the changes of the basket."""

        def apply(draft: ChangeSet, form: Form) -> None:
            self.changing.apply(draft, form.session.editor, applied_now(form), DRAFT)

        return self._decide(apply, "applied")

    def schedule(self) -> WsgiResponse | Page:
        """Let the changes of the basket be applied at a time."""

        def schedule(draft: ChangeSet, form: Form) -> None:
            self.changing.schedule(draft, form.session.editor, based_on(form), moment_in(form), DRAFT)

        return self._decide(schedule, "scheduled")

    def propose(self) -> WsgiResponse | Page:
        """Propose the changes of the basket, for another taxonomist to decide on."""
        form = self.form(EDITORS)
        draft = self._draft(form.session)
        if draft is None:
            return see("/tags/basket")
        try:
            self.store.taxonomy.preview(draft.operations)
        except BadOperation as error:
            return self._page(form.session, problem=str(error)), 422
        self.sets.hand_in(draft.id, form.session.editor, form.text("note", MAX_NOTE))
        return see(f"/tags/changes/{draft.id}")

    # --- their parts --------------------------------------------------------------------------------------------

    def _decide(self, decide: Callable[[ChangeSet, Form], None], what: str) -> WsgiResponse | Page:
        """Decide on the basket with the reason that was given, and lead to what became of it."""
        form = self.form(TAXONOMISTS)
        draft, note = self._draft(form.session), form.text("note", MAX_NOTE)
        if draft is None:
            return see("/tags/basket")
        if not note:
            return self._again(form, _("Say why, in a few words. The history shows it."), 422)
        try:
            decide(draft, form)
        except (BadOperation, NeedsAnother) as error:
            return self._again(form, str(error), problem_of(error), isinstance(error, NeedsAnother))
        self.sets.give_title(draft.id, note)
        return see(f"/tags/changes/{draft.id}?{what}=1")

    def _draft(self, session: Session) -> ChangeSet | None:
        self.changing.log()
        return self.sets.draft_of(session.editor)

    def _operations(self, session: Session) -> Sequence[Operation]:
        draft = self._draft(session)
        return draft.operations if draft is not None else []

    def _preview(self, session: Session) -> Preview | None:
        operations = self._operations(session)
        return self.changing.preview(operations) if operations else None

    def _again(self, form: Form, problem: str, status: int | ApiProblem, needs_another: bool = False) -> Page:
        """Return the basket with what is in the way, and with what its changes would do now."""
        preview = None
        try:
            preview = self._preview(form.session)
        except TaggerError as error:
            problem = str(error)
        code = status if isinstance(status, int) else status.response().status_code
        note = form.text("note", MAX_NOTE)
        return self._page(form.session, problem, preview, needs_another=needs_another, note=note), code

    def _page(
        self,
        session: Session,
        problem: str | None = None,
        preview: Preview | None = None,
        onward: str | None = None,
        needs_another: bool = False,
        note: str = "",
    ) -> str:
        operations, refused = self._operations(session), dict[int, str]()

        def refuse(operation: Operation, why: BadOperation) -> None:
            refused[id(operation)] = str(why)

        self.store.taxonomy.fitting(operations, refuse)
        told = Sentences(self.changing.taxonomy()).asked(operations)
        lines = [Line(sentence, refused.get(id(each))) for sentence, each in zip(told, operations, strict=True)]
        return self.render(
            "basket.html",
            session,
            operations,
            lines=lines,
            n_refused=len(refused),
            preview=preview,
            problem=problem,
            onward=onward,
            needs_another=needs_another,
            note=note,
        )
