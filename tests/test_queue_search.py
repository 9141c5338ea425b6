"""The order of the queue, its search and its saved filters, and articles without a title."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy import select
from sqlalchemy.engine import make_url

from classifier.domain.articles import Article, text_digest
from classifier.domain.spelling import searchable
from classifier.domain.taxonomy import Taxonomy
from classifier.serving.finding import sought_in
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.queue import ORDERS, Wanted
from classifier.store.schema import articles
from classifier.store.search_index import drop_search_index
from classifier.store.searching import sought
from classifier.store.store import Store
from classifier.store.suggestion_sets import Judged
from tests.storing import put_article


def put(store: Store, article_id: str, title: str = "T", **fields: object) -> None:
    put_article(store, replace(Article(article_id, title), **fields), "cms")  # type: ignore[arg-type]


def judged(store: Store, **doubts: float) -> None:
    texts = {article_id: text_digest(store.article(article_id).article) for article_id in doubts}
    store.suggested.put("m t", [Judged(key, texts[key], 0.5, (), doubt) for key, doubt in doubts.items()])


def found(store: Store, text: str, *tags: str, state: str | None = None) -> list[str]:
    wanted = Wanted(state, text=sought(text, tags))
    ids = store.queue.ids(wanted, None, 200)[0]
    assert sum(store.queue.counts(wanted).values()) == len(ids)
    return ids


# --- order ---


def test_newest_is_by_the_articles_own_dates_not_by_the_order_of_their_arrival(store: Store) -> None:
    for article_id, day in (("old", "2020-01-01"), ("new", "2024-01-01"), ("middle", "2022-01-01")):
        put(store, article_id, published_at=day)
    assert store.queue.ids(Wanted(), None, 9)[0] == ["new", "middle", "old"]


def test_the_newest_and_the_most_doubtful_come_by_turns(store: Store) -> None:
    for number in range(6):
        put(store, f"a{number}", published_at=f"2024-06-0{number + 1}")
    judged(store, a0=0.9, a1=0.1, a2=0.8, a3=0.2, a4=0.3, a5=0.7)
    # Newest first: a5 a4 a3 a2 a1 a0. Most doubtful first: a0 a2 a5 a4 a3 a1.
    assert store.queue.ids(Wanted(order="turns"), None, 9)[0] == ["a5", "a0", "a4", "a2", "a3", "a1"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_every_order_give_each_article_once(store: Store, order: str, limit: int) -> None:
    for number in range(17):
        put(store, f"a{number:02}", published_at=f"2024-06-{1 + number % 5:02}")
    judged(store, **{f"a{number:02}": (number * 7 % 5) / 10 for number in range(11)})  # the others were never judged
    ids: list[str] = []
    end = None
    while True:
        page, end = store.queue.ids(Wanted(order=order), end, limit)
        ids += page
        if end is None:
            break
        assert len(page) == limit
    assert sorted(ids) == [f"a{number:02}" for number in range(17)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_filter_leaves_out_articles_and_keeps_the_order_however_many_it_leaves(
    store: Store, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    for number in range(20):
        article = Article(f"a{number:02}", "T", published_at=f"2024-06-{1 + number * 7 % 20:02}")
        put_article(store, article, "desk" if number % 3 else "cms")
    judged(store, **{f"a{number:02}": (number * 7 % 5) / 10 for number in range(20)})
    store.log.decide("a04", [Draft("add", "iskp")], "ada", lambda *_: {})
    for filters in ({"source": "desk"}, {"since": "2024-06-05", "until": "2024-06-15"}):
        pages = []
        for few in (0, 2000):  # from the index of the order, and from that of the filter
            monkeypatch.setattr("classifier.store.queue.FEW", few)
            ids: list[str] = []
            end = None
            while not ids or end is not None:
                page, end = store.queue.ids(Wanted("open", order=order, **filters), end, 3)
                ids += page
            pages.append(ids)
        assert pages[0] == pages[1]
        assert len(pages[0]) == len(set(pages[0])) == sum(store.queue.counts(Wanted(**filters)).values())


def test_the_doubt_of_a_model_is_kept_with_an_article_it_judges(tagger: Tagger, store: Store) -> None:
    tagger.put_article(Article("sure", "", ""))
    tagger.put_article(Article("kabul", "ISKP bomber kills twelve at Kabul mosque", "The Taliban blamed ISKP."))
    with store.reading() as connection:
        rows = connection.execute(select(articles.c.id, articles.c.doubt)).all()
    doubts = {row.id: row.doubt for row in rows}
    assert doubts["kabul"] > 0.0


# --- search ---


def test_articles_are_found_by_the_beginnings_of_words_in_title_and_id(store: Store) -> None:
    put(store, "lwj-123", "Boko Haram raids a village")
    put(store, "lwj-124", "Zāwiya: Daʿesh claims an attack")
    assert found(store, "boko") == found(store, "HARAM vill") == found(store, "123") == ["lwj-123"]
    assert found(store, "zawiya") == ["lwj-124"]
    assert found(store, "lwj") == ["lwj-124", "lwj-123"]
    assert found(store, "oko") == found(store, "boko claims") == found(store, "?!") == []


@pytest.mark.parametrize("text", ["%", "_", "100%", "a_b", "\\", "'; DROP TABLE articles"])
def test_signs_of_patterns_are_nothing_but_text(store: Store, text: str) -> None:
    put(store, "a", "Something else")
    assert found(store, text) == []


def test_the_search_follows_a_changed_title_and_forgets_a_deleted_article(store: Store) -> None:
    put(store, "a", "Before")
    put(store, "a", "Afterwards")
    assert (found(store, "before"), found(store, "after")) == ([], ["a"])
    store.delete_article("a")
    assert found(store, "after") == []


TITLES = (
    "Boko Haram raids a village",
    "Bokoko's raid, raid and RAID",
    "Zāwiya: Daʿesh claims an attack in 2014",
    "هجوم في كابول 2014",
    "การโจมตีในกรุงคาบูล",
    "アフガニスタン ²³ 🕌 x",
    "",
    "long" + "o" * 300 + "ng and " + "é" * 3000,
    "long" + "o" * 300 + "st",
)
TAGS = (("iskp",), ("iskp2", "a  b"), ("iskp-north", "x"), ("not iskp", "'\"*\\"), (), None, ("\t", "é" * 200))


@pytest.fixture(params=["few", "walked", "many"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles are read that the index names, or walked in their order, or walked in vain and then read."""
    monkeypatch.setattr("classifier.store.queue.FEW", 4000 if request.param == "few" else 0)
    monkeypatch.setattr("classifier.store.queue.WALKED", 3 if request.param == "many" else 20_000)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.usefixtures("way")
