"""People come in by a link and a password of their own; roles, removal and its undo; nobody is locked out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.errors import BadSetting, NotFound
from classifier.store.database.copying import end_sessions
from classifier.store.people import People
from classifier.store.schema import invitations
from classifier.store.store import Store
from classifier.web.guard.limits import TRIES_OF_NAME
from classifier.web.guard.passwords import hash_of, is_right
from tests.test_access import sign_in

HERE = "/admin/people"
SECRET = "a lantern behind the harbour"
OTHER = "seven herons over wet fields"


class Browser:
    """A signed-in browser."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def post(self, status: int = 303, path: str = HERE, **fields: str) -> Any:
        token = html.fromstring(self.client.get("/account").data).xpath("//meta[@name='csrf']/@content")
        response = self.client.post(path, data={"csrf": token[0] if token else "", **fields})
        assert response.status_code == status, response.text
        return response

    def once(self, **fields: str) -> str:
        """Send a form whose answer shows something once, and return that."""
        (value,) = html.fromstring(self.post(200, **fields).data).xpath("//input[@data-once]/@value")
        return str(value)

    def page(self) -> str:
        response = self.client.get(HERE)
        assert response.status_code == 200, response.text
        return response.text


@pytest.fixture
def new(client: FlaskClient) -> Callable[[], FlaskClient]:
    """Makes further browsers."""
    return client.application.test_client


@pytest.fixture
def chief(client: FlaskClient) -> Browser:
    """The first administrator, who began in an open service."""
    assert client.post("/sign-in", data={"name": "chief"}).status_code == 303
    browser = Browser(client)
    browser.post(act="first", name="chief", password=SECRET)
    return browser


def join(link: str, client: FlaskClient, password: str = OTHER, again: str | None = None) -> Any:
    path = re.sub("^https?://[^/]+", "", link)
    return client.post(path, data={"password": password, "again": again if again is not None else password})


