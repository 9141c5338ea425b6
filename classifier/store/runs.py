"""Scheduled jobs: one at a time across processes and machines, and a record of each."""

import getpass
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from classifier.domain.files import locked
from classifier.domain.progress import RunProgress
from classifier.domain.schedule import OFF, ON
from classifier.domain.sentences import LOST, OF_RUNS, STOPPED_BEFORE
from classifier.errors import BadStore, Busy, NotFound, WrongState
from classifier.store.events import OVERDUE, RETRAINED, TRAINING, Noted, note, note_once
from classifier.store.rows import Part, ago, hours_since, lock_number, now, one_at_a_time
from classifier.store.schedules import Schedules, last_due
from classifier.store.schema import runs
from classifier.texts import N_, _, english, gettext, retold

JOB = "retrain"
BACKUP = "backup"
EVER = 36_500  # days
KEPT_RUNS = 400  # records of a job, more than a year of nights, and as many reports
RUNNING, FAILED, SKIPPED = "running", "failed", "skipped"
PROMOTED, NOT_PROMOTED = "promoted", "not promoted"  # of `retrain`
DONE = "done"  # of a backup
WAITING, CANCELLED = "waiting", "cancelled"  # asked for, and not begun yet; stopped by a person
UNFINISHED = (WAITING, RUNNING)
LATE_HOURS = 12.0  # after a time of the schedule a training should have come to its end
# After how many seconds of silence it is looked whether the process of a run is still there. One that has just been started
# says nothing before it is loaded, which takes long on a busy machine, and holds no lock yet.
SILENT_SECONDS = {RUNNING: 30.0, WAITING: 300.0}


@dataclass(frozen=True)
class Run:
    """The record of a job. `outcome` is waiting, running, failed, cancelled or a word of the job.

    `data` names what it worked on. `beat_at` is when its process last said how far it has come. `may_cancel` says whether it
    can be stopped now, `cancelled_by` who asked for that. `due_at` is the time of the schedule for which it was begun.
    """

    id: str
    job: str
    started_by: str
    host: str
    started_at: str
    ended_at: str | None = None
    outcome: str = RUNNING
    version: str | None = None
    reason: str = ""
    data: str | None = None
    result: dict[str, Any] | None = None
    progress: RunProgress | None = None
    beat_at: str | None = None
    may_cancel: bool = False
    cancelled_by: str | None = None
    due_at: str | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.outcome in UNFINISHED


