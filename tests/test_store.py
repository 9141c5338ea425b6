"""The store: what it keeps, what it leaves alone, and which databases it refuses."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy.exc import IntegrityError

from classifier.domain.articles import Article
from classifier.errors import BadArticle, BadStore, NotFound
from classifier.importers import import_files
from classifier.importers.records import SetAside
from classifier.store.arrivals import NO_SHARES, Arrival, arrive
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.database.sqlite import MIN_SQLITE
from classifier.store.queue import STARTER as STARTER_SOURCE
from classifier.store.queue import Wanted
from classifier.store.store import Imported, Store
from classifier.store.suggestion_sets import ModelAnswer, TagScore
from tests.conftest import STARTER
from tests.everything import contents, newest_set, put_set, stored_articles
from tests.storing import put_article

RAID = Article(
    "raid-1",
    "Raid in Kunar",
    "Soldiers searched <b>two</b> villages.",
    "html",
    ("taliban", "afghanistan"),
    ("hamas",),
    False,
    "2024-06-06",
    "https://desk.example/raid-1",
)
ANSWER = {"suggestions": [{"tag": "taliban", "score": 0.9}], "reason": None}


def set_of(store: Store, article: Article, *shown: str, model: str = "m-1", taxonomy: str = "t-1") -> str:
    return put_set(store, article, model, taxonomy, ANSWER, shown=[TagScore(tag, 0.9, "suggest") for tag in shown])


# --- articles ---


def test_a_stored_article_comes_back_as_it_was_sent(store: Store) -> None:
    put_article(store, RAID, "cms")
    found = store.article("raid-1")
    assert found.article == RAID
    assert found.source == "cms"


@pytest.mark.parametrize("tags", [None, (), ("taliban",)])
def test_unsaid_tags_are_not_the_same_as_no_tags(store: Store, tags: tuple[str, ...] | None) -> None:
    put_article(store, replace(RAID, tags=tags), "cms")
    assert store.article("raid-1").article.tags == tags


def test_putting_an_article_says_whether_it_was_new_changed_or_the_same(store: Store) -> None:
    did = [put_article(store, article, "cms") for article in (RAID, RAID, replace(RAID, title="Raids in Kunar"), RAID)]
    assert did == ["new", "unchanged", "changed", "changed"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"body": "Another body"},
        {"standfirst": "What it comes to"},
        {"body_format": "text"},
        {"tags": ("taliban",)},
        {"tags": ("afghanistan", "taliban")},
        {"rejected": ("ttp",)},
        {"tags_complete": True},
        {"published_at": "2024-06-07"},
        {"url": "https://desk.example/raid-2"},
    ],
    ids=str,
)
def test_a_change_of_any_field_is_kept(store: Store, change: dict[str, object]) -> None:
    put_article(store, RAID, "cms")
    changed = replace(RAID, **change)  # type: ignore[arg-type]
    assert put_article(store, changed, "cms") == "changed"
    assert store.article("raid-1").article == changed


def test_unchanged_article_keeps_its_times_and_a_changed_one_its_first(store: Store) -> None:
    put_article(store, RAID, "cms")
    first = store.article("raid-1")
    put_article(store, RAID, "cms")
    assert store.article("raid-1") == first
    put_article(store, replace(RAID, title="Later"), "cms")
    later = store.article("raid-1")
    assert later.created_at == first.created_at
    assert later.updated_at > first.updated_at


def test_absent_tags_keep_the_earlier_ones_and_an_empty_list_takes_them_away(store: Store) -> None:
    put_article(store, RAID, "cms")
    put_article(store, replace(RAID, tags=None, title="Resaved"), "cms")
    assert store.article("raid-1").article.tags == ("taliban", "afghanistan")
    put_article(store, replace(RAID, tags=()), "cms")
    assert store.article("raid-1").article.tags == ()


def test_what_the_sender_leaves_out_stays_and_an_import_replaces_all_but_tags_it_is_silent_on(store: Store) -> None:
    bare = Article("raid-1", RAID.title, RAID.body, "html", tags_complete=False)
    put_article(store, RAID, "cms")
    assert put_article(store, bare, "cms") == "unchanged"
    assert store.article("raid-1").article == RAID
    store.import_articles([bare], "cms")
    assert store.article("raid-1").article == replace(bare, tags=RAID.tags)
    store.import_articles([replace(bare, rejected=("taliban",))], "cms")
    assert store.article("raid-1").article.tags == ("afghanistan",)


def test_what_is_said_of_a_tag_now_counts_more_than_what_was_said_before(store: Store) -> None:
    put_article(store, RAID, "cms")
    put_article(store, replace(RAID, tags=("hamas",), rejected=()), "cms")
    assert store.article("raid-1").article.rejected == ()
    put_article(store, replace(RAID, tags=None, rejected=("hamas",)), "cms")
    assert (store.article("raid-1").article.tags, store.article("raid-1").article.rejected) == ((), ("hamas",))


@pytest.mark.parametrize("article_id", ["", "a b", "a/b", "ä", "x" * 201, "a\n", "a\x00"])
def test_an_id_that_no_url_could_carry_is_refused_and_nothing_is_stored(store: Store, article_id: str) -> None:
    with pytest.raises(BadArticle) as refused:
        put_article(store, replace(RAID, id=article_id), "cms")
    assert refused.value.field == "id"
    assert store.count_articles() == {}


def test_article_that_is_not_there_is_not_found_by_name(store: Store) -> None:
    with pytest.raises(NotFound, match="raid-9"):
        store.article("raid-9")
    with pytest.raises(NotFound, match="raid-9"):
        store.delete_article("raid-9")


def test_articles_are_counted_by_source(store: Store) -> None:
    for article_id, source in (("a", "cms"), ("b", "starter"), ("c", "cms")):
        put_article(store, replace(RAID, id=article_id), source)
    assert store.count_articles() == {"cms": 2, "starter": 1}


def test_pages_from_the_newest_to_the_oldest_hold_every_article_once(store: Store) -> None:
    for number in range(7):
        put_article(store, replace(RAID, id=f"a{number}"), "cms")
    seen, place = [], None
    for _ in range(4):
        page, place = store.queue.page(Wanted(), place, 2)
        seen += [stored.article.id for stored in page]
    assert seen == ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]
    assert place is None


def test_a_page_begun_before_a_new_article_came_skips_and_repeats_nothing(store: Store) -> None:
    for number in range(4):
        put_article(store, replace(RAID, id=f"a{number}"), "cms")
    page, place = store.queue.page(Wanted(), None, 2)
    put_article(store, replace(RAID, id="a9"), "cms")
    rest, _ = store.queue.page(Wanted(), place, 9)
    assert [stored.article.id for stored in (*page, *rest)] == ["a3", "a2", "a1", "a0"]


@pytest.mark.slow
def test_exports_yield_more_than_one_batch_in_the_order_of_ids(store: Store) -> None:
    ids = [f"a{number:04}" for number in range(1203)]
    store.import_articles((Article(article_id, "T", "B") for article_id in reversed(ids)), "import")
    assert [filed.article.id for filed in store.exports.filed()] == ids


# --- importing ---


def test_a_second_import_changes_nothing(store: Store) -> None:
    files = [STARTER / "articles" / "themes.jsonl"]
    first = import_files(store, files, "starter").stored
    before = stored_articles(store)
    second = import_files(store, files, "starter").stored
    assert first == Imported(new=len(before))
    assert second == Imported(unchanged=len(before))
    assert stored_articles(store) == before


def test_an_import_counts_what_is_new_changed_and_unchanged(store: Store) -> None:
    a, b, c = (replace(RAID, id=name) for name in "abc")
    store.import_articles([a, b], "import")
    assert store.import_articles([a, replace(b, title="New title"), c], "import") == Imported(1, 1, 1)


@pytest.mark.parametrize(
    ("line", "place", "told"),
    [
        ('{"id": "b", "title": 2}', "title", "`title` must be a string"),
        ('{"id": "b/c", "title": "Two"}', "id", "`id` 'b/c'"),
        ('{"id": "a", "title": "Two"}', "id", "the id 'a' stands in .*archive.jsonl, line 1 too"),
    ],
    ids=["title", "id", "id twice"],
)
def test_a_bad_line_is_set_aside_with_its_reason_and_the_rest_is_stored(
    store: Store, tmp_path: Path, line: str, place: str, told: str
) -> None:
    file = tmp_path / "archive.jsonl"
    file.write_text(f'{{"id": "a", "title": "One"}}\n{line}\n{{"id": "z", "title": "Z"}}\n', encoding="utf-8")
    aside: list[SetAside] = []
    done = import_files(store, [file], "import", set_aside=aside.append)
    assert (done.stored, done.n_set_aside) == (Imported(new=2), 1)
    assert [(one.file, one.line, one.field) for one in aside] == [(str(file), 2, place)]
    assert re.search(told, aside[0].reason, re.IGNORECASE)
    assert [stored.article.id for stored in stored_articles(store)] == ["a", "z"]


def test_a_mended_file_takes_up_what_was_set_aside(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "archive.jsonl"
    file.write_text('{"id": "a", "title": "One"}\n{"id": "b", "title": 2}\n', encoding="utf-8")
    import_files(store, [file], "import")
    file.write_text('{"id": "a", "title": "One"}\n{"id": "b", "title": "Two"}\n', encoding="utf-8")
    assert import_files(store, [file], "import").stored == Imported(new=1, unchanged=1)


def test_a_file_with_a_byte_order_mark_is_imported(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "archive.jsonl"
    file.write_text('{"id": "a", "title": "One"}\n', encoding="utf-8-sig")
    assert import_files(store, [file], "import").stored == Imported(new=1)


# --- suggestion sets and impressions ---


def test_the_same_article_text_model_and_taxonomy_give_the_same_suggestion_set(store: Store) -> None:
    put_article(store, RAID, "cms")
    ids = {set_of(store, RAID) for _ in range(5)}
    ids.add(set_of(store, replace(RAID, tags=("hamas",), url=None, published_at=None)))
    assert len(ids) == 1
    assert newest_set(store, "raid-1") == (ids.pop(), ANSWER)


def test_another_article_text_format_model_or_taxonomy_gives_another_suggestion_set(store: Store) -> None:
    other = replace(RAID, id="raid-2")
    put_article(store, RAID, "cms")
    put_article(store, other, "cms")
    ids = [
        set_of(store, RAID),
        set_of(store, other),
        set_of(store, replace(RAID, title="Raids")),
        set_of(store, replace(RAID, body="Raids")),
        set_of(store, replace(RAID, body_format="text")),
        set_of(store, RAID, model="m-2"),
        set_of(store, RAID, taxonomy="t-2"),
    ]
    assert len(set(ids)) == len(ids)


def test_words_that_move_from_title_to_body_are_another_text(store: Store) -> None:
    put_article(store, RAID, "cms")
    assert set_of(store, replace(RAID, title="ab", body="c")) != set_of(store, replace(RAID, title="a", body="bc"))


def test_the_newest_suggestion_set_is_the_one_that_is_returned(store: Store) -> None:
    put_article(store, RAID, "cms")
    set_of(store, RAID, model="m-1")
    newest = set_of(store, RAID, model="m-2")
    assert newest_set(store, "raid-1") == (newest, ANSWER)
    assert newest_set(store, "raid-2") is None


def test_an_impression_is_noted_once_for_each_set_and_tag(store: Store) -> None:
    put_article(store, RAID, "cms")
    first = set_of(store, RAID, "taliban", "iskp", model="m-1")
    before = list(store.log.impressions("raid-1"))
    assert set_of(store, RAID, "iskp", "ttp", model="m-1") == first
    second = set_of(store, RAID, "iskp", model="m-2")
    after = list(store.log.impressions("raid-1"))
    assert after[: len(before)] == before
    assert sorted((one.suggestion_set_id, one.tag) for one in after) == sorted(
        [(first, "taliban"), (first, "iskp"), (first, "ttp"), (second, "iskp")]
    )


def test_deleting_an_article_deletes_its_suggestion_sets_and_impressions_and_no_others(
    store: Store,
) -> None:
    for article in (RAID, replace(RAID, id="raid-2")):
        put_article(store, article, "cms")
        set_of(store, article, "taliban")
    store.delete_article("raid-1")
    with pytest.raises(NotFound):
        store.article("raid-1")
    left = contents(store)
    assert [len(left[table]) for table in ("articles", "suggestion_sets", "impressions")] == [1, 1, 1]
    assert [one.tag for one in store.log.impressions("raid-2")] == ["taliban"]


def test_a_suggestion_set_of_an_article_that_is_gone_is_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="raid-1"):
        set_of(store, RAID)


# --- writing at once ---


@pytest.mark.slow
def test_four_threads_writing_lose_nothing(store: Store) -> None:
    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(25):
                mine = replace(RAID, id=f"w{writer}-{number}")
                put_article(store, mine, "cms")
                put_article(store, replace(RAID, id="shared", title=f"{writer} {number}"), "cms")
                set_of(store, mine, "taliban")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert store.count_articles() == {"cms": 101}
    assert all(list(store.log.impressions(f"w{writer}-{number}")) for writer in range(4) for number in range(25))


def test_four_threads_opening_a_new_database_at_once_all_get_a_sound_one(database_url: str) -> None:
    opened: list[Store] = []
    start = threading.Barrier(4)

    def open_it() -> None:
        start.wait(10)
        opened.append(open_store(database_url))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, store in enumerate(opened):
        put_article(store, replace(RAID, id=f"a{number}"), "cms")
    counts = [store.count_articles() for store in opened]
    for store in opened:
        store.close()
    assert counts == [{"cms": 4}] * 4


@pytest.mark.sqlite("another program locks the file")
def test_a_database_that_another_is_opening_is_waited_for(database_url: str) -> None:
    other = sqlite.connect(database_url.removeprefix("sqlite:///"), check_same_thread=False)
    other.execute("CREATE TABLE other (id)")
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    open_store(database_url).close()
    release.join()
    other.close()


def test_a_reader_sees_what_another_connection_has_committed(store: Store, database_url: str) -> None:
    other = open_store(database_url)
    put_article(other, RAID, "cms")
    other.close()
    assert store.article("raid-1").article == RAID


# --- databases that are refused, and how SQLite is opened ---


def test_what_was_stored_is_there_after_the_store_was_closed(store: Store, database_url: str) -> None:
    put_article(store, RAID, "cms")
    store.close()
    again = open_store(database_url)
    found = again.article("raid-1").article
    again.close()
    assert found == RAID


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/not/there/tagger.db").close()
    assert (tmp_path / "not" / "there" / "tagger.db").is_file()


@pytest.mark.sqlite("its file is broken by hand")
def test_a_database_with_a_zeroed_header_is_refused_and_left_as_it_is(store: Store, database_url: str) -> None:
    put_article(store, RAID, "cms")
    store.close()
    path = Path(database_url.removeprefix("sqlite:///"))
    damaged = bytes(100) + path.read_bytes()[100:]
    path.write_bytes(damaged)
    with pytest.raises(BadStore, match=r"cannot be used: .*not a database.* backup"):
        open_store(database_url)
    assert path.read_bytes() == damaged


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear desk, this is no database.\n" * 100, encoding="utf-8")
    with pytest.raises(BadStore, match="not a database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text(encoding="utf-8").startswith("Dear desk")


def test_a_database_of_a_newer_program_is_refused_with_the_advice_to_upgrade(store: Store, database_url: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    for migrate in (True, False):
        with pytest.raises(BadStore, match="9999"):
            open_store(database_url, migrate=migrate)
    with pytest.raises(BadStore, match="Upgrade the program"):
        open_store(database_url)


def test_a_database_without_tables_is_refused_where_it_may_not_be_migrated(empty_url: str) -> None:
    with pytest.raises(BadStore, match=r"no database|revision None"):
        open_store(empty_url, migrate=False)


def test_a_database_that_cannot_be_read_while_serving_is_named_as_such(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE proposals")
    with pytest.raises(BadStore, match="proposals"):
        store.proposals.list()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "cannot be used"),
        ("mysterydb://localhost/tagger", "cannot be used"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_an_unusable_database_url_is_refused_with_an_example(url: str, told: str) -> None:
    with pytest.raises(BadStore, match=f"{told}.*sqlite:///var/tagger.db"):
        open_store(url)


@pytest.mark.sqlite("it is about SQLite's version")
def test_sqlite_is_new_enough_not_to_lose_commits(store: Store) -> None:
    assert sqlite.sqlite_version_info >= MIN_SQLITE >= (3, 51, 3)
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    assert found == sqlite.sqlite_version


@pytest.mark.sqlite("it is about SQLite's version")
def test_an_sqlite_that_can_lose_commits_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.store.database.sqlite.MIN_SQLITE", (99, 0, 0))
    with pytest.raises(BadStore, match=r"can lose commits; 99\.0\.0 is needed"):
        open_store(database_url)


@pytest.mark.sqlite("it reads SQLite's settings")
def test_every_connection_is_durable_and_checks_its_references(store: Store) -> None:
    with store.engine.connect() as one, store.engine.connect().execution_options(readonly=True) as _two:
        pragmas = {
            name: one.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}


def test_migrating_leaves_foreign_keys_on(store: Store) -> None:
    migrate_to(store.engine, "head")
    with pytest.raises(NotFound, match="raid-1"):
        set_of(store, RAID)


def test_starter_articles_are_kept_and_not_listed(store: Store) -> None:
    put_article(store, Article("starter-1", "A", "b"), STARTER_SOURCE)
    put_article(store, Article("desk-1", "A", "b"), "cms")
    assert [one.article.id for one in store.queue.page(Wanted(), None, 9)[0]] == ["desk-1"]
    assert store.count_articles() == {"cms": 1, "starter": 1}


# --- what is known stays known ---

DATED = Article("a", "ISKP bomber kills twelve", "ISKP said so.", tags=("iskp", "taliban"))


def example(store: Store) -> Article:
    (found,) = store.exports.examples()
    return found


def test_what_an_import_listed_and_the_cms_does_not_is_no_removal(store: Store) -> None:
    store.import_articles([DATED], "import")
    put_article(store, replace(DATED, tags=("our-own",), tags_complete=False), "cms")
    assert store.log.read("a").rows == []
    known = example(store)
    assert (known.rejected, known.tags_complete) == ((), False)
    put_article(store, replace(DATED, tags=(), tags_complete=False), "cms")
    assert [(row.tag, row.action) for row in store.log.read("a").rows] == [("our-own", "remove")]


def test_complete_tags_stay_so_while_the_cms_lists_them_all(store: Store) -> None:
    store.import_articles([DATED], "import")
    listed = replace(DATED, tags=("taliban", "iskp", "attack"), tags_complete=False)
    for again in (listed, replace(listed, language="en"), replace(listed, language="fr"), listed):
        put_article(store, again, "cms")  # the same text, whatever its language is called
        assert example(store).tags_complete
    assert store.article("a").state == "closed"
    put_article(store, replace(DATED, body="A wholly different text. " * 20, tags_complete=False), "cms")
    assert not example(store).tags_complete


def test_an_import_that_says_nothing_of_tags_makes_none_wrong(store: Store) -> None:
    put_article(store, replace(DATED, tags=("taliban",), tags_complete=False), "cms")
    store.import_articles([replace(DATED, body="Mended.", tags=None)], "import")
    known = example(store)
    assert (known.tags, known.tags_complete) == (("taliban",), False)
    assert store.article("a").state == "new"


def test_a_record_that_leaves_tags_open_makes_no_other_wrong(store: Store) -> None:
    store.import_articles([replace(DATED, tags=("iskp",), unknown=("taliban",))], "import")
    assert not example(store).tags_complete


def test_tags_without_any_date_were_given_when_they_came(store: Store) -> None:
    store.import_articles([DATED, replace(DATED, id="b", published_at="2020-01-01")], "import")
    found = {one.id: one.tagged_at for one in store.exports.examples()}
    assert found == {"a": store.article("a").created_at, "b": None}


def test_articles_of_which_nothing_is_known_do_not_drive_the_starter_articles_out(store: Store) -> None:
    store.import_articles([replace(DATED, id="s")], STARTER_SOURCE)
    for number in range(5):
        put_article(store, replace(DATED, id=f"n{number}", tags=(), tags_complete=False), "cms")
    assert {one.id for one in store.exports.examples(starter_until=5)} == {"s"}
    store.import_articles([replace(DATED, id=f"k{number}") for number in range(5)], "import")
    assert "s" not in {one.id for one in store.exports.examples(starter_until=5)}


def test_an_article_that_others_store_and_delete_meanwhile_is_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process stores it first, and deletes it before the next try. That happens three times."""
    conflicts = iter([IntegrityError("INSERT", {}, Exception("duplicate key"))] * 3)

    def arrive_late(*given: Any) -> Arrival:
        for conflict in conflicts:
            raise conflict
        return arrive(*given)

    monkeypatch.setattr("classifier.store.store.arrive", arrive_late)
    store.receive(RAID, "cms", ModelAnswer("m-1", "t-1", ANSWER, None), lambda *_: [], NO_SHARES, None)
    assert store.article(RAID.id).article.title == RAID.title
