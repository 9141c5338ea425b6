"""The service begins trainings when the time of their schedule has come."""

from classifier.domain.schedule import Schedule
from classifier.serving.beside import repeat
from classifier.serving.trainer import SCHEDULE, Trainer
from classifier.store.runs import JOB, Run

SETTINGS = "the settings"  # whose schedule counts, where they have one
POLL_SECONDS = 10.0  # between two looks at the schedule, of each process


class Scheduler:
    """Begins trainings at the times of the schedule of a store, or at those that whoever runs the service has fixed.

    Every process of the service looks at the schedule. The run in the database says for which time it was begun, so that only
    one of them begins it.
    """

    def __init__(self, trainer: Trainer, fixed: Schedule | None = None) -> None:
        self._trainer, self._schedules, self._fixed = trainer, trainer.store.schedules, fixed

    def start(self) -> None:
        """Begin trainings from now on, in a thread of its own."""
        if self._fixed is not None:
            self._schedules.fix(self._fixed, SETTINGS)
        repeat(SCHEDULE, POLL_SECONDS, self.work, "no_schedule")

    def work(self) -> Run | None:
        """Begin the training whose time has come, and return it. Raise `Busy` if another waits or runs: it is tried again."""
        due = self._schedules.due(JOB)
        return self._trainer.begin(SCHEDULE, due_at=due) if due is not None else None
