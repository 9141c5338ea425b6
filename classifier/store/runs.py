"""Scheduled jobs: one at a time across processes and machines, and a record of each."""

import getpass
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from classifier.domain.files import locked
from classifier.errors import BadStore, Busy, NotFound
from classifier.store.events import OVERDUE, RETRAINED, Noted, note, note_once
from classifier.store.rows import Part, hours_since, lock_number, now
from classifier.store.schema import runs

JOB = "retrain"
EVER = 36_500  # days
KEPT_RUNS = 400  # records of a job, more than a year of nights, and as many reports
RUNNING, FAILED, SKIPPED = "running", "failed", "skipped"
PROMOTED, NOT_PROMOTED = "promoted", "not promoted"  # of `retrain`


@dataclass(frozen=True)
class Run:
    """The record of a job. `outcome` is running, failed, or a word of the job. `data` names what it worked on."""

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
                raise Busy(f"Another process is at `{job}` on this database; this one did nothing.") from None
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

    def begin(self, job: str) -> Run:
        """Record that a job has begun, and that those left running have failed. Call it within `alone`."""
        run = Run(secrets.token_hex(8), job, user_name(), socket.gethostname()[:200], now())
        with self.engine.begin() as connection:
            lost = (runs.c.job == job) & (runs.c.outcome == RUNNING)
            ended = {"outcome": FAILED, "ended_at": now(), "reason": "Its process ended without a word."}
            connection.execute(runs.update().where(lost).values(ended))
            connection.execute(runs.insert().values(vars(run)))
        return run

    def end(self, run: Run, outcome: str, reason: str, **facts: Any) -> None:
        """Record how a job ended; `facts` are version, data and result."""
        values = {"outcome": outcome, "reason": reason, "ended_at": now(), **facts}
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
        """Return the newest records of a job without their results, which may be long, newest first."""
        columns = (column for column in runs.c if column.name != "result")
        query = _newest_first(job).with_only_columns(*columns).limit(limit)
        return [Run(**row) for row in self._rows(query)]

    def list(self, job: str, limit: int = 100, without: tuple[str, ...] = ()) -> list[Run]:
        """Return the newest records of a job, newest first, without those of some outcomes."""
        query = _newest_first(job).where(runs.c.outcome.not_in(without)).limit(limit)
        return [Run(**row) for row in self._rows(query)]

    def overdue(self, job: str, hours: float) -> str | None:
        """Return why a job is overdue, or None: its last run failed, or it has run, but not to its end for two periods."""
        late = self._late_since(job, hours)
        if late is None:
            return None
        if late.outcome == FAILED:
            return f"`{job}` failed at {late.started_at[:16]}: {late.reason}"
        last = late.ended_at or late.started_at
        return f"`{job}` has not come to its end since {last[:16]}; it is expected every {hours:g} hours."

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
        runs = self.brief(job)
        ended = [run for run in runs if run.ended_at is not None]
        if not runs or (ended and ended[0].outcome == FAILED):
            return ended[0] if runs else None
        last = ended[0] if ended else runs[-1]
        return last if hours_since(last.ended_at or last.started_at) > 2 * hours else None

    def get(self, run_id: str) -> Run:
        """Return a record, or raise `NotFound`."""
        # PostgreSQL does not even look for a NUL.
        row = self._row(select(runs).where(runs.c.id == run_id)) if "\0" not in run_id else None
        if row is None:
            raise NotFound(f"There is no run {run_id[:40]!r}.")
        return Run(**row)


def _causes(facts: dict[str, Any]) -> dict[str, list[str]]:
    """Return the tags that a run has held and the checks that closed the gate, without figures, which may quote an article."""
    result = facts.get("result") or {}
    checks = sorted({each["check"] for each in result.get("blocked_by", ())})
    return {"held": [each["tag"] for each in result.get("held", ())], "checks": checks}


def user_name() -> str:
    """Return the name of whoever runs this process, `unknown` if the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _newest_first(job: str) -> Select[Any]:
    return select(runs).where(runs.c.job == job).order_by(runs.c.started_at.desc(), runs.c.id)
