"""When trainings run: on some weekdays at a time of day. The time is that of a zone, also when its clocks change."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from classifier.errors import BadSchedule
from classifier.texts import _

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNSET = "unset"  # nobody has said anything
OFF = "off"
ON = "on"
OUTSIDE = "outside"  # another program begins the trainings, such as a timer of the system
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_TEXT = re.compile(r"(?:(?P<days>[a-z]{3}(?:,[a-z]{3})*) )?(?P<time>\S+) (?P<zone>\S+)")


@dataclass(frozen=True)
class Schedule:
    """Whether trainings begin by themselves, and if it is `ON`: on which weekdays, at which time (HH:MM) of which zone.

    Raises:
        BadSchedule: if the days, the time or the zone cannot be used.
    """

    mode: str = UNSET
    days: tuple[str, ...] = ()
    time: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        if self.mode != ON:
            return
        if unknown := next((day for day in self.days if day not in DAYS), None):
            raise BadSchedule(
                _("%(day)s is no weekday. They are %(names)s.", day=repr(unknown[:40]), names=", ".join(DAYS)), "days"
            )
        if not self.days:
            raise BadSchedule(_("Choose at least one weekday."), "days")
        if not TIME.fullmatch(self.time):
            raise BadSchedule(_("%(time)s is no time of day like 02:30.", time=repr(self.time[:40])), "time")
        if self.zone not in zones():
            raise BadSchedule(_("%(zone)s is no time zone like Europe/Paris.", zone=repr(self.zone[:80])), "zone")

    def last_until(self, moment: datetime) -> datetime | None:
        """Return the last time that has come at a moment, in UTC. None: trainings do not begin by themselves."""
        return max((at for at in self._around(moment) if at <= moment), default=None)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the next time after a moment, in UTC. None: trainings do not begin by themselves."""
        return min((at for at in self._around(moment) if at > moment), default=None)

    def _around(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times from a week before a moment until a week after it.

        A time that a change of the clocks skips comes an hour later on the clock, and one that comes twice counts once.
        """
        if self.mode != ON:
            return
        zone, at = ZoneInfo(self.zone), time.fromisoformat(self.time)
        today: date = moment.astimezone(zone).date()
        for offset in range(-8, 9):
            day = today + timedelta(days=offset)
            if DAYS[day.weekday()] in self.days:
                yield datetime.combine(day, at, zone).astimezone(UTC)


def read_schedule(text: str) -> Schedule | None:
    """Return the schedule of a text: `off`, `outside`, `02:30 Europe/Paris` or `mon,thu 02:30 Europe/Paris`. None: it is empty.

    Raises:
        BadSchedule: if it is none of them.
    """
    if not text:
        return None
    if text in (OFF, OUTSIDE):
        return Schedule(text)
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadSchedule(
            _("%(text)s is neither off nor outside nor like `mon,thu 02:30 Europe/Paris`.", text=repr(text[:80])),
            "time",
        )
    chosen = found["days"].split(",") if found["days"] else DAYS
    return Schedule(ON, in_order(chosen), found["time"], found["zone"])


def in_order(days: Sequence[str]) -> tuple[str, ...]:
    """Return weekdays from Monday on, each once, and behind them whatever is none."""
    unknown = [day for day in days if day not in DAYS]
    return (*(day for day in DAYS if day in days), *unknown)


@cache
def zones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows."""
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")) | {"UTC"}
