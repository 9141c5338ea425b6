"""Sketches of texts: no transaction that writes computes one, whatever the text and the age of the store."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from classifier.domain.articles import Article
from classifier.store.log import Draft
from classifier.store.schema import articles as table
from classifier.store.store import Store
from classifier.text.cleaning import clean_body, normalise
from classifier.text.shingles import sketch_of
from tests.everything import put_set
from tests.hostile import without_collections
from tests.storing import put_article

DRAW = random.Random(7)
LONG = " ".join(f"word{DRAW.randrange(5000)}" for _ in range(100_000))
BEFORE = Article("a", "ISKP in Kabul", LONG, tags_complete=False)
AFTER = replace(BEFORE, body=f"{LONG} The mosque reopened.")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with without_collections():
        yield


class Transactions:
    """How much of the processor the transactions that write on a store took in this thread."""

    def __init__(self, store: Store) -> None:
        self.seconds, self._begun, self._thread = 0.0, 0.0, threading.get_ident()
        event.listen(store.engine, "begin", self._begin)
        event.listen(store.engine, "commit", self._end)

    def _begin(self, connection: object) -> None:
        self._begun = time.thread_time()

    def _end(self, connection: object) -> None:
        if threading.get_ident() == self._thread:
            self.seconds += time.thread_time() - self._begun


def seconds_of_sketch() -> float:
    """Return how long the sketch of the long text takes."""
    begun = time.thread_time()
    sketch_of(f"{normalise(BEFORE.title).text}\n{clean_body(BEFORE).text}")
    return time.thread_time() - begun


def kept(store: Store) -> bytes | None:
    with store.engine.connect().execution_options(readonly=True) as connection:
        sketch: bytes | None = connection.scalar(select(table.c.sketch).where(table.c.id == "a"))
    return sketch


def forget_sketch(store: Store) -> None:
    """Make the article one that was stored before sketches were kept beside it."""
    with store.engine.begin() as connection:
        connection.execute(update(table).values(sketch=None))


def test_saving_a_long_text_again_keeps_other_writers_waiting_for_no_sketch(store: Store) -> None:
    put_article(store, BEFORE, "cms")
    store.log.decide("a", [Draft("reject", "iskp")], "ada", lambda *_: {})
    transactions = Transactions(store)
    assert put_article(store, AFTER, "cms") == "changed"
    assert transactions.seconds < seconds_of_sketch() / 2
    assert store.log.read("a").standing().rejected == ("iskp",)


def test_importing_long_texts_again_keeps_other_writers_waiting_for_no_sketch(store: Store) -> None:
    store.import_articles([BEFORE], "import")
    transactions = Transactions(store)
    assert store.import_articles([AFTER], "import").changed == 1
    assert transactions.seconds < seconds_of_sketch() / 2


@pytest.mark.slow
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "of an older version"])
def test_a_decision_on_suggestions_of_an_older_text_keeps_nobody_waiting_for_a_sketch(
    store: Store, is_old: bool
) -> None:
    put_article(store, BEFORE, "cms")
    set_id = put_set(store, BEFORE, "m-1", "t-1", {"suggestions": [], "mentioned": []})
    put_article(store, AFTER, "cms")
    if is_old:
        forget_sketch(store)
    transactions = Transactions(store)
    store.log.decide("a", [Draft("reject", "iskp")], "ada", lambda *_: {}, suggestion_set_id=set_id)
    assert transactions.seconds < seconds_of_sketch() / 2
    assert store.log.read("a").standing().rejected == ("iskp",)


def test_a_sketch_is_kept_once_a_text_was_replaced_and_is_that_of_the_text(store: Store) -> None:
    short = replace(BEFORE, body="ISKP said so in Kabul. " * 3)
    put_article(store, short, "cms")
    assert kept(store) is None
    changed = replace(short, body="The Taliban denied it in Kandahar. " * 3)
    put_article(store, changed, "cms")
    assert kept(store) == sketch_of(f"{normalise(changed.title).text}\n{clean_body(changed).text}")
    forget_sketch(store)
    store.log.decide("a", [Draft("reject", "iskp")], "ada", lambda *_: {})
    put_article(store, replace(changed, body=f"{changed.body}."), "cms")
    assert store.log.read("a").standing().rejected == ("iskp",)
