"""The archives that were brought over the pages: what each stored, and how its articles are taken out again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from classifier.domain.decisions import CMS
from classifier.domain.progress import Track
from classifier.errors import NotFound, WrongState
from classifier.store.deletions import Deletions
from classifier.store.rows import Part
from classifier.store.runs import Run, Runs
from classifier.store.schema import articles, decisions
from classifier.texts import _

JOB = "bring"  # of all that works on the articles of an archive, one at a time
SOURCE = "archive"
STEPS = ("taxonomy", "storing", "saving")  # of a run that stores an archive
DELETING = "deleting"


@dataclass(frozen=True)
class Brought:
    """Which of the articles that a run stored go when it is taken out, and how many stay.

    `n_decided`: an editor has decided on them. `n_others`: they were sent by others since, or are deleted already.
    """

    n_articles: int
    n_decided: int
    n_others: int


class BroughtArchives(Part):
    """The runs that stored archives, and their articles.

    An article is of the run in whose time it was first stored. Nothing else stores articles from an archive in that time. What
    another sender has sent since is of that sender.
    """

    def list(self, limit: int) -> list[Run]:
        """Return the newest runs that stored an archive, or a part of it, newest first."""
        runs = Runs(self.engine)
        runs.settle(JOB)
        return [run for run in runs.list(JOB) if _stored(run)][:limit]

    def get(self, run_id: str | None) -> Run:
        """Return a run that stored an archive, by default the newest. Raise `NotFound` if there is none."""
        run = next(iter(self.list(1)), None) if run_id is None else Runs(self.engine).get(run_id)
        if run is None or run.job != JOB or not _stored(run):
            raise NotFound(_("There is no archive that was stored with this id."))
        return run

    def removal(self, run_id: str) -> Run | None:
        """Return the newest run that takes the articles of another run out again, None if there was none."""
        runs = Runs(self.engine)
        runs.settle(JOB)
        newest = next((run for run in runs.brief(JOB) if run.data == run_id), None)
        return runs.get(newest.id) if newest is not None else None

    def count(self, run: Run) -> Brought:
        """Return how many articles of a run go when it is taken out, and how many stay."""
        counted = _of(run).with_only_columns(func.count())
        n, n_free = self._number(counted), self._number(counted.where(~_is_decided()))
        n_stored = (run.result or {}).get("new", n)
        return Brought(n_free, n - n_free, max(0, n_stored - n))

    def ask_removal(self, run: Run, by: str) -> Run:
        """Record that somebody asks to take the articles of a run out again.

        Raises:
            Busy: if an archive is being read, stored or taken out.
            WrongState: if no article can be taken out.
        """
        if not self.count(run).n_articles:
            raise WrongState(_("This archive has no article that can be taken out."))
        return Runs(self.engine).ask(JOB, by, data=run.id)

    def remove(self, run: Run, track: Track) -> int:
        """Delete the articles of a run on which no editor has decided, batch by batch, and return their number."""
        return Deletions(self.engine).delete(_of(run).where(~_is_decided()), track, DELETING)


def _stored(run: Run) -> bool:
    return run.progress is not None and tuple(run.progress["names"]) == STEPS and not run.is_unfinished


def _of(run: Run) -> Select[Any]:
    created = articles.c.created_at.between(run.started_at, run.ended_at)
    return select(articles.c.id).where(articles.c.source == SOURCE, created)


def _is_decided() -> Any:
    by_editor = (decisions.c.article_id == articles.c.id) & (decisions.c.editor != CMS)
    return select(decisions.c.n).where(by_editor).exists() | articles.c.corrected_language.is_not(None)
