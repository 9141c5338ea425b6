"""The progress of a run as its record keeps it: steps, loops, a log, and the wish of a person to stop it.

A thread writes the record every few seconds, so that every worker of the service and every machine sees it. Somebody who asks
to stop the run is heard at the next step or pass of a loop; a computation without either is interrupted.
"""

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Self

from classifier.domain import sentences as said
from classifier.domain.progress import Amount, Progress, seconds_of_steps
from classifier.errors import Cancelled, TaggerError
from classifier.store.runs import Run
from classifier.store.store import Store
from classifier.texts import capitalized, english

READING, CHECKING, LEARNING, COMPARING, REPORTING, SAVING = STEPS = (
    "reading",
    "checking",
    "learning",
    "comparing",
    "reporting",
    "saving",
)
BEAT_SECONDS = 2.0
PATIENCE_SECONDS = 4.0  # for a run to stop by itself, before it is interrupted


class Watched:
    """A run that is watched while the block is open. Called like a `Track`, it yields items and notes how many are done."""

    def __init__(self, store: Store, run: Run, progress: Progress, names: Sequence[str] = STEPS) -> None:
        """Take the run and the names of its steps. From the last one on it cannot be stopped."""
        self._runs, self._run, self._progress = store.runs, run, progress
        progress.begin(names, _last_seconds(store, run.job, names))
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._cancelled_by: str | None = None
        self._may_cancel = True

    def __enter__(self) -> Self:
        self._runs.let_cancel(self._run.id, may_cancel=True)
        threading.Thread(target=self._beat_on, name="progress", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._may_cancel = False
        self._ended.set()
        self._progress.end_step()
        with suppress(Exception):  # what is known of the run itself is recorded by whoever ends it
            self._beat()

    def __call__(self, items: Iterable[Any], total: int | Amount, label: str) -> Iterator[Any]:
        """Yield items and note how far they are. Raise `Cancelled` if somebody stops the run."""
        if not self._progress.loops:
            self.say(english(said.COUNTED, what=label, n=f"{total:,}") if isinstance(total, int) and total else label)
        for item in self._progress(items, total, label):
            self._stop_if_cancelled()
            yield item

    def stopped(self, error: BaseException) -> Cancelled | None:
        """Return the error that says who stopped the run, None if it ended for another reason."""
        is_stop = self._cancelled_by is not None and isinstance(error, Cancelled | KeyboardInterrupt)
        return Cancelled(english(said.STOPPED, name=self._cancelled_by)) if is_stop else None

    def step(self, name: str) -> None:
        """Begin a step. Raise `Cancelled` if somebody stops the run."""
        self._progress.end_step()
        if name == self._progress.state["names"][-1]:
            self._close()
        self._stop_if_cancelled()
        self._progress.step(name)
        self._beat()

    def say(self, text: str) -> None:
        """Add a line to the log, with a capital letter."""
        self._progress.say(capitalized(text))

    def _close(self) -> None:
        """From now on nobody can stop the run. Raise `Cancelled` if somebody has."""
        with self._lock:
            self._may_cancel = False
        if not self._runs.let_cancel(self._run.id, may_cancel=False):
            self._beat()
            self._stop_if_cancelled()

    def _stop_if_cancelled(self) -> None:
        if self._cancelled_by is not None:
            raise Cancelled(english(said.STOPPED, name=self._cancelled_by))

    def _beat(self) -> None:
        self._cancelled_by = self._runs.beat(self._run.id, self._progress.state) or self._cancelled_by

    def _beat_on(self) -> None:
        asked: float | None = None
        while not self._ended.wait(BEAT_SECONDS):
            with suppress(Exception):  # a database that is away now may be there in some seconds
                self._beat()
            if not self._ended.is_set():
                self._progress.show(moved=True)
            if self._cancelled_by is not None:
                asked = asked or monotonic()
                with self._lock:
                    if self._may_cancel and monotonic() - asked > PATIENCE_SECONDS:
                        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                        asked = monotonic()  # once more later: Python drops an interruption that meets a finalizer


def why_it_failed(error: BaseException) -> str:
    """Return why a run failed, as its record says it."""
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return said.LOST
    return str(error) if isinstance(error, TaggerError | OSError) else type(error).__name__


def _last_seconds(store: Store, job: str, names: Sequence[str]) -> dict[str, float]:
    """Return how long the steps of the last run of a job took that came through all of them; empty if there was none."""
    for run in store.runs.list(job, 20):
        if run.progress is not None and set(seconds := seconds_of_steps(run.progress)) == set(names):
            return seconds
    return {}
