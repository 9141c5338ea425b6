"""The periods of a plot over time: days, weeks, months, quarters or years."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from classifier.texts import N_, day_in_words

MAX_PERIODS = 40  # of a plot


class Unit(NamedTuple):
    """A length of a period: the number of the period of a day, the first day of a period, and its name in a plot."""

    name: str  # which reports keep
    of_bars: str  # what each bar of a plot is
    label: str  # of a plot
    number: Callable[[date], int]
    start: Callable[[int], date]
    title: Callable[[date], str]


def _month(day: date) -> int:
    return 12 * day.year + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _day(day: date) -> str:
    return day_in_words(day, "MMMd", f"{day.day} {day:%b}")


def _quarter(day: date) -> str:
    return day_in_words(day, "yQQQ", f"{day.year} Q{(day.month + 2) // 3}")


_ALL = (  # from the shortest to the longest
    Unit(
        "day",
        N_("Bars: the share of the articles by day, pale where there are fewer than %(few)s articles."),
        N_("Share of the articles with %(tag)s, by day, at most %(most)s"),
        date.toordinal,
        date.fromordinal,
        _day,
    ),
    Unit(
        "week",
        N_("Bars: the share of the articles by week, pale where there are fewer than %(few)s articles."),
        N_("Share of the articles with %(tag)s, by week, at most %(most)s"),
        lambda day: (day - date.min).days // 7,
        lambda week: date.min + timedelta(weeks=week),
        _day,
    ),
    Unit(
        "month",
        N_("Bars: the share of the articles by month, pale where there are fewer than %(few)s articles."),
        N_("Share of the articles with %(tag)s, by month, at most %(most)s"),
        _month,
        _first_of,
        lambda day: day_in_words(day, "yMMM", f"{day:%b %Y}"),
    ),
    Unit(
        "quarter",
        N_("Bars: the share of the articles by quarter, pale where there are fewer than %(few)s articles."),
        N_("Share of the articles with %(tag)s, by quarter, at most %(most)s"),
        lambda day: _month(day) // 3,
        lambda quarter: _first_of(3 * quarter),
        _quarter,
    ),
    Unit(
        "year",
        N_("Bars: the share of the articles by year, pale where there are fewer than %(few)s articles."),
        N_("Share of the articles with %(tag)s, by year, at most %(most)s"),
        lambda day: day.year,
        lambda year: date(year, 1, 1),
        lambda day: str(day.year),
    ),
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
