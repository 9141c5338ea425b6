"""Runs over the articles of a store: dry, in earnest, taken up again, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from classifier.archive.adding import Figures, Judged, Plan, judged
from classifier.archive.batches import CHUNK, batched
from classifier.domain.progress import Track
from classifier.errors import NotFound, TaggerError
from classifier.parallel.processes import map_chunks
from classifier.serving.registry import Registry
from classifier.store import FAILED, RUNNING, Kept, Run, Store

JOB = "archive"
DONE, UNDONE = "done", "undone"
MANY = 1_000  # articles from which on all processors are worth their start


class Ran(NamedTuple):
    """What a run did, and its record."""

    run: Run
    model_version: str
    figures: Figures


class Undone(NamedTuple):
    """How many tags of a run were taken back, and those that stay since a person has decided on them."""

    run: Run
    n: int
    kept: list[Kept]


def dry_run(store: Store, folder: Path, plan: Plan, track: Track, n_jobs: int = -1) -> Iterator[Judged]:
    """Yield what a run by the model of a folder would add to each article. Writes nothing."""
    things = (one for some in _judged(store, folder, plan, "", n_jobs) for one in some)
    yield from track(things, store.assignments.count(plan.scope), "judging")


def run(store: Store, folder: Path, plan: Plan, track: Track, n_jobs: int = -1) -> Ran:
    """Add tags to the articles of a store by the model of a folder.

    Raises:
        Busy: if another run is at it.
    """
    with store.runs.alone(JOB):
        record = store.runs.begin(JOB)
        return _Running(store, record, folder, plan, n_jobs).finish(track)


def resume(store: Store, registry: Registry, track: Track, n_jobs: int = -1) -> Ran:
    """Take up the last run where it ended too early, by its own model and plan.

    Raises:
        Busy: if another run is at it.
        NotFound: if the last run came to its end, or its model is gone.
    """
    with store.runs.alone(JOB):
        last = next(iter(store.runs.list(JOB, limit=1)), None)
        if last is None or last.outcome not in (RUNNING, FAILED) or last.result is None:
            raise NotFound("There is nothing to resume: no archive run that began to write ended too early.")
        progress = last.result
        folder = registry.folder / progress["model_version"]
        if not folder.is_dir():
            raise NotFound(
                f"The run {last.id} was by the model {folder.name}, which is not there any more. "
                f"Take it back (archive undo {last.id}) or leave it, and start another one."
            )
        store.runs.end(last, RUNNING, "", ended_at=None)
        running = _Running(store, last, folder, Plan.from_json(progress["plan"]), n_jobs)
        running.after, running.figures = progress["after"], Figures.from_json(progress["figures"])
        return running.finish(track)


def undo(store: Store, run_id: str | None = None) -> Undone:
    """Take back what a run added, but for the tags that a person has decided on since; without an id the last run.

    Raises:
        Busy: if a run is at it.
        NotFound: if there is no such archive run.
    """
    with store.runs.alone(JOB):
        record = _last(store) if run_id is None else store.runs.get(run_id)
        if record.job != JOB:
            raise NotFound(f"{record.id} is not an archive run, but a run of `{record.job}`.")
        n, kept = store.assignments.undo(record.id)
        reason = f"{n} tags taken back, {len(kept)} kept since a person has decided on them."
        store.runs.end(record, UNDONE, reason)
        return Undone(record, n, kept)


def _last(store: Store) -> Run:
    """Return the last run that added anything and was not taken back."""
    added = (run for run in store.runs.list(JOB) if run.outcome != UNDONE and _n_added(run))
    last = next(added, None)
    if last is None:
        raise NotFound("There is no archive run to take back.")
    return last


def _n_added(run: Run) -> int:
    return Figures.from_json(run.result["figures"]).n_added if run.result else 0


def _judged(store: Store, folder: Path, plan: Plan, after: str, n_jobs: int) -> Iterator[list[Judged]]:
    many = store.assignments.count(plan.scope, after) >= MANY
    chunks = batched(store.assignments.candidates(plan.scope, after), CHUNK)
    return map_chunks(partial(judged, folder, plan.band), chunks, n_jobs if many else 1)


class _Running:
    """One run, from wherever it stands to its end."""

    def __init__(self, store: Store, record: Run, folder: Path, plan: Plan, n_jobs: int) -> None:
        self.store, self.record, self.folder, self.plan, self.n_jobs = store, record, folder, plan, n_jobs
        self.after, self.figures = "", Figures()

    def finish(self, track: Track) -> Ran:
        total = self.store.assignments.count(self.plan.scope, self.after)
        try:
            for _ in track(self._written(), total, "adding tags"):
                pass
        except BaseException as error:
            reason = str(error) if isinstance(error, TaggerError | OSError) else type(error).__name__
            self.store.runs.end(self.record, FAILED, reason, version=self.folder.name)
            raise
        reason = f"{self.figures.n_added} tags added to {self.figures.n_tagged} of {self.figures.n_articles} articles."
        self.store.runs.end(self.record, DONE, reason, version=self.folder.name, result=self._progress())
        return Ran(self.record, self.folder.name, self.figures)

    def _written(self) -> Iterator[None]:
        """Write chunk after chunk, and yield once for each article."""
        for some in _judged(self.store, self.folder, self.plan, self.after, self.n_jobs):
            self.store.assignments.add(self.record, [one.additions for one in some], partial(self._note, some))
            yield from repeat(None, len(some))

    def _note(self, some: list[Judged], unchanged: set[str]) -> dict[str, Any]:
        for one in some:
            self.figures.note(one, one.additions.article_id in unchanged)
        self.after = some[-1].additions.article_id
        return self._progress()

    def _progress(self) -> dict[str, Any]:
        return {
            "plan": self.plan.to_json(),
            "model_version": self.folder.name,
            "after": self.after,
            "figures": self.figures.to_json(),
        }
