"""The pages of what came of it all: disagreements, the desk report, drift. None of them is computed in a request.

The desk report is made by a process of its own, one at a time over all workers and machines, when somebody looks at it and
something has changed since; until it is there the pages show the one before, and say of when it is.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Response, render_template
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.decisions import Decision
from classifier.serving.beside import run_beside
from classifier.serving.tagger import Tagger
from classifier.store import DESK, KeptReport, hours_since
from classifier.web.guard.auth import Gate, sign_in_first

MAKING_SECONDS = 20.0  # from one making of the report to the next, over all processes …
FIRST_SECONDS = 5.0  # … and while there is none to show
MAX_NEWER = 10_000  # decisions behind a report that are looked at
OLD_HOURS = 1.0  # after which it is made anew though nobody has decided: suggestions were shown, articles came


@dataclass(frozen=True)
class Shown:
    """A kept report, and the decisions that came after it; `newer` is MAX_NEWER long if there are more."""

    kept: KeptReport
    newer: list[Decision]
    stale: bool

    @property
    def as_of(self) -> str:
        """Say of when the report is, and whether a newer one is on its way."""
        made = f"As of {self.kept.made_at[:10]}, {self.kept.made_at[11:16]} UTC."
        if not self.stale:
            return made
        n = f"more than {MAX_NEWER:,}" if len(self.newer) == MAX_NEWER else str(len(self.newer))
        since = f" {n} decision{'' if n == '1' else 's'} came since." if self.newer else ""
        return f"{made}{since} A newer one is being made: load this page again in half a minute."


class DeskReport:
    """The desk report as it was kept last."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger, self.store = tagger, tagger.store

    def shown(self) -> Shown | None:
        """Return the report; None while the first is being made. One that is not of now is made anew.

        Raises:
            NoModel, BadModel: while nothing can serve, because then no report can be made.
        """
        taxonomy = self.tagger.serving.model().taxonomy
        kept = self.store.reports.get(DESK)
        if kept is None:
            self._make("first desk report", FIRST_SECONDS)
            return None
        newer = self.store.log.since(kept.last_decision, MAX_NEWER)
        stale = (
            bool(newer)
            or self.store.log.last() != kept.last_decision  # an article was deleted
            or kept.taxonomy_version != taxonomy.version
            or hours_since(kept.made_at) > OLD_HOURS
        )
        if stale:
            self._make("desk report", MAKING_SECONDS)
        return Shown(kept, newer, stale)

    def _make(self, what: str, seconds: float) -> None:
        """Have the report made, unless a process had it made within these seconds."""
        if self.store.counters.hit(what, seconds).n == 1:
            threading.Thread(target=self._run, name="make the desk report", daemon=True).start()

    def _run(self) -> None:
        reason = run_beside(self.store, self.tagger.serving.registry.folder, "desk-report", "--keep")
        if reason is not None:
            structlog.get_logger().warning("no_desk_report", reason=reason)


class ReportPages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate) -> None:
        self.tagger, self.gate = tagger, gate
        self.desk = DeskReport(tagger)
        self.blueprint = Blueprint("reports", __name__)
        add = self.blueprint.add_url_rule
        add("/review/disagreements", "disagreements", self.disagreements)
        add("/report", "report", self.report)
        add("/drift", "drift", self.drift)

    def disagreements(self) -> WsgiResponse:
        """Show where two editors differ, as of when the report was made; what was decided since counts as settled."""
        if self.gate.editor_session() is None:
            return sign_in_first()
        shown = self.desk.shown()
        if shown is None:
            return self._being_made("Where editors disagree")
        from classifier.reports.desk.wording import kappa_in_words  # its statistics are not loaded for serving
        from classifier.reports.kept import decided_since, kept_desk_report

        report, n_left_out = kept_desk_report(shown.kept)
        return self._page(
            "disagreements.html",
            disagreements=decided_since(report.agreement.disagreements, shown.newer),
            agreement=report.agreement,
            kappa=kappa_in_words,
            as_of=shown.as_of,
            left_out=n_left_out,
        )

    def report(self) -> WsgiResponse:
        """Show the desk report as of when it was made."""
        if self.gate.editor_session() is None:
            return sign_in_first()
        shown = self.desk.shown()
        if shown is None:
            return self._being_made("What editors made of the suggestions")
        from classifier.reports.desk.page import as_page
        from classifier.reports.kept import kept_desk_report

        return _with_policy(as_page(kept_desk_report(shown.kept)[0], here="/report", as_of=shown.as_of))

    def drift(self) -> WsgiResponse:
        """Show the page that `drift-report --keep` wrote last: it takes a minute on a large archive, too long for a request."""
        if self.gate.editor_session() is None:
            return sign_in_first()
        from classifier.reports.drift.page import PAGE

        kept = self.tagger.serving.registry.folder / PAGE
        return _with_policy(kept.read_text(encoding="utf-8")) if kept.is_file() else self._page("drift.html")

    def _being_made(self, title: str) -> WsgiResponse:
        page = self._page("being_made.html", title=title)
        page.headers["Refresh"] = "2"
        return page

    def _page(self, name: str, **values: Any) -> WsgiResponse:
        session = self.gate.editor_session()
        signed_in = {"editor": session.editor, "csrf": session.csrf} if session else {}
        return Response(render_template(name, **signed_in, **values))


def _with_policy(page: str) -> Response:
    return Response(page, headers={"Content-Security-Policy": policy_of(page)})


def policy_of(page: str) -> str:
    """Return the policy of a page that carries its own style: that style, and nothing else."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
