"""The environment -> typed values, checked at start. Only the entry points read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classifier.errors import BadSetting

PREFIX = "TAGGER_"
_DEFAULTS = {
    "MODELS": "var/models",
    "DATABASE_URL": "sqlite:///var/tagger.db",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "WORKERS": "2",
    "THREADS": "128",
    "MAX_BODY_BYTES": "2097152",
}
LIMITS = {"PORT": (0, 65535), "WORKERS": (1, 64), "THREADS": (1, 1024), "MAX_BODY_BYTES": (1024, 1 << 30)}


@dataclass(frozen=True)
class Settings:
    """All settings; each is the environment variable TAGGER_ and its name in capitals."""

    models: Path
    database_url: str
    host: str
    port: int
    workers: int
    threads: int
    max_body_bytes: int


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment.

    Raises:
        BadSetting: naming the variable, its value and what is allowed, or a variable that is none of ours.
    """
    given = {name.removeprefix(PREFIX): value for name, value in environment.items() if name.startswith(PREFIX)}
    for name in ("EVAL_DATA", "TEST_NEEDS"):  # the tests' and the notebooks'
        given.pop(name, None)
    for name in sorted(given.keys() - _DEFAULTS.keys()):
        raise BadSetting(f"{PREFIX}{name} is not a setting. Known are {', '.join(PREFIX + n for n in _DEFAULTS)}.")
    values = {**_DEFAULTS, **given}
    return Settings(
        models=Path(values["MODELS"]),
        database_url=values["DATABASE_URL"],
        host=values["HOST"],
        port=_number("PORT", values["PORT"]),
        workers=_number("WORKERS", values["WORKERS"]),
        threads=_number("THREADS", values["THREADS"]),
        max_body_bytes=_number("MAX_BODY_BYTES", values["MAX_BODY_BYTES"]),
    )


def _number(name: str, value: str) -> int:
    try:
        return whole_number(value, *LIMITS[name])
    except ValueError as error:
        raise BadSetting(f"{PREFIX}{name} is {error}") from None


def whole_number(value: str, low: int, high: int) -> int:
    """Return the number that a text is, or raise `ValueError` with the text and the range."""
    if not value.isdecimal() or len(value) > len(str(high)) or not low <= int(value) <= high:
        raise ValueError(f"{value[:40]!r}; it must be a whole number from {low} to {high}.")
    return int(value)
