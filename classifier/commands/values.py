"""Readers of the values of arguments, for `type` in `commands.toml`: from the text that a user typed to a value."""

import argparse
import codecs
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from classifier.domain.articles import COLUMNS
from classifier.settings import whole_number

__all__ = ["Path"]

MAX_SOURCE = 40
MAX_HOURS = 8760.0


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from low to high."""

    def read(text: str) -> int:
        try:
            return whole_number(text, low, high)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def day(text: str) -> str:
    """Read a day. Days are compared as text."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a date like 2026-01-31") from None


def time_of_day(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day like 02:30")
    return int(match[1]), int(match[2])


def hours(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number <= MAX_HOURS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours above 0, like 24 or 0.5")
    return number


def score(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a score between 0 and 1, like 0.8")
    return number


def names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def columns(text: str) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for part in filter(None, text.split(",")):
        field, sign, header = (piece.strip() for piece in part.partition("="))
        if field not in COLUMNS or not sign or not header:
            raise argparse.ArgumentTypeError(
                f"{part!r} is not FIELD=HEADER, where FIELD is one of {', '.join(COLUMNS)}"
            )
        if field in headers and field != "tags":
            raise argparse.ArgumentTypeError(f"{field!r} occurs twice; only tags may have several columns")
        headers[field] = (*headers.get(field, ()), header)
    return headers


def character(text: str) -> str:
    read = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(read) != 1 or read in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character, or tab")
    return read


def source(text: str) -> str:
    if not 1 <= len(text) <= MAX_SOURCE:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} does not have 1 to {MAX_SOURCE} characters")
    return text


def date_format(text: str) -> str:
    example = datetime(2024, 6, 7)
    try:
        if datetime.strptime(example.strftime(text), text).date() == example.date():
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a date format with day, month and year, such as %d/%m/%Y")


def encoding(text: str) -> str:
    try:
        "".encode(text)  # `lookup` also accepts codecs that do not encode text
        return codecs.lookup(text).name
    except (LookupError, UnicodeError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an encoding, such as utf-8, cp1252 or utf-16") from None
