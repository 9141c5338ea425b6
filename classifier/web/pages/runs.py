"""The pages of whoever answers for the model: the runs of `retrain`, what came of each, and what serves.

A report is made from the record in the store, so no request names a file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.errors import BadModel
from classifier.serving.champion import Champion
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store import JOB, SKIPPED, Run
from classifier.web.guard.auth import Gate, sign_in_first
from classifier.web.pages.reports import policy_of

N_RUNS = 100


class RunPages:
    """The page of runs and their reports as a blueprint."""

    def __init__(self, tagger: Tagger, registry: Registry, gate: Gate) -> None:
        self.store, self.serving = tagger.store, tagger.serving
        self.registry, self.gate = registry, gate
        self.blueprint = Blueprint("runs", __name__)
        self.blueprint.add_url_rule("/runs", "runs", self.list)
        self.blueprint.add_url_rule("/runs/<run_id>", "run", self.report)

    def list(self) -> str | WsgiResponse:
        """Return the page of runs, for a signed-in editor."""
        session = self.gate.editor_session()
        if session is None:
            return sign_in_first()
        every, whole = self.store.runs.list(JOB, N_RUNS), request.args.get("all") == "1"
        champion, problem = self._champion()
        return render_template(
            "runs.html",
            editor=session.editor,
            csrf=session.csrf,
            runs=[_row(run, champion) for run in every if whole or run.outcome != SKIPPED],
            n_quiet=0 if whole else sum(run.outcome == SKIPPED for run in every),
            champion=champion,
            problem=problem or self.serving.problem,
            n_runs=N_RUNS if len(every) == N_RUNS else None,
        )

    def report(self, run_id: str) -> WsgiResponse:
        """Return the report of a run, for a signed-in editor."""
        if self.gate.editor_session() is None:
            return sign_in_first()
        from classifier.reports.run.page import as_page

        page = as_page(self.store.runs.get(run_id), here=f"/runs/{run_id}")
        return Response(page, headers={"Content-Security-Policy": policy_of(page)})

    def _champion(self) -> tuple[Champion | None, str | None]:
        """Return what was promoted last, or why that cannot be read."""
        try:
            return self.registry.champion(), None
        except BadModel as error:
            return None, str(error)


def _row(run: Run, champion: Champion | None) -> dict[str, Any]:
    from classifier.reports.run.wording import reason

    result = run.result or {}
    return {
        "id": run.id,
        "at": run.started_at,
        "took": _took(run),
        "outcome": run.outcome,
        "version": run.version,
        "serves": champion is not None and run.version == champion.version,
        "reason": reason(run, result.get("details", {}), result.get("blocked_by", [])),
    }


def _took(run: Run) -> str:
    """Return how long a run took, in words; nothing while it runs."""
    if run.ended_at is None:
        return ""
    seconds = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
