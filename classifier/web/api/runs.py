"""The endpoints of trainings: begin one, see how far it is, stop it."""

from typing import Any

from typing_extensions import TypedDict

from classifier.domain.progress import Doing, DoneStep, LogLine, time_left
from classifier.errors import NotFound
from classifier.serving.trainer import Trainer
from classifier.serving.views import pick
from classifier.store.runs import JOB, Run
from classifier.texts import _
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.api.schemas import NothingIn, RunIn
from classifier.web.guard.auth import ADMINS, PEOPLE
from classifier.web.incoming import incoming

N_LISTED = 50


class RunRow(TypedDict):
    """A training. `outcome` says whether it waits or runs, or how it ended."""

    id: str
    started_by: str
    started_at: str
    ended_at: str | None
    outcome: str
    version: str | None
    reason: str


class RunOut(RunRow):
    """A training with its steps and its log. `step` is the number of the present step, 0 before the first.

    `minutes_left` is null where no earlier training tells. Then `minutes_at_least` is how long the present loop still takes.
    `held` and `blocked_by` are as `retrain --json` gives them.
    """

    step: int
    n_steps: int
    steps: list[DoneStep]
    doing: Doing | None
    minutes_left: float | None
    minutes_at_least: float | None
    log: list[LogLine]
    may_cancel: bool
    cancelled_by: str | None
    held: list[dict[str, Any]]
    blocked_by: list[dict[str, Any]]


class RunsOut(TypedDict):
    """The newest trainings, newest first."""

    runs: list[RunRow]


class Trainings:
    """The endpoints of trainings."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.runs = trainer, trainer.store.runs

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [
            Endpoint("POST", "/v1/runs", self.begin_run, ADMINS, (*NEEDS_STORE, "running"), status=202),
            Endpoint("GET", "/v1/runs", self.list_runs, PEOPLE, NEEDS_STORE),
            Endpoint("GET", "/v1/runs/<run_id>", self.get_run, PEOPLE, NEEDS_STORE),
            Endpoint("POST", "/v1/runs/<run_id>/cancel", self.cancel_run, ADMINS, (*NEEDS_STORE, "changed")),
        ]

    def begin_run(self, body: RunIn) -> RunOut:
        """Begin a training, in a process of its own."""
        return run_view(self.trainer.begin(incoming().caller.editor(None), body.force))

    def list_runs(self) -> RunsOut:
        """List the newest trainings."""
        self.runs.settle(JOB)
        return {"runs": [pick(RunRow, vars(run)) for run in self.runs.brief(JOB, N_LISTED)]}

    def get_run(self, run_id: str) -> RunOut:
        """Get a training with its steps and its log."""
        self.runs.settle(JOB)
        return run_view(training_of(self.runs.get(run_id)))

    def cancel_run(self, run_id: str, body: NothingIn) -> RunOut:
        """Stop a training. The model that serves stays, and what editors decided too."""
        training_of(self.runs.get(run_id))
        self.runs.cancel(run_id, incoming().caller.editor(None))
        return run_view(self.runs.get(run_id))


def training_of(run: Run) -> Run:
    """Return a run if it is a training, or raise `NotFound`."""
    if run.job != JOB:
        raise NotFound(_("There is no run %(id)s.", id=repr(run.id[:40])))
    return run


def run_view(run: Run) -> RunOut:
    """Return a training as the API and the pages show it."""
    progress, result = run.progress, run.result or {}
    steps = progress["steps"] if progress else []
    left = time_left(progress) if progress and run.is_unfinished else None
    fields = vars(run) | {
        "step": len(steps),
        "n_steps": len(progress["names"]) if progress else 0,
        "steps": steps,
        "doing": progress["doing"] if progress and run.is_unfinished else None,
        "minutes_left": round(left.seconds / 60.0, 1) if left is not None and not left.is_least else None,
        "minutes_at_least": round(left.seconds / 60.0, 1) if left is not None and left.is_least else None,
        "log": progress["log"] if progress else [],
        "held": result.get("held", []),
        "blocked_by": result.get("blocked_by", []),
    }
    return pick(RunOut, fields)
