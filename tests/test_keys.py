"""Keys: shown once, kept as hashes, each with a name and a role, and useless once revoked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from classifier.errors import BadSetting, NotFound
from classifier.store import Store
from classifier.store.keys import ROLES


def everything_on_disk(database_url: str) -> bytes:
    path = Path(database_url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


@pytest.mark.parametrize("role", ROLES)
def test_the_secret_of_a_key_leads_to_its_name_and_role(store: Store, role: str) -> None:
    secret = store.keys.create("desk", role)
    key = store.keys.of(secret)
    assert key is not None
    assert (key.name, key.role, key.revoked_at) == ("desk", role, None)


def test_a_secret_is_neither_stored_nor_listed(store: Store, database_url: str) -> None:
    secret = store.keys.create("desk", "cms")
    random = secret.split("_", 2)[2]
    assert len(random) >= 43  # 256 bits
    assert random.encode() not in everything_on_disk(database_url)
    assert random not in str([asdict(key) for key in store.keys.list()])


def test_two_keys_never_share_a_secret_or_an_id(store: Store) -> None:
    secrets = [store.keys.create(f"desk {number}", "cms") for number in range(20)]
    assert len({secret.split("_", 2)[1] for secret in secrets}) == 20
    assert len({secret.split("_", 2)[2] for secret in secrets}) == 20


def test_a_key_secret_of_one_key_does_not_open_another(store: Store) -> None:
    one, two = store.keys.create("one", "cms"), store.keys.create("two", "admin")
    mixed = "_".join([*two.split("_", 2)[:2], one.split("_", 2)[2]])
    assert store.keys.of(mixed) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "tagger",
        "tagger_",
        "tagger__",
        "tagger_0123456789ab_",
        "tagger_0123456789ab_guess",
        "Basic abc",
        "\x00",
        "ü_ü_ü",
    ],
)
def test_a_wrong_secret_is_no_key(store: Store, wrong: str) -> None:
    store.keys.create("desk", "admin")
    assert store.keys.of(wrong) is None


def test_a_secret_that_is_cut_extended_or_written_otherwise_is_no_key(store: Store) -> None:
    secret = store.keys.create("desk", "admin")
    assert [store.keys.of(s) for s in (secret[:-1], f"{secret}x", secret.swapcase(), f"x{secret}")] == [None] * 4


def test_a_revoked_key_is_useless_and_stays_in_the_list(store: Store) -> None:
    secret, other = store.keys.create("desk", "cms"), store.keys.create("plugin", "cms")
    store.keys.revoke("desk")
    assert store.keys.of(secret) is None
    assert store.keys.of(other) is not None
    revoked, kept = store.keys.list()
    assert revoked.revoked_at is not None
    assert revoked.name.startswith("desk (revoked ")
    assert (kept.name, kept.revoked_at) == ("plugin", None)


def test_the_name_of_a_revoked_key_can_be_given_again(store: Store) -> None:
    for _ in range(3):
        secret = store.keys.create("desk", "cms")
        store.keys.revoke("desk")
        assert store.keys.of(secret) is None
    new = store.keys.of(store.keys.create("desk", "editor"))
    assert new is not None
    assert new.role == "editor"


@pytest.mark.parametrize("name", ["n" * 80, "ä" * 80, "quote ' and %"])
def test_long_and_odd_names_can_be_created_and_revoked(store: Store, name: str) -> None:
    secret = store.keys.create(name, "cms")
    store.keys.revoke(name)
    assert store.keys.of(secret) is None


def test_revoking_a_key_that_is_not_there_or_was_revoked_says_so(store: Store) -> None:
    store.keys.create("desk", "cms")
    store.keys.revoke("desk")
    with pytest.raises(NotFound, match="'desk'"):
        store.keys.revoke("desk")
    with pytest.raises(NotFound, match="'nobody'"):
        store.keys.revoke("nobody")


def test_a_name_in_use_is_refused_and_the_first_key_stays(store: Store) -> None:
    secret = store.keys.create("desk", "cms")
    with pytest.raises(BadSetting, match="'desk' already"):
        store.keys.create("desk", "admin")
    key = store.keys.of(secret)
    assert key is not None
    assert key.role == "cms"


def test_a_name_is_taken_without_the_blanks_around_it(store: Store) -> None:
    store.keys.create("  desk ", "cms")
    assert [key.name for key in store.keys.list()] == ["desk"]
    store.keys.revoke("desk")


@pytest.mark.parametrize("name", ["", "   ", "n" * 81, "key/name"])
def test_an_unusable_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadSetting, match="1 to 80 characters without a slash"):
        store.keys.create(name, "cms")
    assert store.keys.list() == []


@pytest.mark.parametrize("role", ["", "root", "CMS", "cms "])
def test_an_unknown_role_is_refused_with_the_known_ones(store: Store, role: str) -> None:
    with pytest.raises(BadSetting, match="cms, editor, admin, reader"):
        store.keys.create("desk", role)


def test_keys_are_in_use_from_the_first_one_on(store: Store) -> None:
    assert not store.keys.in_use()
    store.keys.create("desk", "cms")
    assert store.keys.in_use()


def test_revoking_the_last_key_does_not_open_the_service_again(store: Store) -> None:
    store.keys.create("desk", "cms")
    store.keys.revoke("desk")
    assert store.keys.in_use()
