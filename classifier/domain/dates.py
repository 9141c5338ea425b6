"""Dates of articles: one form in which they are kept, and one that sorts as text in the order of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from classifier.errors import BadArticle

FIRST_YEAR = 1900
DAYS_AHEAD = 366
# Systems also send seconds with a fraction, no seconds, a blank before the time, Z, +0200, and times without a zone.
_DATE = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)


def normal_date(value: str, field: str) -> str:
    """Return a date as it is kept: `2024-06-06`, or with a time `2024-06-06T10:00:00+02:00`.

    A time without a zone is read as UTC; a fraction of a second stays where it is not zero, in six digits.

    Raises:
        BadArticle: naming the field, if it is no such date, or not from 1900 to one year ahead.
    """
    found = _DATE.fullmatch(value)
    try:
        if found is None:
            raise ValueError
        normal = found["day"] if found["time"] is None else _with_zone(found)
        at = _moment(normal)
        if at.year < FIRST_YEAR or at > datetime.now(UTC) + timedelta(days=DAYS_AHEAD):
            raise ValueError
    except (ValueError, OverflowError):
        raise BadArticle(
            f"`{field}` {value[:40]!r} is not a date like 2024-06-06 or 2024-06-06T10:00:00+02:00, from {FIRST_YEAR} to "
            "one year ahead.",
            field,
        ) from None
    return normal


def _with_zone(found: re.Match[str]) -> str:
    zone = (found["zone"] or "Z").replace("Z", "+00:00")
    return datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}").isoformat()


def _moment(normal: str) -> datetime:
    at = datetime.fromisoformat(normal)
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)


def in_utc(normal: str) -> str:
    """Return a date of `normal_date` in the form that sorts: in UTC if it has a time, else the day, before all its times."""
    return normal if len(normal) == len("2024-06-06") else _moment(normal).isoformat()


def dated_at(published_at: str | None, arrived_at: str, now: str) -> str:
    """Return when an article counts as dated, in the form that sorts.

    Without a date, or with one that is still ahead as that of a scheduled post, it counts as dated at its arrival.
    """
    at = in_utc(published_at) if published_at is not None else None
    return at if at is not None and at <= now else arrived_at
