"""The pages of whoever answers for the model: the runs of `retrain`, what came of each, and what serves.

A report is made from the record in the store, so no request names a file.
"""

from datetime import datetime

from flask import Blueprint, Response, request

from classifier.errors import BadModel
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.runs import JOB, SKIPPED, Run
from classifier.web.guard.auth import Gate
from classifier.web.pages import render
from classifier.web.pages.reports import with_policy

N_RUNS = 100


class RunPages:
    """The page of runs and their reports as a blueprint."""

    def __init__(self, tagger: Tagger, registry: Registry, gate: Gate) -> None:
        self.store, self.serving = tagger.store, tagger.serving
        self.registry, self.gate = registry, gate
        self.blueprint = Blueprint("runs", __name__)
        self.blueprint.add_url_rule("/runs", "runs", self.list)
        self.blueprint.add_url_rule("/runs/<run_id>", "run", self.report)

    def list(self) -> str:
        """Return the page of runs, for a signed-in editor."""
        session = self.gate.require_editor()
        runs = self.store.runs.list(JOB, N_RUNS)
        shown = runs if request.args.get("all") == "1" else [run for run in runs if run.outcome != SKIPPED]
        champion, problem = None, self.serving.problem
        try:
            champion = self.registry.champion()
        except BadModel as error:
            problem = str(error)
        return render(
            "runs.html",
            session,
            runs=[(run, _reason(run), _took(run)) for run in shown],
            n_quiet=len(runs) - len(shown),
            champion=champion,
            problem=problem,
            n_runs=N_RUNS if len(runs) == N_RUNS else None,
        )

    def report(self, run_id: str) -> Response:
        """Return the report of a run, for a signed-in editor."""
        self.gate.require_editor()
        from classifier.reports.run.page import as_page

        return with_policy(as_page(self.store.runs.get(run_id), here=f"/runs/{run_id}"))


def _reason(run: Run) -> str:
    from classifier.reports.run.wording import reason

    result = run.result or {}
    return reason(run, result.get("details", {}), result.get("blocked_by", []))


def _took(run: Run) -> str:
    """Return how long a run took, in words. Nothing while it runs."""
    if run.ended_at is None:
        return ""
    seconds = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