def test_the_first_administrator_closes_the_open_service_and_stays_signed_in(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    assert "chief" in chief.page()
    assert store.keys.in_use()
    assert new().get("/v1/model").status_code == 401
    assert sign_in(new(), "chief", SECRET).status_code == 303
    assert sign_in(new(), "chief", OTHER).status_code == 403


def test_nobody_lets_others_in_before_there_is_an_administrator(client: FlaskClient, store: Store) -> None:
    client.post("/sign-in", data={"name": "eve"})
    Browser(client).post(403, act="invite", name="ana", role="editor")
    assert store.people.invited() == []
    assert not store.keys.in_use()


def test_there_is_one_first_administrator(chief: Browser, store: Store) -> None:
    chief.post(422, act="first", name="eve", password=OTHER)
    assert [key.name for key in store.keys.list()] == ["chief"]


def test_who_is_invited_chooses_a_password_and_signs_in_with_it(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    link = chief.once(act="invite", name="ana", role="editor")
    assert "ana" in chief.page()
    guest = new()
    shown = guest.get(link)
    assert shown.status_code == 200
    assert "chief" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    answer = join(link, guest)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/review")
    assert guest.get("/review").status_code == 200
    assert guest.get(HERE).status_code == 403
    assert store.people.invited() == []
    assert sign_in(new(), "ana", OTHER).status_code == 303


def test_a_link_works_once(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    link = chief.once(act="invite", name="ana", role="editor")
    assert join(link, new()).status_code == 303
    again = join(link, new(), "another password altogether")
    assert again.status_code == 422
    assert "This link has ended" in again.text
    assert "Set-Cookie" not in again.headers


def test_a_new_invitation_of_a_name_ends_the_one_before(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    first = chief.once(act="invite", name="ana", role="admin")
    second = chief.once(act="invite", name="ana", role="reader")
    assert join(first, new()).status_code == 422
    guest = new()
    assert join(second, guest).headers["Location"] == "/tags"
    assert guest.get("/review").status_code == 403


def test_a_withdrawn_link_and_one_of_last_week_have_ended(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    link, late = (chief.once(act="invite", name=name, role="editor") for name in ("ana", "ben"))
    of_ana = next(each for each in store.people.invited() if each.name == "ana")
    chief.post(act="withdraw", id=of_ana.id)
    chief.post(422, act="withdraw", id=of_ana.id)
    with store.engine.begin() as connection:
        connection.execute(invitations.update().values(expires_at="2026-01-01T00:00:00.000000+00:00"))
    assert join(link, new()).status_code == join(late, new()).status_code == 422
    assert store.people.invited() == []


@pytest.mark.parametrize(
    ("password", "again", "reason"),
    [
        ("short", "short", "12 to 200 characters"),
        ("x" * 201, "x" * 201, "12 to 200 characters"),
        (OTHER, SECRET, "differ"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "easily guessed"),
        ("Ana likes the sea", "Ana likes the sea", "easily guessed"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays(
    chief: Browser, new: Callable[[], FlaskClient], password: str, again: str, reason: str
) -> None:
    link = chief.once(act="invite", name="ana", role="editor")
    refused = join(link, new(), password, again)
    assert refused.status_code == 422
    assert reason in refused.text
    assert password not in refused.text
    assert join(link, new()).status_code == 303


def test_a_new_link_replaces_a_password_and_ends_its_sessions(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    before = new()
    join(chief.once(act="invite", name="ana", role="editor"), before)
    link = chief.once(act="renew", name="ana")
    assert before.get("/review").status_code == 200  # nothing ends before the link is followed
    assert join(link, new(), "an entirely new password").status_code == 303
    assert before.get("/review").status_code == 303
    assert sign_in(new(), "ana", OTHER).status_code == 403
    assert sign_in(new(), "ana", "an entirely new password").status_code == 303
    assert len([key for key in store.keys.list() if key.name == "ana"]) == 1


def test_a_role_changes_at_once(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    ana = new()
    join(chief.once(act="invite", name="ana", role="reader"), ana)
    assert ana.get("/review").status_code == 403
    chief.post(act="role", name="ana", role="editor")
    assert ana.get("/review").status_code == 200
    chief.post(422, act="role", name="ana", role="cms")
    chief.post(422, act="role", name="nobody", role="editor")
    chief.post(422, act="role", name="ana", role="king")


def test_who_is_removed_is_out_at_once_and_an_undo_brings_them_back(
    chief: Browser, new: Callable[[], FlaskClient]
) -> None:
    ana = new()
    join(chief.once(act="invite", name="ana", role="editor"), ana)
    onward = chief.post(act="remove", name="ana").headers["Location"]
    assert ana.get("/review").status_code == 303
    assert sign_in(new(), "ana", OTHER).status_code == 403
    page = html.fromstring(chief.client.get(onward).data)
    (form,) = page.xpath("//form[.//button[text()='Undo']]")
    chief.post(**dict(form.form_values()) | {"act": "restore"})
    assert ana.get("/review").status_code == 200
    assert sign_in(new(), "ana", OTHER).status_code == 303


def test_nobody_is_restored_under_the_name_of_another(chief: Browser, store: Store) -> None:
    store.keys.create("ana", "editor")
    removed = store.people.remove("ana")
    chief.post(422, act="restore", id=removed, name="chief")
    chief.post(422, act="restore", id=removed, name="somebody else")
    store.keys.create("ana", "reader")
    chief.post(422, act="restore", id=removed, name="ana")
    assert [key.role for key in store.keys.list() if key.name == "ana"] == ["reader"]


def test_the_only_administrator_cannot_be_removed_or_made_another(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    assert "only administrator" in chief.post(422, act="remove", name="chief").text
    assert "only administrator" in chief.post(422, act="role", name="chief", role="editor").text
    join(chief.once(act="invite", name="vera", role="admin"), new())
    chief.post(act="role", name="chief", role="editor")
    assert chief.client.get(HERE).status_code == 403


def test_a_program_gets_a_key_that_is_shown_once_and_can_be_replaced(
    chief: Browser, new: Callable[[], FlaskClient]
) -> None:
    first = chief.once(act="key", name="wordpress")

    def status(key: str) -> int:
        return new().get("/v1/key", headers={"Authorization": f"Bearer {key}"}).status_code

    assert status(first) == 200
    assert first not in chief.page()
    second = chief.once(act="rotate", name="wordpress")
    assert (status(first), status(second)) == (200, 200)  # the program has a day to take the new one
    chief.post(422, act="renew", name="wordpress")
    chief.post(422, act="invite", name="wordpress", role="editor")
    chief.post(act="remove", name="wordpress")
    assert (status(first), status(second)) == (401, 401)


def test_one_changes_the_own_password(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    elsewhere = new()
    assert sign_in(elsewhere, "chief", SECRET).status_code == 303
    wrong = {"current": OTHER, "password": OTHER, "again": OTHER}
    chief.post(422, "/account", **wrong)
    assert elsewhere.get("/review").status_code == 200
    chief.post(200, "/account", **{**wrong, "current": SECRET})
    assert elsewhere.get("/review").status_code == 303
    assert chief.client.get("/review").status_code == 200
    assert sign_in(new(), "chief", SECRET).status_code == 403
    assert sign_in(new(), "chief", OTHER).status_code == 303


def test_who_signed_in_with_a_key_may_choose_a_password(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    client = new()
    sign_in(client, "ben", store.keys.create("ben", "editor"))
    Browser(client).post(200, "/account", password=OTHER, again=OTHER)
    assert sign_in(new(), "ben", OTHER).status_code == 303


@pytest.mark.slow
def test_guessing_a_password_is_slowed_down(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    client = new()
    for _ in range(TRIES_OF_NAME):
        assert sign_in(client, "chief", "a wrong password").status_code == 403
    assert sign_in(client, "chief", SECRET).status_code == 429


def test_no_password_and_no_link_is_stored_as_it_is(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    link = chief.once(act="invite", name="ana", role="editor")
    with store.engine.connect() as connection:
        rows = [
            str(tuple(row))
            for name in ("keys", "invitations", "sessions", "events")
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
        ]
    assert rows
    assert not [row for row in rows if SECRET in row or link.rsplit("/", 1)[1] in row]
    assert is_right(SECRET, hash_of(SECRET, "chief"))
    assert not is_right(OTHER, hash_of(SECRET, "chief"))
    assert not is_right("nobody has this password", None)


def test_a_restored_backup_lets_nobody_in_by_an_old_link(
    chief: Browser, store: Store, new: Callable[[], FlaskClient]
) -> None:
    link = chief.once(act="invite", name="ana", role="admin")
    end_sessions(store)
    assert join(link, new()).status_code == 422


def test_of_two_who_follow_one_link_one_comes_in(store: Store) -> None:
    people, secret = store.people, store.people.invite("ana", "editor", "chief")
    assert people.accept(secret, "one").name == "ana"
    with pytest.raises(NotFound, match="has ended"):
        people.accept(secret, "two")
    assert people.known("ana") is not None
    assert people.known("ana")[1] == "one"  # type: ignore[index]


def test_a_name_that_was_taken_meanwhile_keeps_the_link(store: Store) -> None:
    people: People = store.people
    secret = people.invite("ana", "editor", "chief")
    store.keys.create("ana", "cms")
    with pytest.raises(BadSetting, match="already"):
        people.accept(secret, "one")
    assert people.of(secret).name == "ana"


def test_only_administrators_see_the_section(chief: Browser, new: Callable[[], FlaskClient]) -> None:
    ana = new()
    join(chief.once(act="invite", name="ana", role="taxonomist"), ana)
    assert ">Administration<" in chief.client.get("/help").text
    assert ">Administration<" not in ana.get("/help").text
    assert ">Administration<" not in new().get("/help").text
