"""The page of the data report, with the buttons that mend what it found.

The report takes minutes on a large archive. It is made every night, or by a process of its own when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.decisions import without_undone
from classifier.domain.operations import Merge
from classifier.errors import NotFound
from classifier.serving.beside import begin_beside
from classifier.serving.registry import Registry
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.keys import Session
from classifier.store.log import Draft
from classifier.store.reports import KeptReport
from classifier.texts import N_, _, gettext, ngettext, number
from classifier.web.guard.auth import EDITORS, TAXONOMISTS, Caller, Gate
from classifier.web.pages import render
from classifier.web.pages.forms import Form, FormPages, see
from classifier.web.pages.framing import framed, wanted_as_file
from classifier.web.pages.tag_site import address
from classifier.web.problems import ApiProblem
from classifier.web.texts import label_of
from classifier.web.watch.metrics import count_decisions

if TYPE_CHECKING:
    from classifier.reports.data.kept import Progress
    from classifier.reports.data.mending import Mending, Notice
    from classifier.reports.data.records import DataReport

PAGE, ADVICE = "/data", "/advice"
ADMINS = ("admin",)  # who chooses what training reads
MOST_TRIES = 20  # of the page to find a report that is being made, without a word of it
MAKING_SECONDS = 60.0  # from one making of the report to the next, over all processes
MAX_NEWER = 10_000  # decisions since the report that are looked at
DONE = {
    "accept": N_("Confirmed: “%(tag)s” belongs on “%(title)s”."),
    "add": N_("“%(tag)s” was added to “%(title)s”."),
    "reject": N_("“%(tag)s” does not belong on “%(title)s”."),
}


class DataPages(FormPages):
    """The page of the data report as a blueprint."""

    def __init__(self, tagger: Tagger, registry: Registry, gate: Gate) -> None:
        super().__init__(gate)
        self.tagger, self.registry, self.store = tagger, registry, tagger.store
        self.blueprint = Blueprint("data", __name__)
        add = self.blueprint.add_url_rule
        add(PAGE, "show", self.show)
        add(ADVICE, "advice", self.advice)
        add(f"{PAGE}/make", "make", self.make, methods=["POST"])
        add(f"{PAGE}/label", "label", self.label, methods=["POST"])
        add(f"{PAGE}/label/undo", "undo_label", self.undo_label, methods=["POST"])
        add(f"{PAGE}/block", "ignore", self.ignore, methods=["POST"])
        add(f"{PAGE}/block/undo", "undo_block", self.undo_block, methods=["POST"])

    def show(self) -> Response:
        """Show the report that was made last, without what was mended since."""
        session = self.gate.require_editor()
        from classifier.reports.data.kept import KEPT_DATA, progress_of  # what makes it is not loaded for serving
        from classifier.reports.data.page import as_page

        kept = KEPT_DATA.of(self.store)
        if kept is None:
            return self._without_report(session, progress_of(self.store))
        if wanted_as_file():
            return framed(as_page(kept.content), session)
        return framed(as_page(kept.content, PAGE, self._mending(kept.content, kept.stamp, session)), session)

    def advice(self) -> str:
        """Show what helps the model most, as of when the report was made."""
        session = self.gate.require_editor()
        from classifier.reports.data.kept import KEPT_DATA

        kept = KEPT_DATA.of(self.store)
        if kept is None or kept.content.advice is None:
            return render("advice.html", session, advice=None, report=kept.content if kept is not None else None)
        report, mending = kept.content, self._mending(kept.content, kept.stamp, session)
        labels = mending.labels
        n_doubtful = sum(finding.n for finding in report.findings if finding.finding == "suspect_labels")
        return render(
            "advice.html",
            session,
            report=report,
            advice=report.advice,
            made_at=kept.stamp.made_at,
            n_doubtful=mending.n_left(report, n_doubtful),
            label_of=lambda tag: labels.get(tag, tag),
            address=address,
        )

    def make(self) -> WsgiResponse:
        """Have the report made, beside the service."""
        self.form()
        begin_beside(self.store, self.registry.folder, "data report", MAKING_SECONDS, "data-report", "--keep")
        return see(f"{PAGE}?making=1")

    def label(self) -> WsgiResponse:
        """Decide on a label that the report doubts."""
        form = self.form(EDITORS)
        article, tag, action = form.text("article"), form.text("tag"), form.text("action")
        if action not in DONE:
            raise ApiProblem(
                "bad-request",
                _("`action` is one of %(names)s, not %(action)s.", names=", ".join(DONE), action=repr(action[:60])),
            )
        decided = self._decide(article, Draft(action, tag), form)
        return see(f"{PAGE}?article={article}&decided={decided}#suspect_labels")

    def undo_label(self) -> WsgiResponse:
        """Take back what was decided on a label."""
        form = self.form(EDITORS)
        self._decide(form.text("article"), Draft("undo", undoes=form.text("decision")), form)
        return see(f"{PAGE}#suspect_labels")

    def ignore(self) -> WsgiResponse:
        """Leave a repeated block out of training from now on."""
        form = self.form(ADMINS)
        from classifier.reports.data.kept import KEPT_DATA
        from classifier.reports.data.mending import repeated

        kept = KEPT_DATA.of(self.store)
        row = repeated(kept.content, form.text("block")) if kept is not None else None
        if row is None:
            raise ApiProblem("bad-request", _("The report does not have this block any more. Load the page again."))
        self.store.ignored_blocks.ignore(row["folded"], str(row["text"]), form.session.editor)  # type: ignore[arg-type]
        return see(f"{PAGE}#ignored")

    def undo_block(self) -> WsgiResponse:
        """Let training read a block again."""
        form = self.form(ADMINS)
        self.store.ignored_blocks.undo(form.text("block"))
        return see(f"{PAGE}#repeated_blocks")

    # --- their parts --------------------------------------------------------------------------------------------

    def _decide(self, article: str, draft: Draft, form: Form) -> str:
        """Log a decision as the review page does, and return its id."""
        caller = Caller(form.session.key, form.session)
        answer = self.tagger.decide(
            article, DecisionBatch([draft]), caller.editor(None), may_undo_all=caller.may_undo_all
        )
        count_decisions(answer["decisions"])
        return str(answer["decisions"][-1]["id"])

    def _without_report(self, session: Session, progress: Progress | None) -> Response:
        """Return the page of a desk that has no report yet. It loads itself again while one is being made."""
        tried = _n_tried()
        is_awaited = progress is not None or 0 < tried < MOST_TRIES
        page = render(
            "data.html",
            session,
            progress=progress,
            is_awaited=is_awaited,
            has_failed=tried >= MOST_TRIES and not is_awaited,
            may_make=_may(session, TAXONOMISTS),
        )
        again = f"3; url={PAGE}?making={1 if progress is not None else tried + 1}"
        return Response(page, headers={"Refresh": again} if is_awaited else {})

    def _mending(self, report: DataReport, stamp: KeptReport, session: Session) -> Mending:
        """Return what the page adds to the report for somebody who looks at it."""
        from classifier.reports.data.kept import progress_of
        from classifier.reports.data.mending import Mending, labels_of_tags, pairs

        taxonomy = self.tagger.taxonomy()
        labels = labels_of_tags(report) | {tag.id: label_of(tag) for tag in taxonomy.tags}
        newer = self.store.log.since(stamp.last_decision, MAX_NEWER)
        draft = self.store.change_sets.draft_of(session.editor)
        merges = [each for each in (draft.operations if draft is not None else ()) if isinstance(each, Merge)]
        n = len(newer)
        many = _("more than %(n)s", n=number(n)) if n == MAX_NEWER else number(n)
        return Mending(
            csrf=session.csrf,
            made_at=stamp.made_at,
            note=ngettext("%(n)s decision came since.", "%(n)s decisions came since.", n, n=many) if newer else "",
            may_decide=_may(session, EDITORS),
            may_make=_may(session, TAXONOMISTS),
            decided=pairs(without_undone(newer), taxonomy.paths.heir),
            may_ignore=_may(session, ADMINS),
            ignored=self.store.ignored_blocks.list(),
            merging=frozenset((tag, merge.into) for merge in merges for tag in merge.tags),
            labels=labels,
            progress=progress_of(self.store),
            notice=self._notice(report, session, labels),
        )

    def _notice(self, report: DataReport, session: Session, labels: Mapping[str, str]) -> Notice | None:
        """Return what the one who looks has just decided, as the address says; None if it does not stand."""
        from classifier.reports.data.mending import Notice, suspect

        article, decision, rows = request.args.get("article", ""), request.args.get("decided", ""), []
        with suppress(NotFound):
            rows = [row for row in without_undone(self.store.log.read(article).rows) if row.id == decision]
        if not rows or rows[0].tag is None or rows[0].editor != session.editor or rows[0].action not in DONE:
            return None
        tag, row = rows[0].tag, suspect(report, article, rows[0].tag)
        title = str(row["title"] or article) if row is not None else article
        text = gettext(DONE[rows[0].action], tag=labels.get(tag, tag), title=title)
        return Notice("suspect_labels", text, f"{PAGE}/label/undo", {"article": article, "decision": decision})


def _may(session: Session, roles: tuple[str, ...]) -> bool:
    return session.key is None or session.key.role in roles


def _n_tried() -> int:
    """Return how often the page has looked for the report that somebody asked for, 0 if nobody has."""
    tried = request.args.get("making", "")
    return int(tried) if tried.isascii() and tried.isdecimal() and len(tried) < 3 else 0