def test_pages_of_a_search_give_each_article_once_in_the_order_of_the_queue(store: Store, order: str) -> None:
    for number in range(40):
        title = f"Raid {number}" if number % 3 else f"Market {number}"
        put(store, f"a{number:02}", title, published_at=f"2024-06-{1 + number * 7 % 30:02}")
    judged(store, **{f"a{number:02}": (number * 7 % 5) / 10 for number in range(31)})  # the others were never judged

    def all_pages(wanted: Wanted) -> list[str]:
        ids, end = store.queue.ids(wanted, None, 4)
        while end is not None:
            page, end = store.queue.ids(wanted, end, 4)
            ids += page
        return ids

    ids = all_pages(Wanted(order=order, text=sought("raid")))
    assert sorted(ids) == [f"a{number:02}" for number in range(40) if number % 3]
    if order == "newest":
        assert ids == [each for each in all_pages(Wanted(order=order)) if each in ids]


@pytest.mark.usefixtures("way")
def test_the_index_finds_what_looking_at_every_article_finds(store: Store) -> None:
    draw = random.Random(7)
    for number in range(60):  # some are changed, some deleted
        article_id = f"wp:{draw.randrange(40)}"
        if number % 7 == 6 and article_id in {one.article.id for one in store.exports.filed()}:
            store.delete_article(article_id)
        else:
            put(store, article_id, draw.choice(TITLES), tags=draw.choice(TAGS))
    kept = [store.article(one.article.id).article for one in store.exports.filed()]
    words = {word for title in TITLES for word in searchable(title).split()}
    texts = [word[:n] for word in sorted(words) for n in (1, 3, 290, 310, 4000)] + ["wp 1", "raid 2014", "a boko", "\0"]
    for text in texts:
        begins = [f" {word}" for word in searchable(text).split()]
        those = [one.id for one in kept if begins and all(each in searchable(one.title, one.id) for each in begins)]
        assert sorted(found(store, text)) == sorted(those), text
    for tag in ("iskp", "iskp-north", "x", "north", "b"):
        assert sorted(found(store, "?", tag)) == sorted(
            one.id for one in kept if f" {tag} " in f" {' '.join(one.tags or ())} "
        )


def test_a_search_index_that_is_missing_or_of_another_program_is_made_anew(store: Store, database_url: str) -> None:
    put(store, "a", "Before")
    with store.engine.begin() as connection:
        drop_search_index(connection)
    put(store, "b", "Before dawn")
    store.close()
    again = open_store(database_url)
    assert found(again, "before") == ["b", "a"]
    put(again, "a", "Afterwards")
    assert found(again, "before") == ["b"]
    again.close()