class Runs(Part):
    """The jobs of a store."""

    @contextmanager
    def alone(self, job: str) -> Iterator[None]:
        """Do a job while no other process does it on this database, or raise `Busy`. The lock ends with its process."""
        of_file = self.engine.dialect.name == "sqlite"
        lock = locked(Path(f"{self.engine.url.database}.{job}.lock"), wait=False) if of_file else self._locked(job)
        with ExitStack() as held:
            try:
                held.enter_context(lock)
            except BlockingIOError:
                raise Busy(
                    _("Another process is at `%(job)s` on this database; this one did nothing.", job=job)
                ) from None
            yield

    @contextmanager
    def _locked(self, job: str) -> Iterator[None]:
        number = lock_number(job)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar():
                raise BlockingIOError
            try:
                yield
            finally:
                with suppress(BadStore):  # a server that went away has given the right up by itself
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")

    def ask(self, job: str, by: str, due_at: str | None = None, data: str | None = None) -> Run:
        """Record that somebody asks for a job, which a process of its own begins. Raise `Busy` if it waits or runs already.

        `due_at` is the time of the schedule for which it is asked, `data` names what it works on. Raises `Busy` if another process was faster with that.
        """
        self.settle(job)
        run = Run(
            secrets.token_hex(8), job, by, _host(), now(), None, WAITING, data=data, may_cancel=True, due_at=due_at
        )
        with self.engine.begin() as connection:
            one_at_a_time(connection, f"ask for {job}")
            unfinished = (runs.c.job == job) & runs.c.outcome.in_(UNFINISHED)
            present = connection.execute(select(runs.c.started_by, runs.c.started_at).where(unfinished)).first()
            if present is not None:
                began, by = present.started_at[:16].replace("T", " "), present.started_by
                raise Busy(
                    _("A run is under way already. It was begun at %(began)s UTC by %(by)s.", began=began, by=by)
                )
            if due_at is not None and (connection.scalar(last_due(job)) or "") >= due_at:
                raise Busy(_("The run of %(time)s was begun by another process.", time=due_at[:16]))
            connection.execute(runs.insert().values(vars(run)))
            if job == JOB:
                note(connection, TRAINING, [Noted(by, subject=run.id, facts={"action": "asked"})])
        return run

    def begin(self, job: str, asked: str | None = None) -> Run:
        """Record that a job has begun, and that those left running have failed. Call it within `alone`.

        `asked` is the id of the run that somebody asked for. Raises `WrongState` if it does not wait any more.
        """
        run = Run(asked or secrets.token_hex(8), job, user_name(), _host(), now())
        with self.engine.begin() as connection:
            lost = (runs.c.job == job) & (runs.c.outcome == RUNNING)
            connection.execute(runs.update().where(lost).values(_lost()))
            if asked is None:
                connection.execute(runs.insert().values(vars(run)))
            else:
                waits = (runs.c.id == asked) & (runs.c.job == job) & (runs.c.outcome == WAITING)
                begun = {"outcome": RUNNING, "host": run.host, "beat_at": now()}
                if not connection.execute(runs.update().where(waits).values(begun)).rowcount:
                    raise WrongState(_("The run %(id)s does not wait to begin.", id=repr(asked[:40])))
        return self.get(run.id)

    def beat(self, run_id: str, progress: RunProgress) -> str | None:
        """Record how far a run has come, and return who asked to stop it, or None."""
        with self.giving_way() as connection:
            connection.execute(runs.update().where(runs.c.id == run_id).values(progress=progress, beat_at=now()))
            by: str | None = connection.scalar(select(runs.c.cancelled_by).where(runs.c.id == run_id))
            return by

    def let_cancel(self, run_id: str, may_cancel: bool) -> bool:
        """Record whether a run can be stopped from now on. Return False if somebody has asked to stop it."""
        with self.engine.begin() as connection:
            is_free = (runs.c.id == run_id) & runs.c.cancelled_by.is_(None)
            return bool(connection.execute(runs.update().where(is_free).values(may_cancel=may_cancel)).rowcount)

    def cancel(self, run_id: str, by: str) -> None:
        """Ask a run to stop; one that has not begun is over. Raise `WrongState` if it cannot be stopped any more."""
        this = runs.c.id == run_id
        open_ = this & runs.c.may_cancel & runs.c.outcome.in_(UNFINISHED) & runs.c.cancelled_by.is_(None)
        with self.engine.begin() as connection:
            if not connection.execute(runs.update().where(open_).values(cancelled_by=by)).rowcount:
                raise WrongState(
                    _("The run cannot be stopped any more: it has ended, is being stopped or saves its model.")
                )
            ended = {"outcome": CANCELLED, "ended_at": now(), "reason": english(STOPPED_BEFORE, name=by)}
            connection.execute(runs.update().where(this & (runs.c.outcome == WAITING)).values(ended))
            if connection.scalar(select(runs.c.job).where(this)) == JOB:
                note(connection, TRAINING, [Noted(by, subject=run_id, facts={"action": "cancelled"})])

    def settle(self, job: str) -> None:
        """Record that runs have failed whose process has ended without a word."""
        last_heard = func.coalesce(runs.c.beat_at, runs.c.started_at)
        limits = ((runs.c.outcome == outcome) & (last_heard < ago(seconds=n)) for outcome, n in SILENT_SECONDS.items())
        silent = (runs.c.job == job) & or_(*limits)
        if self._number(select(func.count()).select_from(runs).where(silent)):
            with suppress(Busy), self.alone(job):  # a process that is there holds the lock, however silent it is
                self._end_lost(silent)

    def _end_lost(self, silent: ColumnElement[bool]) -> None:
        with self.engine.begin() as connection:
            connection.execute(runs.update().where(silent).values(_lost()))

    def end(self, run: Run, outcome: str, reason: str, **facts: Any) -> None:
        """Record how a job ended; `facts` are version, data and result."""
        values = {"outcome": outcome, "reason": reason, "ended_at": now(), "may_cancel": False, **facts}
        with self.engine.begin() as connection:
            connection.execute(runs.update().where(runs.c.id == run.id).values(values))
            if run.job == JOB:
                told = {"outcome": outcome, "reason": reason, "version": facts.get("version")}
                note(connection, RETRAINED, [Noted(run.started_by, subject=run.id, facts=told | _causes(facts))])

    def sweep(self, job: str) -> None:
        """Remove the records of a job but for the newest ones."""
        with self.engine.begin() as connection:
            newest_ids = connection.scalars(_newest_first(job).with_only_columns(runs.c.id).limit(KEPT_RUNS)).all()
            connection.execute(runs.delete().where(runs.c.job == job, runs.c.id.not_in(newest_ids)))

    def brief(self, job: str, limit: int = 100) -> list[Run]:
        """Return the newest records of a job without their results and progress, which may be long, newest first."""
        columns = (column for column in runs.c if column.name not in ("result", "progress"))
        query = _newest_first(job).with_only_columns(*columns).limit(limit)
        return [Run(**row) for row in self._rows(query)]

    def list(self, job: str, limit: int = 100, without: tuple[str, ...] = ()) -> list[Run]:
        """Return the newest records of a job, newest first, without those of some outcomes."""
        query = _newest_first(job).where(runs.c.outcome.not_in(without)).limit(limit)
        return [Run(**row) for row in self._rows(query)]

    def overdue(self, job: str, hours: float) -> str | None:
        """Return why a job is overdue, or None: its last run failed, or it has run, but not to its end when it should have.

        Where the schedule is kept in the store, that is half a day after each of its times, and never if it is off. Where
        another program begins the job, it is after two periods of some hours.
        """
        late = self._late_since(job, hours)
        if late is None:
            return None
        if late.outcome == FAILED:
            reason = retold(late.reason, OF_RUNS)
            return _("`%(job)s` failed at %(time)s: %(reason)s", job=job, time=late.started_at[:16], reason=reason)
        last, due = late.ended_at or late.started_at, self._missed(late)
        facts = {"job": job, "time": last[:16]}
        if due is None:
            text = N_("`%(job)s` has not come to its end since %(time)s; it is expected every %(hours)s hours.")
            return gettext(text, hours=format(hours, "g"), **facts)
        text = N_("`%(job)s` has not come to its end since %(time)s; it is expected at %(due)s.")
        return gettext(text, due=due[:16], **facts)

    def note_overdue(self, job: str, hours: float) -> str | None:
        """Add an event if a job is overdue, one for each last run, and return the id of that run."""
        late = self._late_since(job, hours)
        if late is None:
            return None
        facts = {"failed": late.outcome == FAILED, "since": late.ended_at or late.started_at, "hours": hours}
        with self.engine.begin() as connection:
            note_once(connection, OVERDUE, [Noted(job, subject=late.id, facts=facts)], EVER)
        return late.id

    def _late_since(self, job: str, hours: float) -> Run | None:
        """Return the last run that ended if it failed or is too long ago, or where none has ended the first one."""
        runs = [run for run in self.brief(job) if run.outcome not in (CANCELLED, WAITING)]
        ended = [run for run in runs if run.ended_at is not None]
        if not runs or (ended and ended[0].outcome == FAILED):
            return ended[0] if runs else None
        last = ended[0] if ended else runs[-1]
        kept = Schedules(self.engine).present()
        if kept is not None and kept.schedule.mode in (ON, OFF):
            return last if self._missed(last) else None
        return last if hours_since(last.ended_at or last.started_at) > 2 * hours else None

    def _missed(self, last: Run) -> str | None:
        """Return the last time of the schedule that should be over by now, if that run, the last one, was before it."""
        due = Schedules(self.engine).last_due(timedelta(hours=LATE_HOURS))
        return due if due is not None and (last.ended_at or last.started_at) < due else None

    def get(self, run_id: str) -> Run:
        """Return a record, or raise `NotFound`."""
        # PostgreSQL does not even look for a NUL.
        row = self._row(select(runs).where(runs.c.id == run_id)) if "\0" not in run_id else None
        if row is None:
            raise NotFound(_("There is no run %(id)s.", id=repr(run_id[:40])))
        return Run(**row)


def _causes(facts: dict[str, Any]) -> dict[str, list[str]]:
    """Return the tags that a run has held and the checks that closed the gate, without figures, which may quote an article."""
    result = facts.get("result") or {}
    checks = sorted({each["check"] for each in result.get("blocked_by", ())})
    return {"held": [each["tag"] for each in result.get("held", ())], "checks": checks}


def _lost() -> dict[str, Any]:
    return {"outcome": FAILED, "ended_at": now(), "reason": LOST, "may_cancel": False}


def _host() -> str:
    return socket.gethostname()[:200]


def user_name() -> str:
    """Return the name of whoever runs this process, `unknown` if the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _newest_first(job: str) -> Select[Any]:
    return select(runs).where(runs.c.job == job).order_by(runs.c.started_at.desc(), runs.c.id)
