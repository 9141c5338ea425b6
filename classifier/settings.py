"""The environment -> typed values, checked at start. Only the entry points read it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.domain.schedule import Schedule, read_schedule
from classifier.errors import BadSchedule, BadSetting
from classifier.operations.hosts import Hosts, read_hosts
from classifier.operations.single_sign_on import RoleRule, SingleSignOn, checked, read_rules

if TYPE_CHECKING:
    from classifier.operations.mail import Mail

PREFIX = "TAGGER_"


def whole_number(value: str, low: int, high: int) -> int:
    """Return the number that a text is, or raise `ValueError` with the text and the range."""
    if not value.isdecimal() or len(value) > len(str(high)) or not low <= int(value) <= high:
        raise ValueError(f"{value[:40]!r}; it must be a whole number from {low} to {high}.")
    return int(value)


def _matching(pattern: str, meaning: str, kind: Callable[[str], object], value: str) -> object:
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{value[:40]!r}; it must be {meaning}.")
    return kind(value)


_share = partial(_matching, r"0|1|0?\.[0-9]{1,6}|1\.0{1,6}", "a share from 0 to 1, like 0.05", float)
_hours = partial(
    _matching, r"(?=.*[1-9])[0-9]{1,4}(?:\.[0-9]{1,6})?", "a number of hours above 0, like 24 or 0.5", float
)
_version = partial(_matching, "(?:[0-9]{8}-[0-9]{6}-[0-9a-f]{8})?", "a version, as `models list` shows it", str)
_learn_left = partial(_matching, "none|closed|all", "none, closed or all", str)
_access = partial(_matching, "open|key", "open or key", str)


_address = partial(
    _matching, r"(?:https?://[^\s/?#@]+(?:/[^\s?#]*)?)?", "an address like https://tagger.example.org", str
)


# Without https only a provider on this machine is one: whoever is in between could sign in as anybody.
_issuer = partial(
    _matching,
    r"(?:https://[^\s/?#@]+(?:/[^\s?#]*)?|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?(?:/[^\s?#]*)?)?",
    "the address of an OpenID Connect provider, like https://login.example.org",
    str,
)
_mail_address = partial(_matching, r"[^\s@,<>\"]+@[^\s@,<>\"]+", "an address like desk@example.org", str)
_mail_language = partial(_matching, "en|fr|ar", "en, fr or ar", str)
_security = partial(_matching, "starttls|tls|none", "starttls, tls or none", str)


def _mail_addresses(value: str) -> tuple[str, ...]:
    return tuple(str(_mail_address(part.strip())) for part in value.split(",") if part.strip())


def _file(value: str) -> Path | None:
    return Path(value) if value else None


def _hosts(value: str) -> Hosts:
    return read_hosts(value.split(","))


def _schedule(value: str) -> Schedule | None:
    try:
        return read_schedule(value)
    except BadSchedule as error:
        raise ValueError(f"{value[:80]!r}: {error}") from None


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
    upload_mb: int = _number(
        2048, 1, 1_000_000
    )  # of the files of an archive that somebody brings in the browser, together
    # Share of the articles of a CMS for which nothing is suggested until an editor has tagged them.
    blind_share: float = _read(_share, 0.0)
    second_share: float = _read(_share, 0.0)  # of those that two editors decide on
    close_after_days: int = _number(0, 0, 3650)  # published articles that nobody touched count as complete. 0: never
    starter_until: int = _number(
        1000, 0, 1_000_000
    )  # examples of the desk, from which on the starter articles are left out
    # What each check before a training does: `labels_flipped=warn,repeated_block=block`.
    checks: dict[str, str] = field(default_factory=dict, metadata={"reader": _pairs})
    editor_share: float = _read(_share, 0.5)  # largest share of a tag's labels that may come from one editor
    # Was to fit a challenger that has won again on all examples. Every challenger learns from all now: it changes nothing.
    refit: bool = _read(lambda value: bool(whole_number(value, 0, 1)), False)
    keep_versions: int = _number(10, 0, 10_000)  # the newest model versions. 0: all
    retrain_hours: float = _read(_hours, 24.0)  # how often `retrain` is expected to run: overdue after twice that time
    metrics: str = _read(_access, "open")  # open, or key: /metrics takes a key of a reader or an admin
    # Articles that nobody sent or decided on for so long are deleted after each `retrain`. 0: never.
    forget_days: int = _number(0, 0, 36_500)
    rate_limit: int = _number(0, 0, 1_000_000)  # requests a minute of each key, over all processes. 0: any number
    at_once: int = _number(32, 1, 1024)  # requests that a process works on. Beyond them it answers 503
    read_seconds: int = _number(15, 1, 600)  # for which a request may stall, and for which its body may arrive
    proxies: int = _number(0, 0, 9)  # in front, which say who asks
    cache_mb: int = _number(32, 0, 4096)  # memory in which a process keeps its last answers
    # Open articles a second that are judged beside the requests after an import or a promotion. 0: none.
    backlog_rate: int = _number(20, 0, 10_000)
    # Whether the champion follows decisions and imports between trainings.
    live_rates: bool = _read(lambda value: bool(whole_number(value, 0, 1)), True)
    anchor: str = _read(_version, "")  # compared with beside the champion. Empty: the champion of four weeks ago
    # On which articles models learn tags that were suggested and left standing: none, closed ones, all.
    learn_left: str = _read(_learn_left, "closed")
    # Articles that a change set of the taxonomy may touch if its author applies it. Above, another person does. 0: any number
    second_person: int = _number(0, 0, 1_000_000_000)
    superdesk: bool = _read(lambda value: bool(whole_number(value, 0, 1)), False)  # answers Superdesk's tagging panel
    webhook_hosts: Hosts = _read(_hosts, Hosts())  # noqa: RUF009 - it returns a field. Empty: nothing is sent to anybody
    address: str = _read(_address, "")  # of the service as its users know it, for links in messages
    mail_to: tuple[str, ...] = _read(_mail_addresses, ())  # who gets news by e-mail. Empty: nobody
    mail_from: str = _read(_mail_address, "article-tagger@localhost")
    mail_language: str = _read(_mail_language, "en")
    smtp_host: str = _read(str, "localhost")
    smtp_port: int = _number(587, 1, 65535)
    smtp_security: str = _read(_security, "starttls")
    smtp_user: str = _read(str, "")  # Empty: the server needs no password
    smtp_password: str = _read(str, "")
    smtp_password_file: Path | None = _read(_file, None)  # noqa: RUF009 - it returns a field
    # When trainings begin: off, outside (another program begins them), or `mon,thu 02:30 Europe/Paris`. Empty: pages say so.
    schedule: Schedule | None = _read(_schedule, None)  # noqa: RUF009 - it returns a field
    oidc_issuer: str = _read(_issuer, "")  # the OpenID Connect provider where people sign in. Empty: none
    oidc_client: str = _read(str, "")  # what the service is called there
    oidc_secret: str = _read(str, "")
    oidc_secret_file: Path | None = _read(_file, None)  # noqa: RUF009 - it returns a field
    oidc_label: str = _read(str, "")  # of the button. Empty: a text in the reader's language
    oidc_roles: tuple[RoleRule, ...] = _read(read_rules, ())  # whom the provider's claims let in, and as what
    oidc_hosts: Hosts = _read(_hosts, Hosts())  # noqa: RUF009 - it returns a field. Further hosts of the provider
    log: Path | None = _read(_file, None)  # noqa: RUF009 - it returns a field. Where events are logged. Empty: standard error


_FIELDS = {setting.name.upper(): setting for setting in fields(Settings)}
LIMITS: dict[str, tuple[int, int]] = {
    name: setting.metadata["limits"] for name, setting in _FIELDS.items() if "limits" in setting.metadata
}


def mail_of(settings: Settings) -> "Mail":
    """Return where mail goes, and by which server."""
    from classifier.operations.mail import Mail

    server = settings.smtp_host, settings.smtp_port, settings.smtp_security
    signed_in = settings.smtp_user, settings.smtp_password, settings.smtp_password_file
    return Mail(settings.mail_to, settings.mail_from, *server, *signed_in, language=settings.mail_language)


def sign_on_of(settings: Settings) -> SingleSignOn | None:
    """Return how people sign in at the provider of the house, None if it has none.

    Raise `BadSetting` if a setting that belongs to it is missing, or if the file of the secret cannot be read.
    """
    secret = settings.oidc_secret
    if settings.oidc_secret_file is not None:
        try:
            secret = settings.oidc_secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            reason = f"cannot be read: {settings.oidc_secret_file} ({type(error).__name__})."
            raise BadSetting(f"TAGGER_OIDC_SECRET_FILE {reason}") from None
    others = {"label": settings.oidc_label, "rules": settings.oidc_roles, "hosts": settings.oidc_hosts}
    return checked(settings.oidc_issuer, settings.oidc_client, secret, address=settings.address, **others)


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
