"""Leases: no article is before two editors at once, unless two are asked to decide."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.errors import NotFound
from classifier.store.arrivals import Shares
from classifier.store.database.opening import open_store
from classifier.store.leases import Holder
from classifier.store.queue import Wanted
from classifier.store.rows import ago
from classifier.store.schema import leases
from classifier.store.store import Store
from tests.storing import put_article

ADA, BO, CY = (Holder(f"session-{name}", name) for name in ("ada", "bo", "cy"))
OPEN = Wanted("open", order="newest")


@pytest.fixture
def desk(store: Store) -> Store:
    """A store with five open articles, a4 the newest."""
    for number in range(5):
        put_article(store, Article(f"a{number}", f"Title {number}", published_at=f"2024-06-0{number + 1}"), "cms")
    return store


def deal(store: Store, holder: Holder, *skip: str) -> str | None:
    return store.leases.deal(store.queue, OPEN, holder, skip)


def signed_in(app: Flask, name: str) -> tuple[FlaskClient, dict[str, str]]:
    client = app.test_client()
    client.post("/sign-in", data={"name": name})
    token = client.get("/review").get_data(as_text=True).split('csrf" content="')[1].split('"')[0]
    return client, {"X-CSRF-Token": token}


def test_an_article_is_dealt_to_one_editor(desk: Store) -> None:
    assert [deal(desk, holder) for holder in (ADA, BO, CY)] == ["a4", "a3", "a2"]


def test_who_asks_again_is_dealt_the_same_article_unless_it_is_skipped(desk: Store) -> None:
    assert [deal(desk, ADA), deal(desk, ADA), deal(desk, ADA, "a4")] == ["a4", "a4", "a3"]


def test_nothing_is_dealt_where_all_are_held(desk: Store) -> None:
    for number in range(5):
        desk.leases.take(f"a{number}", BO)
    assert deal(desk, ADA) is None


def test_an_article_that_somebody_has_can_be_opened_and_says_who(desk: Store) -> None:
    until = desk.leases.take("a4", ADA).until
    held = desk.leases.take("a4", BO)
    assert (held.held, [other.editor for other in held.others]) == (False, ["ada"])
    assert held.others[0].until == until
    assert desk.leases.others(["a4", "a3"], BO) == {"a4": ["ada"]}
    assert desk.leases.others(["a4", "a3"], ADA) == {}


def test_giving_back_frees_an_article(desk: Store) -> None:
    deal(desk, ADA)
    desk.leases.give_back("a4", BO)  # it is not theirs
    assert deal(desk, BO) == "a3"
    desk.leases.give_back("a4", ADA)
    assert deal(desk, CY) == "a4"


def test_after_a_crash_a_lease_ends_by_itself(desk: Store) -> None:
    deal(desk, ADA)
    with desk.engine.begin() as connection:
        connection.execute(leases.update().values(until=ago(seconds=-1)))
    assert deal(desk, BO) == "a3"
    with desk.engine.begin() as connection:
        connection.execute(leases.update().values(until=ago(seconds=1)))
    assert deal(desk, BO) == "a4"
    assert desk.leases.take("a4", ADA).held is False


def test_closing_frees_an_article_and_taking_it_again_shows_nobody(desk: Store) -> None:
    deal(desk, ADA)
    desk.log.decide("a4", [], "ada", lambda *_: {}, complete=True)
    assert desk.leases.others(["a4"], None) == {}


def test_two_editors_who_are_both_asked_may_have_an_article_and_a_third_may_not(store: Store) -> None:
    put_article(store, Article("a", "T"), "cms", shares=Shares(second=1.0))
    assert [deal(store, holder) for holder in (ADA, BO, CY)] == ["a", "a", None]


def test_the_same_editor_in_two_browsers_is_not_a_second_opinion(store: Store) -> None:
    put_article(store, Article("a", "T"), "cms", shares=Shares(second=1.0))
    assert deal(store, ADA) == "a"
    assert deal(store, Holder("another-session", "ada")) is None


def test_one_of_two_opinions_that_is_given_leaves_room_for_one_editor(store: Store) -> None:
    put_article(store, Article("a", "T"), "cms", shares=Shares(second=1.0))
    store.log.decide("a", [], "ada", lambda *_: {}, complete=True)
    assert [deal(store, holder) for holder in (BO, CY)] == ["a", None]


def test_an_article_that_is_gone_cannot_be_taken(desk: Store) -> None:
    with pytest.raises(NotFound):
        desk.leases.take("nowhere", ADA)


@pytest.mark.slow
def test_editors_who_ask_at_once_over_several_connections_are_dealt_different_articles(
    empty_url: str,
) -> None:
    """Two stores stand for two processes: they share nothing but the database."""
    stores = [open_store(empty_url), open_store(empty_url)]
    for number in range(12):
        put_article(stores[0], Article(f"a{number:02}", f"Title {number}"), "cms")
    holders = [Holder(f"s{number}", f"editor-{number}") for number in range(8)]
    begin = Barrier(len(holders))

    def work(number: int) -> str | None:
        begin.wait(10)
        return deal(stores[number % 2], holders[number])

    with ThreadPoolExecutor(len(holders)) as pool:
        dealt = list(pool.map(work, range(len(holders))))
    for store in stores:
        store.close()
    assert len(set(dealt)) == len(holders)
    assert None not in dealt


def test_two_signed_in_browsers_are_dealt_different_articles_and_lists_say_who_has_which(
    app: Flask, desk: Store
) -> None:
    (ada, of_ada), (bo, of_bo) = signed_in(app, "ada"), signed_in(app, "bo")
    deal_to = "/v1/queue/deal?order=newest"
    assert ada.post(deal_to, json={}, headers=of_ada).get_json() == {"article_id": "a4"}
    assert bo.post(deal_to, json={}, headers=of_bo).get_json() == {"article_id": "a3"}
    rows = bo.get("/v1/articles?limit=2").get_json()["articles"]
    assert [(row["article_id"], row["held_by"]) for row in rows] == [("a4", ["ada"]), ("a3", [])]
    taken = bo.put("/v1/articles/a4/lease", json={}, headers=of_bo).get_json()
    assert (taken["held"], taken["others"][0]["editor"]) == (False, "ada")
    assert ada.delete("/v1/articles/a4/lease", headers=of_ada).status_code == 204
    assert bo.put("/v1/articles/a4/lease", json={}, headers=of_bo).get_json()["held"] is True


def test_signing_out_gives_back_what_a_browser_held(app: Flask, desk: Store) -> None:
    client, header = signed_in(app, "ada")
    client.post("/v1/queue/deal?order=newest", json={}, headers=header)
    client.post("/sign-out", data={"csrf": header["X-CSRF-Token"]})
    assert desk.leases.others(["a4"], None) == {}
