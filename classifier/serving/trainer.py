"""Trainings that somebody asks for: one at a time over all processes and machines, each in a process of its own.

The service asks for the run in the database and begins it. The process itself says there how far it is, so that it goes on
when the worker that began it is replaced, and whoever looks knows what became of it.
"""

import threading

from classifier.serving.beside import run_beside
from classifier.serving.registry import Registry
from classifier.store.runs import FAILED, JOB, WAITING, Run
from classifier.store.store import Store

OVERTAKEN = "Another training had begun just before, or its process could not be started."


class Trainer:
    """Begins trainings on a store and a folder of models."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def begin(self, by: str, force: bool = False) -> Run:
        """Begin a training, with `force` even if nothing is new. Raise `Busy` if one waits or runs."""
        run = self.store.runs.ask(JOB, by)
        threading.Thread(target=self.work, args=(run, force), name="train", daemon=True).start()
        return run

    def work(self, run: Run, force: bool = False) -> None:
        """Carry out a run that was asked for, and wait for its end."""
        problem = run_beside(
            self.store, self.registry.folder, "retrain", "--run-id", run.id, *(["--force"] if force else [])
        )
        if self.store.runs.get(run.id).outcome == WAITING:
            self.store.runs.end(run, FAILED, problem or OVERTAKEN)
