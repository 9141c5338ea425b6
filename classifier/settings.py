"""The environment -> typed values, checked at start. Only the entry points read it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from classifier.errors import BadSetting

PREFIX = "TAGGER_"


def whole_number(value: str, low: int, high: int) -> int:
    """Return the number that a text is, or raise `ValueError` with the text and the range."""
    if not value.isdecimal() or len(value) > len(str(high)) or not low <= int(value) <= high:
        raise ValueError(f"{value[:40]!r}; it must be a whole number from {low} to {high}.")
    return int(value)


def _share(value: str) -> float:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]{1,6}", value) or float(value) > 1:
        raise ValueError(f"{value[:40]!r}; it must be a share from 0 to 1, like 0.05.")
    return float(value)


def _hours(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,6})?", value) or float(value) <= 0:
        raise ValueError(f"{value[:40]!r}; it must be a number of hours above 0, like 24 or 0.5.")
    return float(value)


def _access(value: str) -> str:
    if value not in ("open", "key"):
        raise ValueError(f"{value[:40]!r}; it must be open or key.")
    return value


def _pairs(value: str) -> dict[str, str]:
    pairs = [tuple(map(str.strip, part.partition("="))) for part in value.split(",") if part.strip()]
    if not all(name and action for name, _, action in pairs):
        raise ValueError(f"{value[:80]!r}; it must be NAME=VALUE, with commas between them.")
    return {name: action for name, _, action in pairs}


def _read(reader: Callable[[str], object], default: object) -> Any:
    return field(default=default, metadata={"reader": reader})


def _number(default: int, low: int, high: int) -> Any:
    return field(default=default, metadata={"reader": partial(whole_number, low=low, high=high), "limits": (low, high)})


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults. The environment variable of each is TAGGER_ and its name in capitals."""

    models: Path = _read(Path, Path("var/models"))  # noqa: RUF009 - it returns a field
    database_url: str = _read(str, "sqlite:///var/tagger.db")
    host: str = _read(str, "127.0.0.1")
    port: int = _number(8000, 0, 65535)
    workers: int = _number(2, 1, 64)
    threads: int = _number(256, 1, 1024)
    max_body_bytes: int = _number(2 << 20, 1024, 1 << 30)
    # Share of the articles of a CMS for which nothing is suggested until an editor has tagged them.
    blind_share: float = _read(_share, 0.0)
    # Share of those that two editors decide on.
    second_share: float = _read(_share, 0.0)
    # Published articles that nobody touched for so long count as complete. 0: never.
    close_after_days: int = _number(0, 0, 3650)
    # Number of the desk's own examples from which on the starter articles are left out of training.
    starter_until: int = _number(1000, 0, 1_000_000)
    # What each check before a training does: `labels_flipped=warn,repeated_block=block`.
    checks: dict[str, str] = field(default_factory=dict, metadata={"reader": _pairs})
    # Largest share of a tag's labels that may come from one editor.
    editor_share: float = _read(_share, 0.5)
    # Whether a challenger that has won is fitted again on all examples.
    refit: bool = _read(lambda value: bool(whole_number(value, 0, 1)), False)
    # Number of the newest model versions that are kept. 0: all.
    keep_versions: int = _number(10, 0, 10_000)
    # How often `retrain` is expected to run. It is overdue after twice that time.
    retrain_hours: float = _read(_hours, 24.0)
    # open, or key: /metrics takes a key of a reader or an admin.
    metrics: str = _read(_access, "open")
    # Articles that nobody sent or decided on for so long are deleted after each `retrain`. 0: never.
    forget_days: int = _number(0, 0, 36_500)
    # Requests a minute of each key, over all processes. 0: any number.
    rate_limit: int = _number(0, 0, 1_000_000)
    # Requests that a process works on at the same time. Beyond them it answers 503.
    at_once: int = _number(32, 1, 1024)
    # How long a request may stall, and how long its body may take to arrive.
    read_seconds: int = _number(15, 1, 600)
    # Number of proxies in front that say who asks.
    proxies: int = _number(0, 0, 9)
    # Memory in which a process keeps its last answers.
    cache_mb: int = _number(32, 0, 4096)
    # Open articles a second that are judged beside the requests after an import or a promotion. 0: none.
    backlog_rate: int = _number(20, 0, 10_000)


_FIELDS = {setting.name.upper(): setting for setting in fields(Settings)}
LIMITS: dict[str, tuple[int, int]] = {
    name: setting.metadata["limits"] for name, setting in _FIELDS.items() if "limits" in setting.metadata
}


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment.

    Raise `BadSetting`, naming the variable, its value and what is allowed, or a variable that is no setting.
    """
    values: dict[str, Any] = {}
    for variable in sorted(name for name in environment if name.startswith(PREFIX)):
        name, value = variable.removeprefix(PREFIX), environment[variable]
        if name == "EVAL_DATA" or name.startswith("TEST_"):  # the notebooks', the tests'
            continue
        if name not in _FIELDS:
            raise BadSetting(f"{variable} is not a setting. Known are {', '.join(PREFIX + n for n in _FIELDS)}.")
        try:
            values[name.lower()] = _FIELDS[name].metadata["reader"](value)
        except ValueError as error:
            raise BadSetting(f"{variable} is {error}") from None
    return Settings(**values)
