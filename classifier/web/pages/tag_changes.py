"""What was changed of the taxonomy, by whom and why, with a button that takes it back; and what is proposed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import Blueprint, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import ChangeAlias, Create, Split
from classifier.domain.sentences import OF_RUNS
from classifier.domain.taxonomy_log import UNDO, FoldedLog
from classifier.errors import BadOperation, DependentChanges, NeedsAnother, WrongState
from classifier.reports.preview.records import Preview
from classifier.serving.taxonomy import IMPORTED
from classifier.store.change_sets import APPLIED, N_IN_TITLE, PROPOSED, SCHEDULED, ChangeSet
from classifier.store.keys import Session
from classifier.texts import _, retold
from classifier.web.changing import Changing
from classifier.web.guard.auth import TAXONOMISTS, Gate
from classifier.web.pages.forms import Form, see
from classifier.web.pages.sentences import Sentence, Sentences
from classifier.web.pages.tag_site import TagSite, applied_now, based_on, moment_in
from classifier.web.pages.tags import Event, events_of
from classifier.web.problems import ApiProblem, problem_of

N_SETS = 50
N_SENTENCES = 5  # of each set in the list
N_OF_SET = 200  # of the page of one
MOST_UNDONE = 500


class SetView(NamedTuple):
    """A change set as sentences. `title` is what its author said of it, if that is not its operations."""

    set: ChangeSet
    sentences: Sequence[Sentence]
    n_more: int
    title: str | None
    may_undo: bool
    is_undo: bool


class Changes(TagSite):
    """The pages of changes as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.sets = self.store.change_sets
        self.blueprint = Blueprint("changes", __name__, url_prefix="/tags/changes")
        add = self.blueprint.add_url_rule
        add("", "list", self.list)
        add("/undo", "undo", self.undo, methods=["POST"])
        add("/<set_id>", "set", self.set)
        add("/<set_id>/effect", "effect", self.effect)
        add("/<set_id>/apply", "apply", self.apply, methods=["POST"])
        add("/<set_id>/schedule", "schedule", self.schedule, methods=["POST"])
        add("/<set_id>/cancel", "cancel", self.cancel, methods=["POST"])
        add("/<set_id>/decline", "decline", self.decline, methods=["POST"])
        add("/<set_id>/undo", "undo_set", self.undo_set, methods=["POST"])

    def list(self) -> str:
        """Show the change sets, the newest first, and above them those that wait for a decision, or for their time."""
        session, log = self.reader(), self.changing.log()
        scheduled = sorted(self.sets.list(SCHEDULED), key=lambda each: each.apply_at or "")
        before = request.args.get("before", "")
        sets = self.sets.list_decided(N_SETS + 1, before if len(before) <= 40 and before.isprintable() else "")
        return self.render(
            "changes.html",
            session,
            scheduled=[self._view(each, log) for each in scheduled] if not before else [],
            waiting=[self._view(each, log) for each in self.sets.list(PROPOSED)] if not before else [],
            sets=[self._view(each, log) for each in sets[:N_SETS]],
            before=sets[N_SETS - 1].decided_at if len(sets) > N_SETS else None,
            places=self.store.feed_places.all(),
            head=log.n,
        )

    def set(self, set_id: str) -> str:
        """Show a change set."""
        return self._page(self.reader(), self.sets.get(set_id))

    def effect(self, set_id: str) -> str:
        """Show a proposed change set with what it would do now."""
        session, proposed = self.gate.require(TAXONOMISTS), self.sets.get(set_id)
        try:
            preview = self.changing.preview(proposed.operations) if proposed.state == PROPOSED else None
        except BadOperation as error:
            return self._page(session, proposed, problem=str(error))
        return self._page(session, proposed, preview)

    def apply(self, set_id: str) -> WsgiResponse | tuple[str, int]:
        """Apply a proposed change set."""

        def apply(proposed: ChangeSet, form: Form) -> None:
            self.changing.apply(proposed, form.session.editor, applied_now(form))

        return self._decide(set_id, apply, "applied")

    def schedule(self, set_id: str) -> WsgiResponse | tuple[str, int]:
        """Let a proposed change set be applied at a time."""

        def schedule(proposed: ChangeSet, form: Form) -> None:
            self.changing.schedule(proposed, form.session.editor, based_on(form), moment_in(form))

        return self._decide(set_id, schedule, "scheduled")

    def cancel(self, set_id: str) -> WsgiResponse:
        """Take back that a change set is applied at a time. It is proposed again."""
        form = self.form()
        self.sets.take_back(set_id, form.session.editor)
        return see(f"/tags/changes/{set_id}?cancelled=1")

    def decline(self, set_id: str) -> WsgiResponse:
        """Decline a proposed change set."""
        form = self.form()
        self.sets.decline(set_id, form.session.editor)
        return see(f"/tags/changes/{set_id}")

    def undo_set(self, set_id: str) -> WsgiResponse | tuple[str, int]:
        """Take back a change set that was applied."""
        form = self.form()
        try:
            applied = self.changing.undo_set(set_id, form.session.editor)
        except DependentChanges as error:
            numbers = sorted({*self.store.taxonomy.rows_of(set_id), *error.numbers}, reverse=True)
            return self._resting(form.session, numbers, str(error)), 409
        except (BadOperation, WrongState) as error:
            return self._page(form.session, self.sets.get(set_id), problem=str(error)), 409
        return see(f"/tags/changes/{applied.change_set}?applied=1")

    def undo(self) -> WsgiResponse | tuple[str, int]:
        """Take back changes by their numbers, on the page of a tag or with those that rest on them."""
        form = self.form()
        texts = form.texts("number")[:MOST_UNDONE]
        numbers = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 9]
        if not numbers:
            raise ApiProblem("bad-request", _("Name the change to take back."))
        try:
            applied = self.changing.undo(numbers, form.session.editor)
        except DependentChanges as error:
            return self._resting(form.session, sorted({*numbers, *error.numbers}, reverse=True), str(error)), 409
        except BadOperation as error:
            return self.render("resting.html", form.session, events=[], problem=str(error)), 409
        return see(f"/tags/changes/{applied.change_set}?applied=1")

    # --- their parts --------------------------------------------------------------------------------------------

    def _decide(
        self, set_id: str, decide: Callable[[ChangeSet, Form], None], what: str
    ) -> WsgiResponse | tuple[str, int]:
        """Decide on a change set, and show what became of it, or why that cannot be done."""
        form, proposed = self.form(), self.sets.get(set_id)
        try:
            decide(proposed, form)
        except (BadOperation, NeedsAnother, WrongState) as error:
            status = problem_of(error).response().status_code
            return self._page(form.session, self.sets.get(set_id), problem=str(error)), status
        return see(f"/tags/changes/{set_id}?{what}=1")

    def _resting(self, session: Session, numbers: Sequence[int], problem: str) -> str:
        """Return the page that offers to take back changes with those that rest on them."""
        log = self.changing.log()
        rows = [log.rows[n - 1] for n in numbers if 1 <= n <= log.n and log.undone_by(n) is None]
        return self.render("resting.html", session, events=events_of(log, log.taxonomy(), rows), problem=None)

    def _view(self, each: ChangeSet, log: FoldedLog, most: int = N_SENTENCES) -> SetView:
        told = Sentences(self.changing.taxonomy()).of_set(each.ops[:most], log)
        numbers = self.store.taxonomy.numbers_of(each.id)
        may_undo = each.state == APPLIED and numbers not in ([], [1])  # before the first there was nothing
        return SetView(each, told, len(each.ops) - len(told), _title(each), may_undo, _is_undo(each))

    def _page(
        self, session: Session, each: ChangeSet, preview: Preview | None = None, problem: str | None = None
    ) -> str:
        log = self.changing.log()
        numbers = self.store.taxonomy.numbers_of(each.id)
        operations = [] if _is_undo(each) else replace(each, ops=each.ops[:N_OF_SET]).operations
        events: Sequence[Event] = events_of(log, log.taxonomy(), [log.rows[n - 1] for n in numbers[:N_OF_SET]])
        return self.render(
            "change_set.html",
            session,
            operations,
            view=self._view(each, log, N_OF_SET),
            events=events,
            preview=preview if preview is not None else each.preview,
            is_fresh=preview is not None,
            article=each.article_id,
            problem=problem,
            scheduled=request.args.get("scheduled") == "1" and each.state == SCHEDULED,
            cancelled=request.args.get("cancelled") == "1" and each.state == PROPOSED,
            applied=request.args.get("applied") == "1" and each.state == APPLIED,
            made=[each.tag for each in operations if isinstance(each, Create | ChangeAlias)][:N_SENTENCES],
            split=[each.tag for each in operations if isinstance(each, Split)][:N_SENTENCES],
            tagged=request.args.get("tagged", ""),
            may_decide=session.key is None or session.key.role in TAXONOMISTS,
        )


def _is_undo(each: ChangeSet) -> bool:
    return bool(each.ops) and all(op.get("op") == UNDO for op in each.ops)


def _title(each: ChangeSet) -> str | None:
    """Return what the author of a change set said of it, None if nobody said anything but its operations."""
    if each.by == IMPORTED and not each.ops:
        return _("The tags that the service began with") if each.based_on == 0 else retold(each.title, OF_RUNS)
    first = "; ".join(replace(each, ops=each.ops[:N_IN_TITLE]).lines)
    return (
        None
        if each.title.startswith((first, "undo of ") if first else "undo of ") or not each.title
        else retold(each.title, OF_RUNS)
    )
