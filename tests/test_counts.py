"""Counts of articles that the database keeps: exact after whatever changes the articles, also on many connections at once."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, text, update

from classifier.domain.articles import Article
from classifier.errors import NotFound
from classifier.store.counts import stop_counting
from classifier.store.database.copying import copy_store
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.log import Draft
from classifier.store.queue import STARTER, STATES, Wanted
from classifier.store.schema import article_counts
from classifier.store.schema import articles as table
from classifier.store.store import Store
from tests.postgres import database
from tests.storing import put_article

DAYS = ("2024-06-05", "2024-06-06", "2024-06-07", None)
SOURCES = ("cms", "import", STARTER)


def by_hand(store: Store, wanted: Wanted) -> dict[str, int]:
    """Return the counts of `Queue.counts`, counted article by article."""
    states: Counter[str] = Counter()
    with store.engine.connect().execution_options(readonly=True) as connection:
        for row in connection.execute(select(table.c.state, table.c.source, table.c.dated_at)):
            day = row.dated_at[:10]
            fits = (wanted.since or "") <= day <= (wanted.until or "9") and wanted.source in (None, row.source)
            states[row.state] += fits and row.source != STARTER
    return {state: states[state] for state in STATES}


def assert_exact(store: Store) -> None:
    for source in (None, *SOURCES):
        for days in ((None, None), ("2024-06-06", None), (None, "2024-06-06"), ("2024-06-06", "2024-06-06")):
            wanted = Wanted(None, source, None, *days)
            assert store.queue.counts(wanted) == by_hand(store, wanted)
    with store.engine.connect().execution_options(readonly=True) as connection:
        sources = Counter(connection.scalars(select(table.c.source)))
    assert store.count_articles() == dict(sorted(sources.items()))
    assert store.queue.sources() == sorted(sources.keys() - {STARTER})


def change_at_random(store: Store, draw: random.Random, n_times: int) -> None:
    """Change a store as requests, imports and commands do."""
    for _ in range(n_times):
        article = Article(f"a{draw.randrange(8)}", "Rain in Lagos", published_at=draw.choice(DAYS), tags_complete=False)
        with suppress(NotFound):
            match draw.randrange(5):
                case 0:
                    put_article(store, article, draw.choice(SOURCES))
                case 1:
                    others = [
                        replace(article, id=f"a{number}", tags=("iskp",), tags_complete=True) for number in range(3)
                    ]
                    store.import_articles([article, *others], draw.choice(SOURCES))
                case 2:
                    store.delete_article(article.id)
                case 3:
                    complete = draw.random() < 0.5
                    store.log.decide(article.id, [Draft("add", "iskp")], "ada", lambda *_: {}, complete=complete)
                case 4:
                    with store.engine.begin() as connection:
                        connection.execute(update(table).where(table.c.id == article.id).values(state="new"))


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_exact_after_any_change(store: Store, seed: int) -> None:
    change_at_random(store, random.Random(seed), 40)
    assert_exact(store)


@pytest.mark.slow
def test_counts_are_exact_after_changes_on_many_connections_at_once(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(change_at_random, store, random.Random(seed), 20) for seed in range(6)]
        for job in jobs:
            job.result(120)
    assert_exact(store)


def test_counts_are_taken_anew_where_a_migration_has_made_the_table_anew(store: Store, database_url: str) -> None:
    put_article(store, Article("a", "Rain", published_at="2024-06-06"), "cms")
    with store.engine.begin() as connection:
        stop_counting(connection)
    put_article(store, Article("b", "Rain", published_at="2024-06-06"), "cms")
    assert store.count_articles() == {"cms": 1}
    open_store(database_url).close()
    assert_exact(store)


def test_migrating_again_counts_nothing_twice(store: Store) -> None:
    put_article(store, Article("a", "Rain", published_at="2024-06-06"), "cms")
    migrate_to(store.engine, "head")
    assert_exact(store)


def test_a_copy_counts_for_itself(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    change_at_random(store, random.Random(1), 20)
    copy = open_store(database(tmp_path_factory.mktemp("copy")))
    copy_store(store, copy, lambda rows, *_: rows)
    assert copy.count_articles() == store.count_articles()
    assert_exact(copy)
    copy.close()


def n_counters(store: Store) -> int:
    with store.engine.connect().execution_options(readonly=True) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM article_counts")) or 0)


def test_there_are_not_many_more_counters_than_days_sources_and_states(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(_put_all, store, name) for name in "abcd"]
        for job in jobs:
            job.result(120)
    assert store.count_articles() == {"cms": 100}
    assert n_counters(store) <= 4 * 2  # of each connection one for the day and one for all days


def _put_all(store: Store, name: str) -> None:
    for number in range(25):
        put_article(store, Article(f"{name}{number}", "Rain", published_at="2024-06-06"), "cms")


def test_nothing_is_left_of_articles_that_all_were_deleted(store: Store) -> None:
    put_article(store, Article("a", "Rain", published_at="2024-06-06"), "cms")
    with store.engine.begin() as connection:
        connection.execute(delete(table))
    assert store.count_articles() == {}
    with store.engine.connect().execution_options(readonly=True) as connection:
        assert set(connection.scalars(select(article_counts.c.n))) == {0}
