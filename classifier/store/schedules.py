"""When trainings begin by themselves, as somebody has set it, and whether a time has come for which none was begun."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from classifier.domain.schedule import ON, UNSET, Schedule
from classifier.errors import WrongState
from classifier.store.events import MODEL, Noted, note
from classifier.store.rows import Part, now, one_at_a_time
from classifier.store.schema import runs, schedules
from classifier.texts import _


@dataclass(frozen=True)
class KeptSchedule:
    """A schedule, and who set it when. `n` numbers the changes."""

    n: int
    at: str
    by: str
    schedule: Schedule


class Schedules(Part):
    """The schedule of the trainings of a store."""

    def present(self) -> KeptSchedule | None:
        """Return the schedule of now, None if nobody has ever set one."""
        with self.reading() as connection:
            return next(iter(_newest(connection, 1)), None)

    def change(self, schedule: Schedule, by: str, instead_of: int | None = None) -> None:
        """Set a schedule. Raise `WrongState` if the present one is not the change `instead_of`; 0 stands for none."""
        with self.engine.begin() as connection:
            _check(connection, instead_of)
            _put(connection, schedule, by, "scheduled")

    def undo(self, n: int, by: str) -> None:
        """Set what stood before the change `n`. Raise `WrongState` if that is not the newest one."""
        with self.engine.begin() as connection:
            _check(connection, n)
            before = _newest(connection, 2)[1:]
            _put(connection, before[0].schedule if before else Schedule(UNSET), by, "schedule_undone")

    def fix(self, schedule: Schedule, by: str) -> None:
        """Set a schedule unless it is set already."""
        with self.engine.begin() as connection:
            one_at_a_time(connection, "schedule")
            if [kept.schedule for kept in _newest(connection, 1)] != [schedule]:
                _put(connection, schedule, by, "scheduled")

    def due(self, job: str) -> str | None:
        """Return the last time that has come and for which no run of a job was begun, None if there is none.

        Of several times that were missed only the last one is made up for. What was before the last change of the schedule
        is not.
        """
        due = self.last_due()
        with self.reading() as connection:
            begun = connection.scalar(last_due(job)) if due is not None else None
        return due if due is not None and (begun is None or begun < due) else None

    def last_due(self, grace: timedelta = timedelta(0)) -> str | None:
        """Return the last time of the present schedule that came some while ago, None if none has come since it was set."""
        kept = self.present()
        due = kept.schedule.last_until(datetime.now(UTC) - grace) if kept is not None else None
        at = due.isoformat(timespec="microseconds") if due is not None else None
        return at if kept is not None and at is not None and at > kept.at else None


def last_due(job: str) -> Select[Any]:
    """Return the query for the last time of the schedule for which a run of a job was begun."""
    return select(func.max(runs.c.due_at)).where(runs.c.job == job)


def _newest(connection: Connection, limit: int) -> list[KeptSchedule]:
    rows = connection.execute(select(schedules).order_by(schedules.c.n.desc()).limit(limit)).mappings()
    return list(map(_kept, rows))


def _kept(row: Any) -> KeptSchedule:
    schedule = Schedule(row["mode"], tuple(row["days"]), row["time"], row["zone"])
    return KeptSchedule(row["n"], row["at"], row["by"], schedule)


def _check(connection: Connection, n: int | None) -> None:
    one_at_a_time(connection, "schedule")
    present = connection.scalar(select(func.max(schedules.c.n))) or 0
    if n is not None and n != present:
        raise WrongState(_("Somebody else has set the times of trainings meanwhile. Look at them, and set them again."))


def _put(connection: Connection, schedule: Schedule, by: str, action: str) -> None:
    values = asdict(schedule) | {"days": list(schedule.days)}
    connection.execute(schedules.insert().values(at=now(), by=by, **values))
    facts = {"action": action, **(values if schedule.mode == ON else {"mode": schedule.mode})}
    note(connection, MODEL, [Noted(by, facts=facts)])
