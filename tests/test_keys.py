"""Keys: shown once, kept as hashes, each with a name and a role; they expire, are rotated, used and revoked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.commands import main
from classifier.errors import BadSetting, KeyEnded, NotFound
from classifier.store.database.opening import open_store
from classifier.store.keys import ROLES, Key
from classifier.store.schema import keys as key_rows
from classifier.store.store import Store
from tests.everything import contents


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
    assert random not in repr(contents(store))
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


# --- expiry ---


def after(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat(timespec="microseconds")


def move(store: Store, name: str, **times: str) -> None:
    """Move the times of a key, as if it had been made long ago."""
    with store.engine.begin() as connection:
        assert connection.execute(key_rows.update().where(key_rows.c.name == name).values(**times)).rowcount == 1
    store.keys._remembered_rows.clear()


def found(store: Store, secret: str) -> Key:
    key = store.keys.of(secret)
    assert key is not None
    return key


def test_a_key_ends_when_it_expires_and_says_so(store: Store) -> None:
    secret = store.keys.create("desk", "cms", days=30)
    expires = found(store, secret).expires_at
    assert expires is not None
    assert after(days=29.9) < expires < after(days=30.1)
    move(store, "desk", expires_at=after(seconds=-1))
    with pytest.raises(KeyEnded, match="'desk' expired on 20"):
        store.keys.of(secret)
    assert not store.keys.list()[0].usable


def test_a_key_expires_while_it_is_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = store.keys.create("desk", "cms")
    move(store, "desk", expires_at=after(seconds=60))
    assert found(store, secret).name == "desk"
    monkeypatch.setattr("classifier.store.keys.now", lambda: after(seconds=61))
    with pytest.raises(KeyEnded):
        store.keys.of(secret)


def test_a_key_never_expires_unless_it_is_asked_for(store: Store) -> None:
    assert found(store, store.keys.create("desk", "cms")).expires_at is None


# --- rotation ---


def test_rotating_gives_the_same_key_a_new_secret_and_the_old_one_lives_on_for_the_grace(store: Store) -> None:
    old = store.keys.create("desk", "cms")
    before = found(store, old)
    new = store.keys.rotate("desk", grace_hours=2)
    assert new != old
    assert found(store, new).expires_at is None
    ends = found(store, old).expires_at
    assert ends is not None
    assert after(hours=1.9) < ends < after(hours=2.1)
    assert {found(store, secret).id for secret in (old, new)} == {before.id}
    move(store, "desk", old_until=after(seconds=-1))
    with pytest.raises(KeyEnded, match="'desk' was replaced on 20"):
        store.keys.of(old)
    assert found(store, new).usable


def test_rotating_without_grace_ends_the_old_secret_at_once(store: Store) -> None:
    old = store.keys.create("desk", "cms")
    new = store.keys.rotate("desk", grace_hours=0)
    assert store.keys.of(old) is None
    assert found(store, new).name == "desk"


def test_only_one_secret_lives_on(store: Store) -> None:
    first = store.keys.create("desk", "cms")
    second = store.keys.rotate("desk")
    third = store.keys.rotate("desk")
    assert store.keys.of(first) is None
    assert {found(store, secret).name for secret in (second, third)} == {"desk"}


def test_the_old_secret_does_not_outlive_its_own_end(store: Store) -> None:
    old = store.keys.create("desk", "cms", days=1)
    move(store, "desk", expires_at=after(hours=1))
    store.keys.rotate("desk", grace_hours=24)
    ends = found(store, old).expires_at
    assert ends is not None
    assert ends < after(hours=1.1)


def test_a_new_secret_lasts_as_long_as_the_one_before_or_as_it_is_told(store: Store) -> None:
    store.keys.create("desk", "cms", days=30)
    move(store, "desk", created_at=after(days=-29), expires_at=after(days=1))
    again = found(store, store.keys.rotate("desk")).expires_at
    assert again is not None
    assert after(days=29.9) < again < after(days=30.1)
    told = found(store, store.keys.rotate("desk", days=5)).expires_at
    assert told is not None
    assert after(days=4.9) < told < after(days=5.1)


def test_an_expired_key_can_be_rotated_and_its_old_secret_stays_ended(store: Store) -> None:
    old = store.keys.create("desk", "cms", days=1)
    move(store, "desk", created_at=after(days=-2), expires_at=after(days=-1))
    new = store.keys.rotate("desk")
    assert found(store, new).usable
    with pytest.raises(KeyEnded):
        store.keys.of(old)


def test_a_revoked_key_cannot_be_rotated_and_revoking_ends_both_secrets(store: Store) -> None:
    old = store.keys.create("desk", "cms")
    new = store.keys.rotate("desk")
    store.keys.revoke("desk")
    assert [store.keys.of(secret) for secret in (old, new)] == [None, None]
    for name in ("desk", "nobody"):
        with pytest.raises(NotFound, match=f"'{name}'"):
            store.keys.rotate(name)


def test_no_secret_of_a_rotated_key_is_stored(store: Store, database_url: str) -> None:
    for secret in (store.keys.create("desk", "cms"), store.keys.rotate("desk")):
        assert secret.split("_", 2)[2].encode() not in everything_on_disk(database_url)


# --- last use ---


def test_the_last_use_is_written_down_once_a_minute(store: Store) -> None:
    secret = store.keys.create("desk", "cms")
    assert store.keys.list()[0].last_used_at is None
    store.keys.of(secret)
    store.keys.settle()
    first = store.keys.list()[0].last_used_at
    assert first is not None
    assert after(seconds=-30) < first <= after()
    for _ in range(5):
        store.keys.of(secret)
    store.keys.settle()
    assert store.keys.list()[0].last_used_at == first


def test_another_process_does_not_write_the_same_minute_again(store: Store, database_url: str) -> None:
    secret = store.keys.create("desk", "cms")
    store.keys.of(secret)
    store.keys.settle()
    first = store.keys.list()[0].last_used_at
    other = open_store(database_url)
    other.keys.of(secret)
    other.close()
    assert store.keys.list()[0].last_used_at == first
    move(store, "desk", last_used_at=after(minutes=-2))
    other = open_store(database_url)
    other.keys.of(secret)
    other.close()
    assert (store.keys.list()[0].last_used_at or "") > after(seconds=-30)


def test_a_key_that_is_refused_was_not_used(store: Store) -> None:
    secret = store.keys.create("desk", "cms")
    store.keys.of(f"{secret}x")
    store.keys.settle()
    assert store.keys.list()[0].last_used_at is None


def test_who_writes_for_long_does_not_keep_a_key_waiting(store: Store) -> None:
    secret = store.keys.create("desk", "cms")
    with store.engine.begin():  # another's write, and on SQLite all that there may be
        begun = time.monotonic()
        assert found(store, secret).name == "desk"
        assert time.monotonic() - begun < 2  # against hanging: the writer would wait five seconds
    store.keys.settle()
    assert store.keys.list()[0].last_used_at is not None


# --- while the database is away ---


def test_what_was_known_of_a_key_holds_while_the_database_is_away(store: Store) -> None:
    secret, other = store.keys.create("desk", "cms"), store.keys.create("ana", "editor")
    assert found(store, secret).usable
    assert store.keys.in_use()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE keys RENAME TO gone")
    store.keys._remembered_rows = {what: (at - 5, known) for what, (at, known) in store.keys._remembered_rows.items()}
    assert found(store, secret).usable
    assert store.keys.in_use()
    with pytest.raises(Exception, match="database"):
        store.keys.of(other)


# --- on the command line ---


@pytest.fixture
def command(database_url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `keys …` on the store and return exit code, result and progress."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments, "--database", database_url])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_keys_are_rotated_on_the_command_line(store: Store, command: Callable[..., tuple[int, str, str]]) -> None:
    _, old, _ = command("create", "wordpress", "--role", "cms", "--expires", "90")
    code, new, said = command("rotate", "wordpress", "--grace", "2")
    assert (code, new.count("\n")) == (0, 1)
    assert "cannot be shown again" in said
    assert "keeps working for 2 hours" in said
    store.keys._remembered_rows.clear()
    assert found(store, old.strip()).expires_at == store.keys.list()[0].old_until
    assert found(store, new.strip()).expires_at == store.keys.list()[0].expires_at
    code, nothing, said = command("rotate", "nobody")
    assert (code, nothing) == (1, "")
    assert "'nobody'" in said


def test_the_list_shows_age_expiry_last_use_and_state(
    store: Store, command: Callable[..., tuple[int, str, str]]
) -> None:
    for name in ("used", "old", "gone", "turned"):
        store.keys.create(name, "cms", days=30)
    store.keys.revoke("gone")
    move(store, "old", expires_at="2024-06-06T07:08:09.000000+00:00")
    store.keys.of(store.keys.rotate("turned"))
    store.keys.settle()
    _, listed, _ = command("list")
    head, used, old, gone, turned = listed.splitlines()
    assert head.split() == ["name", "role", "created", "expires", "last", "used", "state"]
    assert used.split()[-3:] == ["never", "in", "use"]
    assert "2024-06-06 07:08" in old and old.endswith("expired")
    assert gone.endswith("revoked")
    assert "in use, old secret until 20" in turned
    rows = json.loads(command("list", "--json")[1])["keys"]
    assert [row["last_used_at"] is not None for row in rows] == [False, False, False, True]
    assert not {"hash", "old_hash"} & set(rows[0])


@pytest.mark.parametrize("wrong", [["--expires", "0"], ["--expires", "soon"], ["--expires", "99999"], ["--grace", "2"]])
def test_options_that_make_no_sense_are_refused(
    store: Store, command: Callable[..., tuple[int, str, str]], wrong: list[str]
) -> None:
    with pytest.raises(SystemExit):
        command("create", "desk", "--role", "cms", *wrong)
    assert store.keys.list() == []


def test_a_lost_admin_key_is_replaced_by_whoever_has_the_machine(
    store: Store, command: Callable[..., tuple[int, str, str]]
) -> None:
    command("create", "boss", "--role", "admin")
    for arguments in (("create", "boss again", "--role", "admin"), ("rotate", "boss", "--grace", "0")):
        code, secret, _ = command(*arguments)
        assert code == 0
        assert found(store, secret.strip()).role == "admin"
