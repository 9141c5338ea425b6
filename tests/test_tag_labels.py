"""The labels of some tags are counted without reading all articles, and come out as if all had been read."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import update

from classifier.domain.articles import Article
from classifier.domain.decisions import Decision
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.reports.preview.counts import LabelCounts
from classifier.store.log import ArticleLog, Draft
from classifier.store.schema import articles, decisions
from classifier.store.store import Store
from classifier.store.tag_labels import Sender
from tests.storing import put_article

TAGS = ("a", "b", "c", "new", "late")
TAXONOMY = Taxonomy((*(Tag(tag, tag) for tag in "abc"), Tag("new", "new", created="2024"), Tag("late", "late")))
DAYS = (None, "2023-12-31", "2024-01-01", "2024-05-01T10:00:00+02:00")
OPERATIONS = ("merge a into b", "split b into c d", "rename new to newer", "set late created=2026-11-30")


def _ids_of(rows: list[Decision], _log: ArticleLog) -> dict[str, object]:
    return {"ids": [row.id for row in rows if row.action != "undo"]}


def fill(store: Store, draw: random.Random) -> None:
    """Store articles of all sorts, and decisions of all sorts on them."""
    for number in range(30):
        tags = None if draw.random() < 0.2 else tuple(draw.sample(TAGS, draw.randrange(3)))
        article = Article(id=f"x{number}", body=f"{number} words", tags=tags, published_at=draw.choice(DAYS))
        if draw.random() < 0.5:
            store.import_articles([article], "import")
        else:
            put_article(store, article, "cms", owner="wp" if number % 2 else None)
        made: list[str] = []
        for _ in range(draw.randrange(4)):
            draft = draw.choice([Draft("accept", "a"), Draft("reject", "b"), Draft("add", "new"), Draft("reopen")])
            if made and draw.random() < 0.3:
                draft = Draft("undo", undoes=made.pop())
            complete = draft.action != "reopen" and draw.random() < 0.4
            rows = store.log.decide(article.id, [draft], "ed", _ids_of, complete=complete)["ids"]
            made += rows if isinstance(rows, list) else []
        if draw.random() < 0.2 and article.tags is not None:
            put_article(
                store, Article(id=article.id, body="Another text altogether, on sheep.", tags=article.tags), "cms"
            )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_tags_are_counted_as_if_all_articles_had_been_read(store: Store, seed: int) -> None:
    fill(store, random.Random(seed))
    with store.engine.begin() as connection:  # some were closed before a tag was made
        connection.execute(update(decisions).where(decisions.c.action == "complete").values(at="2020-01-01T00:00:00"))
        connection.execute(update(articles).where(articles.c.id < "x3").values(created_at="2025-01-01T00:00:00"))
    store.taxonomy.import_first(TAXONOMY, "x")
    after = store.taxonomy.preview([operation_from_text(line) for line in OPERATIONS]).taxonomy()
    tags = ("a", "b", "c", "d", "new", "newer", "late")
    fast, slow = LabelCounts(tags, TAXONOMY, after), LabelCounts(tags, TAXONOMY, after)
    slow.add(example.article for example in store.exports.attributed())
    ids = store.tag_labels.speaking_of(fast.ids).article_ids
    assert 5 < len(ids) < 30
    fast.add(example.article for example in store.exports.attributed(texts=False, ids=ids))
    fast.add_complete(store.tag_labels.complete(ids))
    assert [fast.change(tag, 30) for tag in tags] == [slow.change(tag, 30) for tag in tags]
    assert vars(fast)["n_several"] == vars(slow)["n_several"]


def test_posts_are_counted_by_who_lists_a_tag(store: Store) -> None:
    put_article(store, Article(id="x", body="x", tags=("a", "b")), "cms", owner="wp")
    put_article(store, Article(id="y", body="y", tags=("a",)), "cms", owner="wp")
    store.import_articles([Article(id="z", body="z", tags=("a", "ab"))], "import")
    assert store.tag_labels.speaking_of(["a", "b"]).listed == {
        Sender("wp", True): {"a": 2, "b": 1},
        Sender("import", False): {"a": 1},
    }
    assert store.tag_labels.n_articles() == 3
