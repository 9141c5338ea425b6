"""Archive runs over the articles of a store: dry runs, runs that write, and how to resume or undo one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NamedTuple

from classifier.archive.adding import Figures, Judged, Plan, judge
from classifier.archive.batches import chunked
from classifier.domain.decisions import Decision
from classifier.domain.progress import Track
from classifier.errors import NotFound, TaggerError
from classifier.parallel.processes import map_chunks
from classifier.serving.registry import Registry
from classifier.store.runs import FAILED, RUNNING, Run
from classifier.store.store import Store
from classifier.texts import _

JOB = "archive"
DONE, UNDONE = "done", "undone"
MANY = 1_000  # articles from which on all processors are worth their start


class Ran(NamedTuple):
    """The record of a run, its model and its figures."""

    run: Run
    model_version: str
    figures: Figures


class Acceptance(NamedTuple):
    """Why a run may add tags: samples that show that it is right, or somebody who did without (`waived_by`)."""

    samples: Sequence[str] = ()
    waived_by: str | None = None


class Undone(NamedTuple):
    """How many tags of a run were removed again, and which stay since a person has decided on them."""

    run: Run
    n: int
    kept: list[Decision]


def dry_run(store: Store, folder: Path, plan: Plan, track: Track, n_jobs: int = -1) -> Iterator[Judged]:
    """Yield what a run by the model of a folder would add to each article. Writes nothing."""
    articles = chain.from_iterable(_judged(store, folder, plan, "", n_jobs))
    yield from track(articles, store.assignments.count(plan.scope), "judging")


def run(
    store: Store, folder: Path, plan: Plan, track: Track, n_jobs: int = -1, acceptance: Acceptance | None = None
) -> Ran:
    """Add tags to the articles of a store by the model of a folder. The record keeps why it may.

    Raises:
        Busy: if another run is going on.
    """
    with store.runs.alone(JOB):
        record = store.runs.begin(JOB)
        if acceptance is not None:
            store.samples.note_run(acceptance.samples, record.id)
        return _Running(store, record, folder, plan, n_jobs, acceptance=acceptance).finish(track)


def resume(store: Store, registry: Registry, track: Track, n_jobs: int = -1) -> Ran:
    """Continue the last run where it stopped too early, with its own model and plan.

    Raises:
        Busy: if another run is going on.
        NotFound: if the last run came to its end, or its model is gone.
    """
    with store.runs.alone(JOB):
        last = next(iter(store.runs.list(JOB, limit=1)), None)
        if last is None or last.outcome not in (RUNNING, FAILED) or last.result is None:
            raise NotFound(_("There is nothing to resume: no archive run that began to write ended too early."))
        progress = last.result
        folder = registry.folder / progress["model_version"]
        if not folder.is_dir():
            raise NotFound(
                _(
                    "The run %(run)s was by the model %(model)s, which is not there any more. Take it back (archive undo %(run)s) or leave it, and start another one.",
                    run=last.id,
                    model=folder.name,
                )
            )
        store.runs.end(last, RUNNING, "", ended_at=None)
        plan, figures = Plan.from_json(progress["plan"]), Figures.from_json(progress["figures"])
        acceptance = Acceptance(**progress["acceptance"]) if progress.get("acceptance") else None
        return _Running(store, last, folder, plan, n_jobs, progress["after"], figures, acceptance).finish(track)


def undo(store: Store, run_id: str | None = None, by: str | None = None) -> Undone:
    """Remove what a run added, except the tags that a person has decided on since. Without an id it is the last run.

    `by` is who takes it back, by default the user of this process.

    Raises:
        Busy: if a run is going on.
        NotFound: if there is no such archive run.
    """
    with store.runs.alone(JOB):
        record = _last(store) if run_id is None else store.runs.get(run_id)
        if record.job != JOB:
            raise NotFound(_("%(run)s is not an archive run, but a run of `%(job)s`.", run=record.id, job=record.job))
        n, kept = store.assignments.undo(record.id, by)
        reason = f"{n} tags taken back, {len(kept)} kept since a person has decided on them."
        store.runs.end(record, UNDONE, reason)
        return Undone(record, n, kept)


def _last(store: Store) -> Run:
    """Return the last run that added anything and was not undone."""
    for record in store.runs.list(JOB):
        if record.outcome != UNDONE and record.result and Figures.from_json(record.result["figures"]).n_added:
            return record
    raise NotFound(_("There is no archive run to take back."))


def _judged(store: Store, folder: Path, plan: Plan, after: str, n_jobs: int) -> Iterator[list[Judged]]:
    is_large = store.assignments.count(plan.scope, after) >= MANY
    chunks = chunked(store.assignments.candidates(plan.scope, after))
    return map_chunks(partial(judge, folder, plan), chunks, n_jobs if is_large else 1)


@dataclass
class _Running:
    """A run from its present position, the article id `after`, to its end."""

    store: Store
    record: Run
    folder: Path
    plan: Plan
    n_jobs: int
    after: str = ""
    figures: Figures = field(default_factory=Figures)
    acceptance: Acceptance | None = None

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
        if self.acceptance is not None and self.acceptance.waived_by is not None:
            reason += f" {self.acceptance.waived_by} did without a sample."
        self.store.runs.end(self.record, DONE, reason, version=self.folder.name, result=self._progress())
        return Ran(self.record, self.folder.name, self.figures)

    def _written(self) -> Iterator[None]:
        """Write chunk after chunk, and yield once for each article."""
        for chunk in _judged(self.store, self.folder, self.plan, self.after, self.n_jobs):
            additions = [article.additions for article in chunk]
            self.store.assignments.add(self.record, additions, partial(self._note, chunk))
            yield from repeat(None, len(chunk))

    def _note(self, chunk: list[Judged], unchanged: set[str]) -> dict[str, Any]:
        for article in chunk:
            self.figures.note(article, article.additions.article_id in unchanged)
        self.after = chunk[-1].additions.article_id
        return self._progress()

    def _progress(self) -> dict[str, Any]:
        return {
            "plan": self.plan.to_json(),
            "model_version": self.folder.name,
            "after": self.after,
            "figures": self.figures.to_json(),
            **({"acceptance": self.acceptance._asdict()} if self.acceptance is not None else {}),
        }
