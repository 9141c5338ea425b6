"""A store that has rows in every table, for the tests that copy it, save it and bring it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.schedule import Schedule
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.assignments import Additions, Scope
from classifier.store.cms_terms import PERSON, KeptTerm
from classifier.store.database.opening import open_store
from classifier.store.feed_places import FeedPlace
from classifier.store.leases import Holder
from classifier.store.log import Draft
from classifier.store.reports import KeptReport
from classifier.store.rows import StoredArticle
from classifier.store.samples import Sample
from classifier.store.saved_filters import SavedFilter
from classifier.store.schema import article_counts, counters, metadata
from classifier.store.shadow import InShadow
from classifier.store.store import Store
from classifier.store.suggestion_sets import ModelAnswer, TagScore
from classifier.store.webhooks import KINDS
from tests.storing import put_article

KABUL = Article("kabul", "ISKP bomber kills twelve at Kabul mosque", "The Taliban said the “attack” killed 12 — 🕌.")


def fill(tagger: Tagger, archive: Iterable[Article]) -> str:
    """Fill every table as a desk does, and return the secret of an admin's key."""
    store = tagger.store
    store.import_articles(archive, "import")
    tagger.put_article(replace(KABUL, tags=("taliban", "unheard-of"), published_at="2024-06-06"))
    tagger.put_article(replace(KABUL, body="Rain in Lagos.", standfirst="It rained.", tags=("taliban",)))
    said = [Draft("accept", "iskp"), Draft("reject", "policy", "wrong", "näh")]
    done = tagger.decide("kabul", DecisionBatch(said), "ada")
    tagger.decide("kabul", DecisionBatch([Draft("undo", undoes=done["decisions"][0]["id"])]), "ada", "ada", "key-1")
    tagger.decide("kabul", DecisionBatch([Draft("add", "attack")], complete=True), "bo")
    for tags in (("iskp",), ()):  # a term that vanished
        for number in range(11):
            put_article(store, Article(f"term-{number}", "T", "B", tags=tags, tags_complete=False), "cms")
    put_article(store, Article("withdrawn", "T", "B"), "cms")
    store.delete_article("withdrawn")
    store.proposals.add("Zāgros front", "twice this week", "kabul", "ada")
    secret = store.keys.create("chief", "admin")
    store.sessions.start("chief", store.keys.of(secret))
    with store.runs.alone("archive"):
        found = next(store.assignments.candidates(Scope()))
        added = Additions(found.article.id, found.stamp, [("leadership", 0.75)])
        store.assignments.add(store.runs.begin("archive"), [added], lambda same: {"n": len(same)})
    of_sample = ("leadership", {"band": "suggest"}, "v", "m-1", 40, [[750, 40]], 7, "ada", "2024-06-06")
    store.samples.keep(Sample("s-1", *of_sample), [("kabul", 0.75)])
    store.reports.put(KeptReport("desk", "2024-06-06", 5, "t-1", {"editors": ["ada", "bo"]}))
    store.taxonomy.import_first(tagger.taxonomy(), "ada")
    store.feed_places.put("cms-1", FeedPlace(1, 3, 0, 2))
    store.cms_terms.keep(
        "cms-1", [KeptTerm("7", "Khorasan — 🕌", "kb", "post_tag", ("iskp",), PERSON, (("ttp", "2024"),))]
    )
    store.shadow.put([InShadow("kabul", "d", "v-2", {"iskp": 0.75}, "v-1", {})])
    store.leases.take("kabul", Holder("session", "ada"))
    store.saved_filters.save("ada", SavedFilter("Africa", {"source": "cms"}))
    webhook, _ = store.webhooks.add("https://cms.example.org/hook", KINDS, "ada")
    put_article(store, Article("told", "T", "B", tags=("iskp",)), "cms")
    store.log.decide("told", [Draft("add", "attack")], "ada", lambda *_: {})
    store.deliveries.arrange(webhook, store.events.last())
    store.schedules.change(Schedule("on", ("mon", "thu"), "02:30", "Europe/Paris"), "ada")
    store.ignored_blocks.ignore(["sign up to our newsletter"], "Sign up to our newsletter", "ada")
    store.people.invite("cleo", "editor", "ada")
    store.keys.settle()
    assert [name for name, rows in contents(store).items() if not rows] == []
    return secret


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of every table but those that count, in the order of their keys."""
    found = {}
    with store.engine.connect().execution_options(readonly=True) as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [{str(name): value for name, value in row.items()} for row in rows]
    del found[counters.name], found[article_counts.name]  # each database counts by itself
    return found


def stored_articles(store: Store) -> list[StoredArticle]:
    """Return all articles of a store in the order of their ids."""
    return [store.article(filed.article.id) for filed in store.exports.filed()]


def put_set(
    store: Store,
    article: Article,
    model: str,
    taxonomy: str,
    answer: dict[str, Any],
    margin: float | None = None,
    shown: Sequence[TagScore] = (),
) -> str:
    """Keep a model's answer to an article, of which some suggestions are shown, and return the set's id."""
    return store.suggestion_sets.show(article, ModelAnswer(model, taxonomy, answer, margin), shown)


def newest_set(store: Store, article_id: str) -> tuple[str, dict[str, Any]] | None:
    """Return the newest suggestion set of an article as (id, answer)."""
    rows = [row for row in contents(store)["suggestion_sets"] if row["article_id"] == article_id]
    newest = max(rows, key=lambda row: row["created_at"], default=None)
    return (newest["id"], newest["answer"]) if newest else None


def stored_at(database_url: str) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of a database."""
    store = open_store(database_url, migrate=False)
    try:
        return contents(store)
    finally:
        store.close()


def exported(database_url: str, folder: Path) -> dict[str, bytes]:
    """Return what `export` writes of a store."""
    for what in ("examples", "decisions"):
        assert main(["export", what, "--database", database_url, "--output", str(folder / what)]) == 0
    return {what: (folder / what).read_bytes() for what in ("examples", "decisions")}
