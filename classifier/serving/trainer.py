"""Trainings that somebody asks for: one at a time over all processes and machines, each in a process of its own.

The service asks for the run in the database and begins it: for a person, or when the time of the schedule has come. The
process itself says there how far it is, so that it goes on when the worker that began it is replaced, and whoever looks knows
what became of it.
"""

import threading

import structlog

from classifier.domain.sentences import OVERTAKEN
from classifier.errors import TaggerError
from classifier.serving.beside import run_beside
from classifier.serving.registry import Registry
from classifier.store.runs import FAILED, JOB, WAITING, Run
from classifier.store.store import Store

SCHEDULE = "schedule"  # begins trainings when their time has come


class Trainer:
    """Begins trainings on a store and a folder of models."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def begin(self, by: str, force: bool = False, due_at: str | None = None) -> Run:
        """Begin a training, with `force` even if nothing is new. Raise `Busy` if one waits or runs.

        `due_at` is the time of the schedule for which it is begun.
        """
        run = self.store.runs.ask(JOB, by, due_at)
        threading.Thread(target=self.work, args=(run, force), name="train", daemon=True).start()
        return run

    def work(self, run: Run, force: bool = False) -> None:
        """Carry out a run that was asked for, and wait for its end."""
        # A training of the schedule is followed by the reports.
        command = ["retrain", *(["--force"] if force else [])] if run.due_at is None else [SCHEDULE]
        carry_out(self.store, self.registry, run, *command)


def carry_out(store: Store, registry: Registry, run: Run, *command: str) -> None:
    """Carry out a run that was asked for by a command in a process of its own, and wait for its end."""
    problem = run_beside(store, registry.folder, *command, "--run-id", run.id)
    try:
        if store.runs.get(run.id).outcome == WAITING:
            store.runs.end(run, FAILED, problem or OVERTAKEN)
    except TaggerError as error:  # the database is away just now: whoever looks at the run later finds it lost
        structlog.get_logger().warning("run_not_recorded", run=run.id, reason=str(error))
