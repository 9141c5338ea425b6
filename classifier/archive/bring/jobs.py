"""The long steps of bringing an archive, each a run in a process of its own: recorded, watched, and to be stopped."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from classifier.archive.bring.folder import ArchiveFolder, State
from classifier.domain.progress import Progress
from classifier.serving.registry import Registry
from classifier.serving.trainer import carry_out
from classifier.store.brought import DELETING, JOB
from classifier.store.brought import STEPS as STORING
from classifier.store.runs import CANCELLED, FAILED, Run
from classifier.store.store import Store
from classifier.training.progress import Watched, why_it_failed

READ, REPORT, STORE, REMOVE = "read", "report", "store", "remove"
JOBS = {READ: JOB, REPORT: "bring-report", STORE: JOB, REMOVE: JOB}  # those of one job exclude each other
FIELDS = {READ: "reading", REPORT: "reporting", STORE: "storing"}  # of the state
STEPS: dict[str, Sequence[str]] = {
    READ: ("unpacking", "reading", "drafting", "saving"),
    REPORT: ("looking", "saving"),
    STORE: STORING,
    REMOVE: (DELETING, "cleaning"),
}
DONE = "done"

Work = Callable[[Watched], tuple[str, dict[str, Any]]]  # returns what was done in words, and as figures


def ask(store: Store, folder: ArchiveFolder, state: State, step: str, by: str) -> Run:
    """Record that somebody asks for a step of an archive. Raise `Busy` if one is under way already."""
    run = store.runs.ask(JOBS[step], by)
    folder.change(state.id, lambda present: State(**vars(present) | {FIELDS[step]: run.id}))
    return run


def begin(store: Store, registry: Registry, folder: ArchiveFolder, state: State, step: str, by: str) -> Run:
    """Begin a step in a process of its own. Raises what `ask` does."""
    run = ask(store, folder, state, step, by)
    command = (store, registry, run, "bring", step)
    threading.Thread(target=carry_out, args=command, name=f"bring {step}", daemon=True).start()
    return run


def begin_removal(store: Store, registry: Registry, stored: Run, by: str) -> Run:
    """Begin to take the articles out again that a run stored. Raises what `BroughtArchives.ask_removal` does."""
    run = store.brought.ask_removal(stored, by)
    command = (store, registry, run, "archive", "remove", stored.id)
    threading.Thread(target=carry_out, args=command, name="bring remove", daemon=True).start()
    return run


def recorded(store: Store, folder: ArchiveFolder, run_id: str, step: str, progress: Progress, work: Work) -> None:
    """Do the work of a step and record how it ended. Raise `Cancelled` if somebody stopped it, else what it raises."""
    job = JOBS[step]
    with store.runs.alone(job):
        run = store.runs.begin(job, run_id)
        watched = Watched(store, run, progress, STEPS[step])
        try:
            with watched:
                reason, result = work(watched)
        except BaseException as error:
            if stopped := watched.stopped(error):
                store.runs.end(run, CANCELLED, str(stopped))
                raise stopped from None
            store.runs.end(run, FAILED, folder.plain(why_it_failed(error)))
            raise
        store.runs.end(run, DONE, reason, result=result)
        store.runs.sweep(job)
