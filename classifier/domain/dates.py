"""Dates of articles: the form in which they are stored, and a form that sorts by time as text."""

import re
from datetime import UTC, datetime, timedelta

from classifier.errors import BadArticle
from classifier.texts import _

FIRST_YEAR = 1900
DAYS_AHEAD = 366
# Some systems send fractions of seconds, no seconds, a blank before the time, Z, +0200, or times without a zone.
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
_YEAR = datetime.now(UTC).year  # when this process began: all of the years before it is past
_DAY_LENGTH = len("2024-06-06")


def normal_date(value: str, field: str) -> str:
    """Return a date as it is stored: `2024-06-06`, or with a time `2024-06-06T10:00:00+02:00`.

    A time without a zone is read as UTC. A fraction of a second that is not zero has six digits. Raise `BadArticle`, naming
    the field, if the date has another form, or is not from 1900 to one year ahead.
    """
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        moment = _moment(value)
        if not FIRST_YEAR < moment.year < _YEAR and not _in_range(moment):
            raise ValueError
    except (ValueError, OverflowError):
        raise BadArticle(
            _(
                "`%(field)s` %(value)s is not a date like 2024-06-06 or 2024-06-06T10:00:00+02:00, from %(first_year)s to one year ahead.",
                field=field,
                value=repr(value[:40]),
                first_year=FIRST_YEAR,
            ),
            field,
        ) from None
    return value if len(value) == _DAY_LENGTH else moment.isoformat()


def _in_range(moment: datetime) -> bool:
    return moment.astimezone(UTC).year >= FIRST_YEAR and moment <= datetime.now(UTC) + timedelta(DAYS_AHEAD)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def in_utc(normal: str) -> str:
    """Return a date of `normal_date` in the form that sorts: UTC if it has a time, else the day, which sorts before its times."""
    return normal if len(normal) == _DAY_LENGTH else _moment(normal).astimezone(UTC).isoformat()


def dated_at(published_at: str | None, arrived_at: str, now: str) -> str:
    """Return the date of an article in the form that sorts: its publication, if that is not ahead, or else its arrival."""
    published = in_utc(published_at) if published_at is not None else None
    return published if published is not None and published <= now else arrived_at
