"""The pages of disagreements, the desk report and drift. None of them is computed in a request.

When an editor opens an outdated desk report, a separate process makes a new one. Only one process does so at a time, over
all workers and machines. Until the new report is ready, the pages show the earlier one with its time.
"""

import base64
import hashlib
import threading
from typing import NamedTuple

import structlog
from flask import Blueprint, Response

from classifier.domain.decisions import Decision
from classifier.serving.beside import run_beside
from classifier.serving.tagger import Tagger
from classifier.store.reports import DESK, KeptReport
from classifier.store.rows import hours_since
from classifier.store.sessions import Session
from classifier.web.guard.auth import Gate
from classifier.web.pages import render

MAKING_SECONDS = 20.0  # from one making of the report to the next, over all processes …
FIRST_SECONDS = 5.0  # … and while there is none to show
MAX_NEWER = 10_000  # decisions since a report that are counted
OLD_HOURS = 1.0  # after which it is made anew without new decisions: suggestions were shown, articles came


class Shown(NamedTuple):
    """A stored report, the decisions since, at most MAX_NEWER of them, and the time of the report in words."""

    report: KeptReport
    newer: list[Decision]
    as_of: str


class ReportPages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate) -> None:
        self.tagger, self.store, self.gate = tagger, tagger.store, gate
        self.blueprint = Blueprint("reports", __name__)
        add = self.blueprint.add_url_rule
        add("/review/disagreements", "disagreements", self.disagreements)
        add("/report", "report", self.report)
        add("/drift", "drift", self.drift)

    def disagreements(self) -> str | Response:
        """Show where two editors differed when the report was made, without what was decided since."""
        session = self.gate.require_editor()
        shown = self._shown()
        if shown is None:
            return _being_made("Where editors disagree", session)
        from classifier.reports.desk.wording import kappa_in_words  # its statistics are not loaded for serving
        from classifier.reports.kept import decided_since, kept_desk_report

        report, n_left_out = kept_desk_report(shown.report)
        return render(
            "disagreements.html",
            session,
            disagreements=decided_since(report.agreement.disagreements, shown.newer),
            agreement=report.agreement,
            kappa=kappa_in_words,
            as_of=shown.as_of,
            left_out=n_left_out,
        )

    def report(self) -> str | Response:
        """Show the desk report as of when it was made."""
        session = self.gate.require_editor()
        shown = self._shown()
        if shown is None:
            return _being_made("What editors made of the suggestions", session)
        from classifier.reports.desk.page import as_page
        from classifier.reports.kept import kept_desk_report

        return with_policy(as_page(kept_desk_report(shown.report)[0], here="/report", as_of=shown.as_of))

    def drift(self) -> str | Response:
        """Show the page that `drift-report --keep` wrote last. It takes a minute on a large archive."""
        session = self.gate.require_editor()
        from classifier.reports.drift.page import PAGE

        page = self.tagger.serving.registry.folder / PAGE
        return with_policy(page.read_text(encoding="utf-8")) if page.is_file() else render("drift.html", session)

    def _shown(self) -> Shown | None:
        """Return the desk report, None while the first is being made. An outdated one is made anew meanwhile.

        Raises:
            NoModel, BadModel: while nothing can serve, because then no report can be made.
        """
        taxonomy = self.tagger.serving.model().taxonomy
        report = self.store.reports.get(DESK)
        if report is None:
            self._make("first desk report", FIRST_SECONDS)
            return None
        newer = self.store.log.since(report.last_decision, MAX_NEWER)
        as_of = f"As of {report.made_at[:10]}, {report.made_at[11:16]} UTC."
        if (
            newer
            or self.store.log.last() != report.last_decision  # an article was deleted
            or report.taxonomy_version != taxonomy.version
            or hours_since(report.made_at) > OLD_HOURS
        ):
            self._make("desk report", MAKING_SECONDS)
            n = f"more than {MAX_NEWER:,}" if len(newer) == MAX_NEWER else str(len(newer))
            since = f" {n} decision{'' if n == '1' else 's'} came since." if newer else ""
            as_of += f"{since} A newer one is being made: load this page again in half a minute."
        return Shown(report, newer, as_of)

    def _make(self, counter: str, seconds: float) -> None:
        """Make the report in another process, unless that was begun within these seconds."""

        def run() -> None:
            reason = run_beside(self.store, self.tagger.serving.registry.folder, "desk-report", "--keep")
            if reason is not None:
                structlog.get_logger().warning("no_desk_report", reason=reason)

        if self.store.counters.hit(counter, seconds).n == 1:
            threading.Thread(target=run, name="make the desk report", daemon=True).start()


def _being_made(title: str, session: Session) -> Response:
    return Response(render("being_made.html", session, title=title), headers={"Refresh": "2"})


def with_policy(page: str) -> Response:
    """Return a page that carries its own style, and the policy that allows this style and nothing else."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Response(page, headers={"Content-Security-Policy": policy})
