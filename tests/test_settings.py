"""Settings: from the environment, typed, checked at start, and loud where something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.schedule import read_schedule
from classifier.errors import BadSetting
from classifier.operations.hosts import read_hosts
from classifier.operations.single_sign_on import RoleRule
from classifier.settings import Settings, read_settings

NUMBERS = {"PORT": (0, 65535), "WORKERS": (1, 64), "THREADS": (1, 1024), "MAX_BODY_BYTES": (1024, 1 << 30)}
NUMBERS |= {"CLOSE_AFTER_DAYS": (0, 3650), "STARTER_UNTIL": (0, 1_000_000)}
NUMBERS |= {
    "RATE_LIMIT": (0, 1_000_000),
    "AT_ONCE": (1, 1024),
    "READ_SECONDS": (1, 600),
    "PROXIES": (0, 9),
    "CACHE_MB": (0, 4096),
}
NUMBERS |= {"BACKLOG_RATE": (0, 10_000)}


def test_an_empty_environment_gives_the_defaults_of_a_laptop() -> None:
    found = read_settings({})
    assert found == Settings(
        models=Path("var/models"),
        database_url="sqlite:///var/tagger.db",
        host="127.0.0.1",
        port=8000,
        workers=2,
        threads=256,
        max_body_bytes=2 * 1024 * 1024,
        blind_share=0.0,
        second_share=0.0,
        close_after_days=0,
        starter_until=1000,
        checks={},
        editor_share=0.5,
        refit=False,
        keep_versions=10,
        retrain_hours=24.0,
        metrics="open",
        forget_days=0,
        rate_limit=0,
        at_once=32,
        read_seconds=15,
        proxies=0,
        cache_mb=32,
        backlog_rate=20,
        live_rates=True,
        anchor="",
        learn_left="closed",
    )


def test_every_setting_is_read_from_its_variable() -> None:
    found = read_settings(
        {
            "TAGGER_MODELS": "/srv/models",
            "TAGGER_DATABASE_URL": "postgresql://db/tagger",
            "TAGGER_HOST": "::",
            "TAGGER_PORT": "81",
            "TAGGER_WORKERS": "3",
            "TAGGER_THREADS": "5",
            "TAGGER_MAX_BODY_BYTES": "4096",
            "TAGGER_BLIND_SHARE": "0.05",
            "TAGGER_SECOND_SHARE": "1",
            "TAGGER_CLOSE_AFTER_DAYS": "30",
            "TAGGER_STARTER_UNTIL": "500",
            "TAGGER_CHECKS": "labels_flipped=warn, never_shown=block",
            "TAGGER_EDITOR_SHARE": "0.25",
            "TAGGER_REFIT": "1",
            "TAGGER_KEEP_VERSIONS": "3",
            "TAGGER_RETRAIN_HOURS": "0.5",
            "TAGGER_METRICS": "key",
            "TAGGER_FORGET_DAYS": "400",
            "TAGGER_RATE_LIMIT": "600",
            "TAGGER_AT_ONCE": "12",
            "TAGGER_READ_SECONDS": "9",
            "TAGGER_PROXIES": "1",
            "TAGGER_CACHE_MB": "8",
            "TAGGER_BACKLOG_RATE": "50",
            "TAGGER_LIVE_RATES": "0",
            "TAGGER_ANCHOR": "20260601-023000-0123abcd",
            "TAGGER_LEARN_LEFT": "none",
            "TAGGER_SECOND_PERSON": "500",
            "TAGGER_SUPERDESK": "1",
            "TAGGER_WEBHOOK_HOSTS": "cms.example.org, 10.1.0.0/16",
            "TAGGER_ADDRESS": "https://tagger.example.org/desk",
            "TAGGER_MAIL_TO": "desk@example.org, chief@example.org",
            "TAGGER_MAIL_FROM": "tagger@example.org",
            "TAGGER_MAIL_LANGUAGE": "fr",
            "TAGGER_SMTP_HOST": "mail.example.org",
            "TAGGER_SMTP_PORT": "465",
            "TAGGER_SMTP_SECURITY": "tls",
            "TAGGER_SMTP_USER": "tagger",
            "TAGGER_SMTP_PASSWORD": "pw",
            "TAGGER_SMTP_PASSWORD_FILE": "/etc/smtp",
            "TAGGER_SCHEDULE": "off",
            "TAGGER_UPLOAD_MB": "100",
            "TAGGER_LOG": "/var/log/tagger.log",
            "TAGGER_OIDC_ISSUER": "https://login.example.org/realms/news",
            "TAGGER_OIDC_CLIENT": "tagger",
            "TAGGER_OIDC_SECRET": "oidc",
            "TAGGER_OIDC_SECRET_FILE": "/etc/oidc",
            "TAGGER_OIDC_LABEL": "House account",
            "TAGGER_OIDC_ROLES": "groups:desk=editor",
            "TAGGER_OIDC_HOSTS": "keys.example.org",
        }
    )
    checks = {"labels_flipped": "warn", "never_shown": "block"}
    where = (Path("/srv/models"), "postgresql://db/tagger", "::", 81, 3, 5, 4096, 100)
    numbers = (400, 600, 12, 9, 1, 8, 50)
    hosts = read_hosts(["cms.example.org", "10.1.0.0/16"])
    later = (False, "20260601-023000-0123abcd", "none", 500, True, hosts, "https://tagger.example.org/desk")
    mail = (("desk@example.org", "chief@example.org"), "tagger@example.org", "fr", "mail.example.org", 465, "tls")
    password = ("tagger", "pw", Path("/etc/smtp"))
    provider = ("https://login.example.org/realms/news", "tagger", "oidc", Path("/etc/oidc"), "House account")
    rules = ((RoleRule("groups", "desk", "editor"),), read_hosts(["keys.example.org"]))
    sign_on = (read_schedule("off"), *provider, *rules, Path("/var/log/tagger.log"))
    assert found == Settings(
        *where, 0.05, 1.0, 30, 500, checks, 0.25, True, 3, 0.5, "key", *numbers, *later, *mail, *password, *sign_on
    )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("CHECKS", "labels_flipped"),
        ("CHECKS", "=warn"),
        ("RETRAIN_HOURS", "0"),
        ("RETRAIN_HOURS", "daily"),
        ("METRICS", "closed"),
        ("REFIT", "yes"),
        ("LIVE_RATES", "off"),
        ("ANCHOR", "last week"),
        ("LEARN_LEFT", "0"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, wrong: str) -> None:
    with pytest.raises(BadSetting, match=f"TAGGER_{name}"):
        read_settings({f"TAGGER_{name}": wrong})


@pytest.mark.parametrize("wrong", ["", "-0.1", "1.5", "5%", "nan", "1e-3", "half"])
def test_a_share_is_from_0_to_1(wrong: str) -> None:
    with pytest.raises(BadSetting, match="TAGGER_BLIND_SHARE"):
        read_settings({"TAGGER_BLIND_SHARE": wrong})


def test_variables_of_others_and_of_the_tests_are_passed_over() -> None:
    others = {"PATH": "/bin", "MYTAGGER_PORT": "x", "TAGGER_EVAL_DATA": "/data", "TAGGER_TEST_NEEDS": "chromium"}
    assert read_settings(others) == read_settings({})


@pytest.mark.parametrize("name", ["TAGGER_MODEL", "TAGGER_", "TAGGER_port", "TAGGER_DATABASE"])
def test_a_misspelt_setting_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} is not a setting.*TAGGER_MODELS.*TAGGER_DATABASE_URL"):
        read_settings({name: "1"})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["", " ", "x", "-1", "1.5", "1e3", "0x10", "1_000", "+5", "²", "9" * 30, "9" * 5000])
def test_a_number_that_is_none_or_out_of_range_is_refused_with_the_range(name: str, value: str) -> None:
    low, high = NUMBERS[name]
    with pytest.raises(BadSetting, match=f"TAGGER_{name} is .* from {low} to {high}"):
        read_settings({f"TAGGER_{name}": value})


@pytest.mark.parametrize("name", NUMBERS)
def test_the_ends_of_a_range_are_taken_and_what_is_beyond_is_not(name: str) -> None:
    low, high = NUMBERS[name]
    for value in (low, high):
        assert getattr(read_settings({f"TAGGER_{name}": str(value)}), name.lower()) == value
    for value in (low - 1, high + 1):
        with pytest.raises(BadSetting):
            read_settings({f"TAGGER_{name}": str(value)})


@given(st.integers(0, 65535))
def test_any_port_is_read_as_it_is_written(port: int) -> None:
    assert read_settings({"TAGGER_PORT": str(port)}).port == port


@given(st.text())
def test_any_text_is_a_number_or_refused(value: str) -> None:
    try:
        assert 1 <= read_settings({"TAGGER_WORKERS": value}).workers <= 64
    except BadSetting as error:
        assert "TAGGER_WORKERS" in str(error)
