"""Open articles that nobody has opened: judged beside the requests, found by their tags, shown only when they are shown."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.errors import Busy
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.operations.status import status
from classifier.serving.backlog import JOB, Backlog
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.arrivals import Shares
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.store import Store
from classifier.store.suggestion_sets import BRIEF, _waiting, judged_by
from tests.everything import newest_set
from tests.server import start, stop
from tests.storing import put_article
from tests.waiting import SECONDS

RATE = 10_000
BOMBING = "ISKP claimed the bombing of a mosque in Kabul. The Taliban said they would hunt ISKP in Afghanistan."
FARMING = "A bakery in Lyon has won a prize for its bread."


def imported(store: Store, n: int, source: str = "import") -> None:
    """Import open articles, every second one on a tag."""
    bodies = [BOMBING, FARMING]
    articles = [Article(f"a{k}", f"Story {k}", bodies[k % 2], tags_complete=False) for k in range(n)]
    store.import_articles(articles, source)


def waiting(tagger: Tagger) -> int:
    model = tagger.serving.model()
    return tagger.store.suggested.n_waiting(judged_by(model.version, model.taxonomy.version))


def found(store: Store, tag: str = "iskp") -> list[str]:
    page, _ = store.queue.page(Wanted("open", tag=tag), None, 100)
    return sorted(one.article.id for one in page)


def impressions(store: Store) -> list[tuple[str, str]]:
    return sorted((one.article_id, one.tag) for one in store.log.all_impressions())


def test_after_an_import_every_article_with_a_tag_is_found_and_none_counts_as_shown(tagger: Tagger) -> None:
    store = tagger.store
    imported(store, 6)
    assert (waiting(tagger), found(store)) == (6, [])
    assert Backlog(tagger, RATE).work() == 6
    assert (waiting(tagger), found(store)) == (0, ["a0", "a2", "a4"])
    assert impressions(store) == []
    assert newest_set(store, "a0") is None
    assert Backlog(tagger, RATE).work() == 0


def test_margins_of_imported_articles_order_the_queue(tagger: Tagger) -> None:
    imported(tagger.store, 6)
    Backlog(tagger, RATE).work()
    margins = {}
    for one in ("a0", "a1"):
        model = tagger.serving.model()
        margins[one] = model.suggest(tagger.store.article(one).article).margin
    page, _ = tagger.store.queue.page(Wanted("open", order="teach"), None, 1)
    assert margins["a0"] != margins["a1"]
    assert page[0].article.body == (BOMBING if margins["a0"] < margins["a1"] else FARMING)


def test_a_promotion_has_all_judged_anew_and_rows_of_the_old_model_go(tagger: Tagger, registry: Registry) -> None:
    imported(tagger.store, 4)
    Backlog(tagger, RATE).work()
    before = tagger.serving.model()
    # The tag goes with the new model, as one that is muted.
    tags = tuple(replace(tag, status="muted") if tag.id == "iskp" else tag for tag in before.taxonomy.tags)
    registry.promote(registry.save(retagged(before, replace(before.taxonomy, tags=tags))), "tests", "muted")
    tagger.serving._looked_at = 0.0
    tagger.serving.settled()
    assert tagger.serving.settled().version != before.version
    assert waiting(tagger) == 4
    Backlog(tagger, RATE).work()
    assert (waiting(tagger), found(tagger.store)) == (0, [])
    assert found(tagger.store, "taliban") == ["a0", "a2"]


def test_killed_in_the_middle_it_goes_on_from_there(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(tagger.store, 9)
    monkeypatch.setattr("classifier.serving.backlog.AT_ONCE", 3)
    put, n = tagger.store.suggested.put, []

    def killed(by: str, judged: Any) -> None:
        if len(n) == 2:
            raise KeyboardInterrupt
        n.append(1)
        put(by, judged)

    monkeypatch.setattr(tagger.store.suggested, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        Backlog(tagger, RATE).work()
    monkeypatch.undo()
    assert waiting(tagger) == 3
    assert Backlog(tagger, RATE).work() == 3


def test_one_process_of_all_is_at_it(tagger: Tagger) -> None:
    imported(tagger.store, 2)
    with tagger.store.runs.alone(JOB), pytest.raises(Busy):
        Backlog(tagger, RATE).work()
    assert waiting(tagger) == 2


def test_what_was_decided_rejected_or_is_blind_is_not_found(tagger: Tagger) -> None:
    store = tagger.store
    imported(store, 3)
    put_article(store, Article("blind", "Story", BOMBING), "cms", Shares(blind=1))
    store.import_articles([Article("no", "Story", BOMBING, rejected=("iskp",), tags_complete=False)], "import")
    store.import_articles([Article("has", "Story", BOMBING, tags=("iskp",), tags_complete=False)], "import")
    store.log.decide("a0", [Draft("reject", "iskp")], "ana", lambda *_: {})
    Backlog(tagger, RATE).work()
    assert found(store) == ["a2"]
    assert found(store, "taliban") == ["a0", "a2", "has", "no"]


def test_a_changed_text_waits_again_and_what_was_judged_meanwhile_is_not_taken_for_it(tagger: Tagger) -> None:
    store, model = tagger.store, tagger.serving.model()
    imported(store, 1)
    by = judged_by(model.version, model.taxonomy.version)
    judged = list(tagger.judge_waiting(model, store.suggested.waiting(by, 10)))
    store.import_articles([Article("a0", "Story 0", FARMING, tags_complete=False)], "import")
    store.suggested.put(by, judged)
    assert (waiting(tagger), found(store)) == (1, [])
    Backlog(tagger, RATE).work()
    assert (waiting(tagger), found(store)) == (0, [])


def test_an_article_that_cannot_be_judged_is_set_aside_and_the_others_are_judged(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tagger.store, 3)
    brief = tagger.answers.brief

    def broken(article: Article, model: TagModel) -> Any:
        if article.id == "a0":
            raise IndexError(article.body)
        return brief(article, model)

    monkeypatch.setattr(tagger.answers, "brief", broken)
    assert Backlog(tagger, RATE).work() == 3
    assert (waiting(tagger), found(tagger.store)) == (0, ["a2"])


def test_the_bulk_list_has_what_nobody_has_seen_and_shows_it(client: FlaskClient, tagger: Tagger, store: Store) -> None:
    imported(store, 6)
    Backlog(tagger, RATE).work()
    rows = client.get("/review/bulk.json?tag=iskp").json["rows"]
    assert [row["article_id"] for row in rows] == ["a0", "a2", "a4"]
    assert all(row["score"] > 0 and row["band"] in ("auto", "suggest") for row in rows)
    assert impressions(store) == [("a0", "iskp"), ("a2", "iskp"), ("a4", "iskp")]
    assert client.get("/review/bulk.json?tag=iskp").json["rows"] == rows
    assert len(impressions(store)) == 3
    decision = {"suggestion_set_id": rows[0]["suggestion_set_id"], "decisions": [{"tag": "iskp", "action": "accept"}]}
    (decided,) = client.post("/v1/articles/a0/decisions", json=decision).json["decisions"]
    assert (decided["score"], decided["band"]) == (rows[0]["score"], rows[0]["band"])
    assert [row["article_id"] for row in client.get("/review/bulk.json?tag=iskp").json["rows"]] == ["a2", "a4"]


def test_what_was_suggested_for_a_text_is_not_shown_for_the_text_that_an_import_puts_in_its_place(
    client: FlaskClient, tagger: Tagger
) -> None:
    imported(tagger.store, 1)
    Backlog(tagger, RATE).work()
    tagger.store.import_articles([Article("a0", "Story 0", FARMING, tags_complete=False)], "import")
    assert client.get("/review/bulk.json?tag=iskp").json["rows"] == []
    assert impressions(tagger.store) == []


def test_a_list_leaves_out_what_no_model_has_judged_since_its_tags_changed(client: FlaskClient, tagger: Tagger) -> None:
    imported(tagger.store, 1)
    Backlog(tagger, RATE).work()
    changed = Article("a0", "Story 0", BOMBING, tags=("taliban",), tags_complete=False)
    tagger.store.import_articles([changed], "import")
    assert client.get("/review/bulk.json?tag=iskp").json["rows"] == []
    Backlog(tagger, RATE).work()
    assert [row["article_id"] for row in client.get("/review/bulk.json?tag=iskp").json["rows"]] == ["a0"]


def test_the_set_of_a_list_is_made_whole_when_its_article_is_opened(tagger: Tagger, client: FlaskClient) -> None:
    imported(tagger.store, 1)
    Backlog(tagger, RATE).work()
    (row,) = client.get("/review/bulk.json?tag=iskp").json["rows"]
    seen = client.get("/v1/articles/a0").json
    assert seen["suggestion_set_id"] == row["suggestion_set_id"]
    kept = newest_set(tagger.store, "a0")
    assert kept is not None
    assert BRIEF not in kept[1]
    assert kept[1]["suggestions"][0]["evidence"]


def test_status_says_how_many_articles_wait(tagger: Tagger, registry: Registry, database_url: str) -> None:
    imported(tagger.store, 4)
    assert status(registry, database_url)["waiting"] == 4
    Backlog(tagger, RATE).work()
    assert status(registry, database_url)["waiting"] == 0


@pytest.mark.slow
def test_a_running_service_judges_what_is_imported_beside_it(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    lines = tmp_path / "archive.jsonl"
    rows = [{"id": f"a{k}", "title": f"Story {k}", "body": BOMBING, "tags_complete": False} for k in range(3)]
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    server = start(registry.folder, database_url, "--workers", "2")
    try:
        assert main(["import", str(lines), "--database", database_url]) == 0
        until = time.monotonic() + SECONDS
        while len(server.ask("GET", "/review/bulk.json?tag=iskp")[1]["rows"]) < 3:
            assert time.monotonic() < until, "the service has not judged what was imported"
            time.sleep(0.5)
    finally:
        stop(server)


@pytest.mark.sqlite
def test_what_waits_is_found_by_an_index(store: Store) -> None:
    with store.engine.connect().execution_options(readonly=True) as connection:
        for query in _waiting("v t"):
            text = str(query.limit(1).compile(store.engine, compile_kwargs={"literal_binds": True}))
            (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            assert "COVERING INDEX ix_articles_judged_by" in plan[3]