@pytest.mark.sqlite("it cleans its file")
def test_numbers_of_the_index_outlive_a_clean_up_of_the_file_and_deleted_words_leave_it(
    store: Store, database_url: str
) -> None:
    put(store, "gone", "Vanishing zugzwang")
    for number in range(300):
        put(store, f"a{number}", f"Title {number} vanishers" if number % 2 else f"Title {number}")
    put(store, "changed", "Vanished quixotry")
    assert found(store, "vanishing") == ["gone"]
    store.delete_article("gone")
    put(store, "changed", "Kept")
    assert store.deletions.clean_log()
    store.close()
    path = Path(str(make_url(database_url).database))
    for deleted in (b"zugzwang", b"quixotry"):
        assert deleted not in path.read_bytes().lower()
    with closing(sqlite3.connect(path, isolation_level=None)) as driver:
        driver.execute("VACUUM")
        driver.execute("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
    again = open_store(database_url)
    assert found(again, "kept") == ["changed"]
    assert found(again, "299") == ["a299"]
    assert found(again, "vanish") == [f"a{number}" for number in range(299, 0, -2)]
    again.close()


@pytest.mark.parametrize("few", [0, 4000])
def test_articles_are_found_by_the_tags_that_they_have(store: Store, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr("classifier.store.queue.FEW", few)
    put(store, "listed", tags=("iskp",))
    put(store, "removed", tags=("iskp",))
    put(store, "added")
    put(store, "other", tags=("iskp-north",))
    store.log.decide("removed", [Draft("remove", "iskp")], "ada", lambda *_: {})
    store.log.decide("added", [Draft("add", "iskp")], "ada", lambda *_: {})
    assert sorted(found(store, "Islamic State Khorasan", "iskp")) == ["added", "listed"]


def test_a_tag_is_named_by_its_label_an_alias_or_the_beginning_of_one(taxonomy: Taxonomy) -> None:
    label = taxonomy.tag("iskp").label
    for text in ("iskp", label, label.upper(), label[:12]):
        assert "iskp" in sought_in(text, taxonomy).tags, text
    assert sought_in("kh", taxonomy).tags == sought_in("…", taxonomy).tags == ()


def test_the_list_searches_within_a_state(client: FlaskClient, tagger: Tagger) -> None:
    for article_id in ("a", "b"):
        tagger.put_article(Article(article_id, "Raid near Kabul"))
    tagger.decide("a", DecisionBatch([], complete=True), "ada")
    answer = client.get("/v1/articles?q=kabul&state=open").get_json()
    assert [row["article_id"] for row in answer["articles"]] == ["b"]
    assert answer["counts"] == {"new": 1, "started": 0, "closed": 1}


def test_an_article_without_a_title_is_listed_with_its_first_words(client: FlaskClient, tagger: Tagger) -> None:
    tagger.put_article(
        Article("a", "", "<p>The <b>raid</b> began at dawn.</p>" + "<p>More text.</p>" * 40, body_format="html")
    )
    tagger.put_article(Article("b", "A title", "And a text."))
    rows = {row["article_id"]: row["beginning"] for row in client.get("/v1/articles").get_json()["articles"]}
    assert rows["a"].startswith("The raid began at dawn. More text.")
    assert len(rows["a"]) <= 90
    assert rows["b"] == ""


# --- saved filters ---


def test_a_filter_is_saved_by_name_replaced_and_deleted(client: FlaskClient) -> None:
    def names() -> list[tuple[str, dict[str, str]]]:
        return [(row["name"], row["filters"]) for row in client.get("/v1/filters").get_json()["filters"]]

    client.put("/v1/filters", json={"name": "Africa desk", "filters": {"source": "cms", "state": "open"}})
    client.put("/v1/filters", json={"name": "Africa desk", "filters": {"q": "sahel", "source": ""}})
    client.put("/v1/filters", json={"name": "Mine", "filters": {}})
    assert names() == [("Africa desk", {"q": "sahel"}), ("Mine", {})]
    assert client.delete("/v1/filters/Africa desk").status_code == 204
    assert client.delete("/v1/filters/Africa desk").status_code == 404
    assert names() == [("Mine", {})]


def test_a_filter_of_an_unknown_parameter_or_without_a_name_is_refused(client: FlaskClient) -> None:
    for body in (
        {"name": "", "filters": {}},
        {"name": "a", "filters": {"colour": "red"}},
        {"name": "a/b", "filters": {}},
    ):
        assert client.put("/v1/filters", json=body).status_code == 422


def test_an_editor_saves_only_so_many_filters(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.store.saved_filters.MOST", 1)
    assert client.put("/v1/filters", json={"name": "a", "filters": {}}).status_code == 200
    assert client.put("/v1/filters", json={"name": "b", "filters": {}}).status_code == 422
    assert client.put("/v1/filters", json={"name": "a", "filters": {"q": "x"}}).status_code == 200


def test_a_saved_filter_is_renamed_at_once(client: FlaskClient) -> None:
    saved = {"name": "Africa", "filters": {"source": "cms", "language": "so"}}
    client.put("/v1/filters", json=saved)
    answer = client.put("/v1/filters", json={**saved, "name": "Horn", "instead_of": "Africa"}).get_json()
    assert answer == {"filters": [{"name": "Horn", "filters": {"source": "cms", "language": "so"}}]}
