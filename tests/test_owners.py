"""Whose article is whose: a `cms` key neither changes nor deletes what another one wrote."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.errors import BadSetting, OtherOwner
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.store import Store
from tests.storing import put_article

FIRST = {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The bombing was claimed on Friday."}
SECOND = {**FIRST, "title": "Taliban arrest ISKP cell in Kabul"}


class Desk:
    """A service with keys: two sites, an editor and an admin."""

    def __init__(self, client: FlaskClient, store: Store) -> None:
        self.client, self.store = client, store
        roles = {"north": "cms", "south": "cms", "vera": "editor", "root": "admin"}
        self.keys = {name: store.keys.create(name, role) for name, role in roles.items()}

    def call(self, name: str, method: str, path: str, sent: object = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.keys[name]}"}
        return self.client.open(path, method=method, json=sent, headers=headers)

    def put(self, name: str, article_id: str, sent: object = FIRST) -> int:
        return self.call(name, "PUT", f"/v1/articles/{article_id}", sent).status_code

    def delete(self, name: str, article_id: str) -> int:
        return self.call(name, "DELETE", f"/v1/articles/{article_id}").status_code

    def owner(self, article_id: str) -> str | None:
        owner: str | None = self.call("root", "GET", f"/v1/articles/{article_id}").get_json()["owner"]
        return owner


@pytest.fixture
def desk(client: FlaskClient, store: Store) -> Desk:
    return Desk(client, store)


def test_a_cms_key_cannot_change_or_delete_what_another_one_wrote(desk: Desk) -> None:
    assert desk.put("north", "a") == 200
    refused = desk.call("south", "PUT", "/v1/articles/a", SECOND)
    assert (refused.status_code, refused.get_json()["type"]) == (409, "/docs#other-owner")
    assert "'north'" in refused.get_json()["detail"]
    assert desk.delete("south", "a") == 409
    stored = desk.call("south", "GET", "/v1/articles/a").get_json()  # reading stays as it was
    assert (stored["title"], stored["owner"]) == (FIRST["title"], "north")
    assert desk.put("north", "a", SECOND) == 200
    assert desk.delete("north", "a") == 204


def test_the_list_names_the_owner_too(desk: Desk) -> None:
    desk.put("north", "a")
    listed = desk.call("root", "GET", "/v1/articles").get_json()["articles"]
    assert [row["owner"] for row in listed] == ["north"]


def test_a_rotated_key_keeps_its_articles(desk: Desk) -> None:
    desk.put("north", "a")
    desk.keys["north"] = desk.store.keys.rotate("north", grace_hours=0)
    assert desk.put("north", "a", SECOND) == 200
    assert desk.delete("north", "a") == 204


def test_an_imported_article_belongs_to_the_first_cms_key_that_writes_it(desk: Desk) -> None:
    desk.store.import_articles([Article("a", **FIRST)], "import")
    assert desk.owner("a") is None
    assert desk.delete("north", "a") == 409
    assert desk.put("north", "a") == 200
    assert desk.owner("a") == "north"
    assert desk.put("south", "a") == 409
    desk.store.import_articles([Article("a", **SECOND)], "import")
    assert desk.owner("a") == "north"


def test_sending_what_is_stored_already_is_writing_too(desk: Desk) -> None:
    put_article(desk.store, Article("a", **FIRST, tags_complete=False), "cms")
    assert put_article(desk.store, Article("a", **FIRST, tags_complete=False), "cms", owner="north") == "unchanged"
    assert desk.owner("a") == "north"


def test_a_starter_article_is_no_cms_keys(desk: Desk) -> None:
    desk.store.import_articles([Article("a", **FIRST)], "starter")
    assert desk.put("north", "a", SECOND) == 409
    assert desk.delete("north", "a") == 409
    assert desk.store.article("a").article.title == FIRST["title"]


def test_people_write_and_delete_every_article_and_own_none(desk: Desk) -> None:
    desk.put("north", "a")
    assert desk.put("vera", "a", SECOND) == 200
    assert desk.owner("a") == "north"
    assert desk.put("root", "b") == 200
    assert desk.owner("b") is None
    assert desk.put("south", "b") == 200
    assert desk.delete("root", "a") == 204


def test_an_article_sent_while_no_key_exists_belongs_to_nobody(client: FlaskClient, store: Store) -> None:
    client.put("/v1/articles/a", json=FIRST)
    assert store.article("a").owner is None


def test_an_admin_hands_articles_over(desk: Desk) -> None:
    for article_id in ("a", "b", "c"):
        desk.put("north", article_id)
    some = {"from": "north", "to": "south", "article_ids": ["a", "nothing"]}
    assert desk.call("north", "POST", "/v1/hand-overs", some).status_code == 403
    assert desk.call("root", "POST", "/v1/hand-overs", some).get_json() == {"n_articles": 1}
    assert [desk.owner(article_id) for article_id in "abc"] == ["south", "north", "north"]
    to_nobody = desk.call("root", "POST", "/v1/hand-overs", {"from": "north", "to": None})
    assert to_nobody.get_json() == {"n_articles": 2}
    assert desk.put("south", "b") == 200
    again = desk.call("root", "POST", "/v1/hand-overs", {"from": "north", "to": "south"})
    assert again.get_json() == {"n_articles": 0}
    wrong = desk.call("root", "POST", "/v1/hand-overs", {"from": "south", "to": "vera"})
    assert (wrong.status_code, wrong.get_json()["errors"][0]["pointer"]) == (422, "/to")


def test_articles_go_from_a_key_that_was_revoked_to_a_cms_key_in_use(store: Store) -> None:
    store.keys.create("old", "cms")
    put_article(store, Article("a", **FIRST), "cms", owner="old")
    store.keys.revoke("old")
    with pytest.raises(BadSetting, match="'new' is no key in use"):
        store.owners.hand_over("old", "new")
    store.keys.create("new", "cms")
    with pytest.raises(OtherOwner, match="belongs to the key 'old'"):
        put_article(store, Article("a", **SECOND), "cms", owner="new")
    assert store.owners.hand_over("old", "new") == 1
    put_article(store, Article("a", **SECOND), "cms", owner="new")
    assert store.owners.hand_over("old", "new") == 0


def test_starter_articles_cannot_be_handed_over(store: Store) -> None:
    store.keys.create("new", "cms")
    store.import_articles([Article("a", **FIRST)], "starter")
    assert store.owners.hand_over(None, "new") == 0


def test_keys_hand_over(store: Store, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    store.keys.create("new", "cms")
    put_article(store, Article("a", **FIRST), "cms", owner="old")
    command = ["keys", "hand-over", "old", "new", "--database", database_url]
    assert main(command) == 0
    assert capsys.readouterr().out == "1 article of old belongs to new now\n"
    assert store.article("a").owner == "new"
    assert main(command) == 1
    assert main(["keys", "hand-over", "new", "--database", database_url, "--json"]) == 0
    assert capsys.readouterr().out == '{"n_articles": 1}\n'
    assert store.article("a").owner is None


def test_a_store_of_before_belongs_to_nobody(empty_url: str) -> None:
    engine = make_engine(empty_url, create=True)
    migrate_to(engine, "0006")
    values = "'a', 'T', 'B', 'text', 'cms', '[]', false, 'd', '2024', '2024', 'new', false, 1, 0.5"
    names = "id, title, body, body_format, source, rejected, tags_complete, digest, created_at, updated_at, "
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO articles ({names} state, blind, n_editors, lot) VALUES ({values})")
    engine.dispose()
    store = open_store(empty_url)
    assert store.article("a").owner is None
    put_article(store, Article("a", **FIRST), "cms", owner="north")
    assert store.article("a").owner == "north"
    store.close()
