"""The pages of disagreements, the desk report, drift, and the runs of `retrain` with what serves.

A report of a run is made from the record in the store. The others are not computed in a request.

When an editor opens an outdated desk report, a separate process makes a new one. Only one process does so at a time, over
all workers and machines. Until the new report is ready, the pages show the earlier one with its time.
"""

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, Response, request

from classifier.domain.decisions import Decision
from classifier.errors import BadModel, NoModel
from classifier.model.protocol import Model
from classifier.serving.beside import begin_beside
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.keys import Session
from classifier.store.reports import DESK, KeptReport
from classifier.store.rows import hours_since
from classifier.store.runs import JOB, SKIPPED, Run
from classifier.texts import _, ngettext, number
from classifier.web.guard.auth import Gate
from classifier.web.pages import render
from classifier.web.pages.framing import framed, wanted_as_file
from classifier.web.pages.showing import rejections

N_RUNS = 100
MAKING_SECONDS = 20.0  # from one making of the report to the next, over all processes …
FIRST_SECONDS = 5.0  # … and while there is none to show
MAX_NEWER = 10_000  # decisions since a report that are counted
OLD_HOURS = 1.0  # after which it is made anew without new decisions: suggestions were shown, articles came


class Shown(NamedTuple):
    """A stored report, the decisions since, at most MAX_NEWER of them, and what came since in words."""

    report: KeptReport
    newer: list[Decision]
    note: str


class ReportPages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, registry: Registry, gate: Gate) -> None:
        self.tagger, self.registry, self.store, self.gate = tagger, registry, tagger.store, gate
        self.blueprint = Blueprint("reports", __name__)
        add = self.blueprint.add_url_rule
        add("/review/disagreements", "disagreements", self.disagreements)
        add("/report", "report", self.report)
        add("/drift", "drift", self.drift)
        add("/runs", "runs", self.runs)
        add("/runs/<run_id>", "run", self.run)

    def disagreements(self) -> str | Response:
        """Show where two editors differed when the report was made, without what was decided since."""
        session = self.gate.require_editor()
        shown = self._shown()
        if shown is None:
            return _being_made(_("Where editors disagree"), session)
        from classifier.reports.desk.wording import kappa_in_words  # its statistics are not loaded for serving
        from classifier.reports.kept import decided_since, kept_desk_report

        report, n_left_out = kept_desk_report(shown.report)
        return render(
            "disagreements.html",
            session,
            disagreements=decided_since(report.agreement.disagreements, shown.newer),
            agreement=report.agreement,
            kappa=kappa_in_words,
            reasons=dict(rejections()),
            made_at=shown.report.made_at,
            note=shown.note,
            left_out=n_left_out,
        )

    def report(self) -> str | Response:
        """Show the desk report as of when it was made."""
        session = self.gate.require_editor()
        shown = self._shown()
        if shown is None:
            return _being_made(_("What editors made of the suggestions"), session)
        from classifier.reports.desk.page import as_page
        from classifier.reports.kept import kept_desk_report

        made_at, report = shown.report.made_at, kept_desk_report(shown.report)[0]
        return framed(as_page(report, here=_here("/report"), made_at=made_at, note=shown.note), session)

    def drift(self) -> str | Response:
        """Show the report that `drift-report --keep` made last. It takes a minute on a large archive."""
        session = self.gate.require_editor()
        from classifier.reports.drift.kept import KEPT_DRIFT
        from classifier.reports.drift.page import PAGE, as_page

        if (kept := KEPT_DRIFT.of(self.store)) is not None:
            return framed(as_page(kept.content, here=_here("/drift")), session)
        page = self.registry.folder / PAGE
        return framed(page.read_text(encoding="utf-8"), session) if page.is_file() else render("drift.html", session)

    def runs(self) -> str:
        """Return the page of runs, for a signed-in editor."""
        session = self.gate.require_editor()
        runs = self.store.runs.list(JOB, N_RUNS)
        shown = runs if request.args.get("all") == "1" else [run for run in runs if run.outcome != SKIPPED]
        champion, problem = None, self.tagger.serving.problem
        followed = None
        try:
            champion = self.registry.champion()
        except BadModel as error:
            problem = str(error)
        with suppress(NoModel, BadModel):
            followed = followed_in_words_of(self.tagger.serving.model())
        return render(
            "runs.html",
            session,
            runs=[(run, reason_in_words_of(run), _took(run)) for run in shown],
            n_quiet=len(runs) - len(shown),
            champion=champion,
            followed=followed,
            problem=problem,
            n_runs=N_RUNS if len(runs) == N_RUNS else None,
        )

    def run(self, run_id: str) -> Response:
        """Return the report of a run, for a signed-in editor."""
        session = self.gate.require_editor()
        from classifier.reports.run import as_page

        return framed(as_page(self.store.runs.get(run_id), here=_here(f"/runs/{run_id}")), session)

    def _shown(self) -> Shown | None:
        """Return the desk report, None while the first is being made. An outdated one is made anew meanwhile."""
        taxonomy = self.tagger.serving.model().taxonomy  # without a model no report can be made
        report = self.store.reports.get(DESK)
        if report is None:
            self._make("first desk report", FIRST_SECONDS)
            return None
        newer = self.store.log.since(report.last_decision, MAX_NEWER)
        note = ""
        if (
            newer
            or self.store.log.last() != report.last_decision  # an article was deleted
            or report.taxonomy_version != taxonomy.version
            or hours_since(report.made_at) > OLD_HOURS
        ):
            self._make("desk report", MAKING_SECONDS)
            n = len(newer)
            many = _("more than %(n)s", n=number(n)) if n == MAX_NEWER else str(n)
            since = (
                ngettext("%(n)s decision came since.", "%(n)s decisions came since.", n, n=many) + " " if newer else ""
            )
            note = since + _("A newer one is being made: load this page again in half a minute.")
        return Shown(report, newer, note)

    def _make(self, counter: str, seconds: float) -> None:
        """Make the report in another process, unless that was begun within these seconds."""
        begin_beside(self.store, self.registry.folder, counter, seconds, "desk-report", "--keep")


def _here(address: str) -> str | None:
    """Return the address of a report, None for a file: its links would lead nowhere."""
    return None if wanted_as_file() else address


def _being_made(title: str, session: Session) -> Response:
    return Response(render("being_made.html", session, title=title), headers={"Refresh": "2"})


def reason_in_words_of(run: Run) -> str:
    """Return why a training ended as it did, in the reader's language."""
    from classifier.reports.run_outcome import reason

    result = run.result or {}
    return reason(run, result.get("details", {}), result.get("blocked_by", []))


def followed_in_words_of(model: Model) -> str | None:
    """Return in words what the rates of a model have followed since its training, or None if they follow nothing."""
    from classifier.reports.live import followed_in_words

    if (followed := model.followed) is None:
        return None
    moved = [(model.taxonomy.tags[tag].label, move) for tag, move in followed.most_moved()]
    return followed_in_words(followed.n_articles, followed.number, moved)


def _took(run: Run) -> str:
    """Return how long a run took, in words. Nothing while it runs."""
    if run.ended_at is None:
        return ""
    seconds = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    if seconds < 100:
        return _("%(n)s s", n=round(seconds))
    return _("%(n)s min", n=round(seconds / 60))
