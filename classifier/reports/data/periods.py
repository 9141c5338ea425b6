"""The periods of a plot over time: days, weeks, months, quarters or years."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

MAX_PERIODS = 40  # of a plot


class Unit(NamedTuple):
    """A length of a period: the number of the period of a day, the first day of a period, and its name in a plot."""

    name: str
    number: Callable[[date], int]
    start: Callable[[int], date]
    title: Callable[[date], str]


def _month(day: date) -> int:
    return 12 * day.year + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


_ALL = (  # from the shortest to the longest
    Unit("day", date.toordinal, date.fromordinal, _day),
    Unit("week", lambda day: (day - date.min).days // 7, lambda week: date.min + timedelta(weeks=week), _day),
    Unit("month", _month, _first_of, lambda day: f"{day:%b %Y}"),
    Unit(
        "quarter",
        lambda day: _month(day) // 3,
        lambda quarter: _first_of(3 * quarter),
        lambda day: f"{day.year} Q{(day.month + 2) // 3}",
    ),
    Unit("year", lambda day: day.year, lambda year: date(year, 1, 1), lambda day: str(day.year)),
)
UNITS = {unit.name: unit for unit in _ALL}


def unit_for(first: date, last: date) -> Unit:
    """Return the shortest unit of which few periods go from one day to another."""
    few = (unit for unit in _ALL if unit.number(last) - unit.number(first) < MAX_PERIODS)
    return next(few, _ALL[-1])


def in_periods(days: Iterable[str], unit: Unit) -> tuple[list[int], list[str]]:
    """Return the number of the period of each day, from 0, and the first day of each period.

    Args:
        days: not empty, ascending, as `2024-06-06`.
    """
    numbers = [unit.number(date.fromisoformat(day)) for day in days]
    starts = [unit.start(number).isoformat() for number in range(numbers[0], numbers[-1] + 1)]
    return [number - numbers[0] for number in numbers], starts
