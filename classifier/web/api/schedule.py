"""The endpoints of the schedule: when trainings begin by themselves."""

from datetime import UTC, datetime

from typing_extensions import TypedDict

from classifier.domain.schedule import ON, UNSET, Schedule, in_order
from classifier.errors import WrongState
from classifier.serving.views import pick
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.api.runs import RunRow
from classifier.web.api.schemas import TrainingScheduleIn, TrainingScheduleUndoIn
from classifier.web.guard.auth import ADMINS
from classifier.web.incoming import incoming

FIXED = "Whoever runs the service has set when trainings begin. Only they can change it."


class TrainingScheduleOut(TypedDict):
    """When trainings begin by themselves, who set it when, and what came of the last that did.

    `mode` is `unset` while nobody has set it, and `outside` where another program than the service begins them. `next_at` is
    in UTC. `n` numbers the changes, 0 before the first. If it is `fixed`, whoever runs the service has set it.
    """

    mode: str
    days: list[str]
    time: str | None
    zone: str | None
    next_at: str | None
    fixed: bool
    n: int
    by: str | None
    at: str | None
    last: RunRow | None


class ScheduleApi:
    """The endpoints of the schedule of a store. What is fixed is not changed by them."""

    def __init__(self, store: Store, is_fixed: bool) -> None:
        self.store, self.is_fixed = store, is_fixed

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        changed = (*NEEDS_STORE, "changed")
        return [
            Endpoint("GET", "/v1/schedule", self.get_schedule, ADMINS, NEEDS_STORE),
            Endpoint("PUT", "/v1/schedule", self.set_schedule, ADMINS, changed),
            Endpoint("POST", "/v1/schedule/undo", self.undo_schedule, ADMINS, changed),
        ]

    def get_schedule(self) -> TrainingScheduleOut:
        """Get when trainings begin by themselves."""
        kept = self.store.schedules.present()
        schedule = kept.schedule if kept is not None else Schedule(UNSET)
        following = schedule.next_after(datetime.now(UTC))
        last = next((run for run in self.store.runs.brief(JOB) if run.due_at is not None), None)
        return {
            "mode": schedule.mode,
            "days": list(schedule.days),
            "time": schedule.time or None,
            "zone": schedule.zone or None,
            "next_at": following.isoformat(timespec="seconds") if following is not None else None,
            "fixed": self.is_fixed,
            "n": kept.n if kept is not None else 0,
            "by": kept.by if kept is not None else None,
            "at": kept.at if kept is not None else None,
            "last": pick(RunRow, vars(last)) if last is not None else None,
        }

    def set_schedule(self, body: TrainingScheduleIn) -> TrainingScheduleOut:
        """Set when trainings begin by themselves. With `instead_of`, only if that is still the newest change."""
        chosen = Schedule(ON, in_order(body.days), body.time, body.zone) if body.mode == ON else Schedule(body.mode)
        self.change(chosen, incoming().caller.editor(None), body.instead_of)
        return self.get_schedule()

    def undo_schedule(self, body: TrainingScheduleUndoIn) -> TrainingScheduleOut:
        """Set what stood before a change, if that is still the newest one."""
        self.undo(body.n, incoming().caller.editor(None))
        return self.get_schedule()

    def change(self, schedule: Schedule, by: str, instead_of: int | None) -> None:
        """Set a schedule. Raise `WrongState` if it is fixed, or is not that of the change `instead_of`."""
        self._check()
        self.store.schedules.change(schedule, by, instead_of)

    def undo(self, n: int, by: str) -> None:
        """Set what stood before the change `n`. Raise `WrongState` if the schedule is fixed, or that is not the newest one."""
        self._check()
        self.store.schedules.undo(n, by)

    def _check(self) -> None:
        if self.is_fixed:
            raise WrongState(FIXED)
