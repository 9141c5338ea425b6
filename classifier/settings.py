"""The environment -> typed values, checked at start. Only the entry points read it."""

from __future__ import annotations

import os
import re
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
    "THREADS": "256",
    "MAX_BODY_BYTES": "2097152",
    "BLIND_SHARE": "0",
    "SECOND_SHARE": "0",
    "CLOSE_AFTER_DAYS": "0",
    "STARTER_UNTIL": "1000",
    "CHECKS": "",
    "EDITOR_SHARE": "0.5",
    "REFIT": "0",
    "KEEP_VERSIONS": "10",
    "RETRAIN_HOURS": "24",
    "METRICS": "open",
    "FORGET_DAYS": "0",
    "RATE_LIMIT": "0",
    "AT_ONCE": "32",
    "READ_SECONDS": "15",
    "PROXIES": "0",
    "CACHE_MB": "32",
    "BACKLOG_RATE": "20",
}
LIMITS = {"PORT": (0, 65535), "WORKERS": (1, 64), "THREADS": (1, 1024), "MAX_BODY_BYTES": (1024, 1 << 30)}
LIMITS |= {"CLOSE_AFTER_DAYS": (0, 3650), "STARTER_UNTIL": (0, 1_000_000), "KEEP_VERSIONS": (0, 10_000)}
LIMITS |= {"FORGET_DAYS": (0, 36_500), "REFIT": (0, 1)}
LIMITS |= {
    "RATE_LIMIT": (0, 1_000_000),
    "AT_ONCE": (1, 1024),
    "READ_SECONDS": (1, 600),
    "PROXIES": (0, 9),
    "CACHE_MB": (0, 4096),
}
LIMITS |= {"BACKLOG_RATE": (0, 10_000)}


@dataclass(frozen=True)
class Settings:
    """All settings; each is the environment variable TAGGER_ and its name in capitals.

    blind_share: of the articles of a CMS, suggested for only when an editor has tagged them; second_share: of them, decided
    on by two editors; close_after_days: published articles that nobody touched for so long count as complete, 0 for never;
    starter_until: examples of the desk's own from which on the starter articles are left out of training; checks: what each
    check before a training does, `labels_flipped=warn,repeated_block=block`; editor_share: of a tag's labels, that may come
    from one editor; refit: whether a challenger that has won is fitted again on all examples; keep_versions: of the models, 0
    for all; retrain_hours: how often `retrain` is expected to run, twice which it is overdue; metrics: open, or
    key: /metrics takes a key of a reader or an admin; forget_days: articles that nobody sent or decided on for so long are
    deleted after each `retrain`, 0 for never; rate_limit: requests a minute of each key, over all processes, 0 for any number;
    at_once: requests that a process works on at the same time, beyond which it answers 503; read_seconds: for which a request
    may stall, and in which its body must arrive; proxies: how many of them stand in front and say who asks; cache_mb: of
    memory, in which a process keeps its last answers; backlog_rate: open articles a second that are judged beside the
    requests after an import or a promotion, 0 for none.
    """

    models: Path
    database_url: str
    host: str
    port: int
    workers: int
    threads: int
    max_body_bytes: int
    blind_share: float
    second_share: float
    close_after_days: int
    starter_until: int
    checks: dict[str, str]
    editor_share: float
    refit: bool
    keep_versions: int
    retrain_hours: float
    metrics: str
    forget_days: int
    rate_limit: int
    at_once: int
    read_seconds: int
    proxies: int
    cache_mb: int
    backlog_rate: int


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment.

    Raises:
        BadSetting: naming the variable, its value and what is allowed, or a variable that is none of ours.
    """
    given = {name.removeprefix(PREFIX): value for name, value in environment.items() if name.startswith(PREFIX)}
    others = {name for name in given if name == "EVAL_DATA" or name.startswith("TEST_")}  # the notebooks', the tests'
    for name in sorted(given.keys() - _DEFAULTS.keys() - others):
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
        blind_share=_share("BLIND_SHARE", values["BLIND_SHARE"]),
        second_share=_share("SECOND_SHARE", values["SECOND_SHARE"]),
        close_after_days=_number("CLOSE_AFTER_DAYS", values["CLOSE_AFTER_DAYS"]),
        starter_until=_number("STARTER_UNTIL", values["STARTER_UNTIL"]),
        checks=_pairs("CHECKS", values["CHECKS"]),
        editor_share=_share("EDITOR_SHARE", values["EDITOR_SHARE"]),
        refit=bool(_number("REFIT", values["REFIT"])),
        keep_versions=_number("KEEP_VERSIONS", values["KEEP_VERSIONS"]),
        retrain_hours=_hours("RETRAIN_HOURS", values["RETRAIN_HOURS"]),
        metrics=_one_of("METRICS", values["METRICS"], "open", "key"),
        forget_days=_number("FORGET_DAYS", values["FORGET_DAYS"]),
        rate_limit=_number("RATE_LIMIT", values["RATE_LIMIT"]),
        at_once=_number("AT_ONCE", values["AT_ONCE"]),
        read_seconds=_number("READ_SECONDS", values["READ_SECONDS"]),
        proxies=_number("PROXIES", values["PROXIES"]),
        cache_mb=_number("CACHE_MB", values["CACHE_MB"]),
        backlog_rate=_number("BACKLOG_RATE", values["BACKLOG_RATE"]),
    )


def _number(name: str, value: str) -> int:
    try:
        return whole_number(value, *LIMITS[name])
    except ValueError as error:
        raise BadSetting(f"{PREFIX}{name} is {error}") from None


def _share(name: str, value: str) -> float:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]{1,6}", value) or float(value) > 1:
        raise BadSetting(f"{PREFIX}{name} is {value[:40]!r}; it must be a share from 0 to 1, like 0.05.")
    return float(value)


def _hours(name: str, value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,6})?", value) or float(value) <= 0:
        raise BadSetting(f"{PREFIX}{name} is {value[:40]!r}; it must be a number of hours above 0, like 24 or 0.5.")
    return float(value)


def _one_of(name: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise BadSetting(f"{PREFIX}{name} is {value[:40]!r}; it must be {' or '.join(allowed)}.")
    return value


def _pairs(name: str, value: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(key.strip() and sign and of.strip() for key, sign, of in pairs):
        raise BadSetting(f"{PREFIX}{name} is {value[:80]!r}; it must be NAME=VALUE, with commas between them.")
    return {key.strip(): of.strip() for key, _, of in pairs}


def whole_number(value: str, low: int, high: int) -> int:
    """Return the number that a text is, or raise `ValueError` with the text and the range."""
    if not value.isdecimal() or len(value) > len(str(high)) or not low <= int(value) <= high:
        raise ValueError(f"{value[:40]!r}; it must be a whole number from {low} to {high}.")
    return int(value)
