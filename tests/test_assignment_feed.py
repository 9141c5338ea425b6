"""What archive runs added and took back, as a CMS reads it from its place on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from classifier.archive.adding import Plan
from classifier.archive.stored import run, undo
from classifier.domain.operations import Merge, Retire
from classifier.domain.progress import untracked
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to
from classifier.store.log import Draft
from classifier.store.queue import STARTER
from classifier.store.store import Store
from tests.storing import put_article
from tests.test_archive_runs import KABUL, standing

ALL = Plan(band="suggest")


@pytest.fixture
def folder(registry: Registry) -> Path:
    return registry.champion_folder()


@pytest.fixture
def keys(store: Store) -> dict[str, str]:
    return {
        name: store.keys.create(name, role) for name, role in (("north", "cms"), ("south", "cms"), ("root", "admin"))
    }


def read(client: FlaskClient, key: str, **query: Any) -> dict[str, Any]:
    response = client.get("/v1/assignments", query_string=query, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def pairs(page: dict[str, Any], state: str = "added") -> set[tuple[str, str]]:
    return {(row["article_id"], row["tag"]) for row in page["assignments"] if row["state"] == state}


def test_a_key_reads_of_its_own_articles_and_of_nobodys(
    client: FlaskClient, store: Store, folder: Path, keys: dict[str, str]
) -> None:
    for article_id, owner in (("wp-1", "north"), ("wp-2-7", "south")):
        put_article(store, replace(KABUL, id=article_id), "cms", owner=owner)
    store.import_articles([replace(KABUL, id="wp-3")], "import")
    store.import_articles([replace(KABUL, id="ours")], STARTER)
    run(store, folder, ALL, untracked)
    run(store, folder, Plan(replace(ALL.scope, source=STARTER), "suggest"), untracked)
    everything = standing(store)
    assert "ours" in {article_id for article_id, _ in everything}
    seen = {name: {article_id for article_id, _ in pairs(read(client, keys[name]))} for name in keys}
    assert seen == {"north": {"wp-1", "wp-3"}, "south": {"wp-2-7", "wp-3"}, "root": {"wp-1", "wp-2-7", "wp-3"}}
    page = read(client, keys["root"], prefix="wp-2-")
    assert pairs(page) == {pair for pair in everything if pair[0] == "wp-2-7"}
    row = next(row for row in page["assignments"] if row["tag"] == "iskp")
    assert (row["label"], row["kind"]) == ("Islamic State Khorasan Province", "group")
    assert 0 < row["score"] <= 1


def test_an_undo_is_read_behind_what_was_read_before_and_each_addition_once(
    client: FlaskClient, store: Store, folder: Path, keys: dict[str, str]
) -> None:
    store.import_articles([replace(KABUL, id=f"wp-{n}") for n in (1, 2, 3)], "import")
    run(store, folder, ALL, untracked)
    added = standing(store)
    first = read(client, keys["north"])
    assert (pairs(first), first["next"]) == (added, None)
    assert read(client, keys["north"], since=first["head"])["assignments"] == []
    undo(store)
    second = read(client, keys["north"], since=first["head"])
    assert pairs(second, "undone") == added
    assert len(read(client, keys["north"])["assignments"]) == len(added)
    run(store, folder, ALL, untracked)
    third = read(client, keys["north"], since=second["head"])
    assert pairs(third) == added
    places = [row["place"] for row in read(client, keys["north"])["assignments"]]
    assert places == sorted(set(places))
    assert len(places) == 2 * len(added)


def test_pages_follow_each_other_and_lose_nothing(
    client: FlaskClient, store: Store, folder: Path, keys: dict[str, str]
) -> None:
    store.import_articles([replace(KABUL, id=f"wp-{n}") for n in range(5)], "import")
    run(store, folder, ALL, untracked)
    found, since, n_pages = set[tuple[str, str]](), 0, 0
    while since is not None:
        page = read(client, keys["north"], since=since, limit=2)
        assert len(page["assignments"]) <= 2
        found, since, n_pages = found | pairs(page), page["next"], n_pages + 1
    assert found == standing(store)
    assert n_pages == -(-len(found) // 2)


def test_what_people_decided_since_is_said(
    client: FlaskClient, store: Store, folder: Path, keys: dict[str, str]
) -> None:
    store.import_articles([replace(KABUL, id=f"wp-{n}") for n in (1, 2, 3)], "import")
    run(store, folder, ALL, untracked)
    for article_id, action in (("wp-1", "accept"), ("wp-2", "reject")):
        store.log.decide(article_id, [Draft(action, "iskp")], "ada", lambda *_: {})
    page = read(client, keys["north"])
    states = {row["article_id"]: row["state"] for row in page["assignments"] if row["tag"] == "iskp"}
    assert states == {"wp-1": "confirmed", "wp-2": "undone", "wp-3": "added"}
    undo(store)
    page = read(client, keys["north"])
    states = {row["article_id"]: row["state"] for row in page["assignments"] if row["tag"] == "iskp"}
    assert states == {"wp-1": "confirmed", "wp-2": "undone", "wp-3": "undone"}


def test_a_tag_is_called_as_it_is_now_and_a_retired_one_stands_no_more(
    client: FlaskClient, registry: Registry, store: Store, folder: Path, keys: dict[str, str]
) -> None:
    store.import_articles([replace(KABUL, id="wp-1")], "import")
    run(store, folder, ALL, untracked)
    assert {("wp-1", "iskp"), ("wp-1", "afghanistan")} <= standing(store)
    change(registry, store, [Merge(("iskp",), "ttp"), Retire("afghanistan")], "ada")
    page = read(client, keys["north"])
    assert [row["tag"] for row in page["assignments"] if row["added_as"] == "iskp"] == ["ttp"]
    assert pairs(page, "undone") == {("wp-1", "afghanistan")}


def test_assignments_of_an_earlier_version_have_places_and_what_was_taken_back_comes_last(empty_url: str) -> None:
    engine = make_engine(empty_url, create=True)
    migrate_to(engine, "0025")
    with engine.begin() as connection:
        for statement in _OLD:
            connection.execute(text(statement))
    migrate_to(engine, "head")
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT tag FROM assignments ORDER BY place")).scalars().all()
    engine.dispose()
    assert rows == ["b", "c", "a"]


_ARTICLE = {
    **{
        "id": "wp-1",
        "title": "T",
        "body": "B",
        "body_format": "text",
        "source": "cms",
        "rejected": "[]",
        "tags_complete": "0",
    },
    **{"digest": "d", "created_at": "2024", "updated_at": "2024", "dated_at": "2024"},
}
_RUN = "'r', 'archive', 'ada', 'here', '2024', 'done', ''"
_OLD = (
    f"INSERT INTO runs (id, job, started_by, host, started_at, outcome, reason) VALUES ({_RUN})",
    f"INSERT INTO articles ({', '.join(_ARTICLE)}) VALUES ({', '.join(map(repr, _ARTICLE.values()))})",
    *(
        f"INSERT INTO assignments (article_id, tag, score, run_id, at, undone_at) VALUES ('wp-1', '{tag}', 0.5, 'r', '1', {at})"
        for tag, at in (("a", "'2'"), ("b", "NULL"), ("c", "NULL"))
    ),
)
