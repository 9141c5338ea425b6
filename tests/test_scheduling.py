"""Change sets that wait for a time: applied once, taken back, and proposed again where something came between."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.errors import BadOperation, ChangedMeanwhile, WrongState
from classifier.operations.status import status
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.change_sets import ChangeSet
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.web import build_app
from tests.test_taxonomy_api import MERGE, SETS, apply, ok, propose
from tests.test_taxonomy_store import START, do

PAST, AHEAD = "2026-01-01T00:00:00+00:00", "2126-01-01T00:00:00+00:00"


@pytest.fixture
def kept(store: Store) -> Store:
    """A store whose log has a taxonomy."""
    store.taxonomy.import_first(START, "tests")
    return store


def scheduled(store: Store, line: str, at: str = PAST) -> str:
    set_id = store.change_sets.propose([operation_from_text(line)], "ana")
    store.taxonomy.schedule(store.change_sets.get(set_id), "ada", at, store.taxonomy.last(), {"n_articles": 3})
    return set_id


def seen(store: Store, set_id: str) -> ChangeSet:
    return store.change_sets.get(set_id)


def test_a_set_is_applied_when_its_time_has_come_and_not_before(kept: Store) -> None:
    waits, due = scheduled(kept, "merge c into d", AHEAD), scheduled(kept, "merge a into b")
    assert kept.taxonomy.apply_due() == 1
    assert [row.line for row in kept.taxonomy.log().rows[1:]] == ["merge a into b"]
    applied = seen(kept, due)
    assert (applied.state, applied.decided_by, applied.preview, applied.by) == (
        "applied",
        "ada",
        {"n_articles": 3},
        "ana",
    )
    assert (seen(kept, waits).state, seen(kept, waits).apply_at) == ("scheduled", AHEAD)
    assert kept.taxonomy.apply_due() == 0


def test_a_set_that_is_taken_back_is_not_applied(kept: Store) -> None:
    set_id = scheduled(kept, "merge a into b")
    kept.change_sets.take_back(set_id, "ada")
    assert kept.taxonomy.apply_due() == 0
    back = seen(kept, set_id)
    assert (back.state, back.apply_at, back.decided_by, back.conflict) == ("proposed", None, None, None)
    with pytest.raises(WrongState):
        kept.change_sets.take_back(set_id, "ada")


@pytest.mark.parametrize(("between", "numbers"), [('relabel a "Ah"', [2]), ("retire b", [2])])
def test_what_comes_between_makes_a_set_proposed_again(
    kept: Store, tmp_path: Path, database_url: str, between: str, numbers: list[int]
) -> None:
    registry = Registry(tmp_path / "models")
    set_id = scheduled(kept, "merge a into b")
    do(kept, between)
    assert kept.taxonomy.apply_due() == 0
    back = seen(kept, set_id)
    assert (back.state, back.apply_at) == ("proposed", None)
    assert back.conflict is not None
    assert back.conflict["numbers"] == numbers
    assert between in back.conflict["detail"]
    (problem,) = [text for text in status(registry, database_url)["problems"] if set_id in text]
    assert between in problem
    kept.change_sets.decline(set_id, "ada")
    assert not any(set_id in text for text in status(registry, database_url)["problems"])


def test_a_set_can_only_be_scheduled_if_it_fits_and_nothing_came_between(kept: Store) -> None:
    set_id = kept.change_sets.propose([operation_from_text("merge a into b")], "ana")
    do(kept, 'relabel a "Ah"')
    with pytest.raises(ChangedMeanwhile):
        kept.taxonomy.schedule(seen(kept, set_id), "ada", AHEAD, 1, {})
    do(kept, "retire a")
    with pytest.raises(BadOperation):
        kept.taxonomy.schedule(seen(kept, set_id), "ada", AHEAD, 3, {})
    assert seen(kept, set_id).state == "proposed"


def test_several_workers_apply_a_set_once(kept: Store, database_url: str) -> None:
    set_id = scheduled(kept, "merge a into b")
    stores = [open_store(database_url) for _ in range(4)]
    applied: list[int] = []
    begin = threading.Barrier(len(stores))

    def work(store: Store) -> None:
        begin.wait()
        applied.append(store.taxonomy.apply_due())

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [0, 0, 0, 1]
    assert kept.taxonomy.rows_of(set_id) == [2]
    assert (seen(kept, set_id).state, seen(kept, set_id).conflict) == ("applied", None)
    for store in stores:
        store.close()


# --- over HTTP --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_set_is_scheduled_taken_back_and_applied_by_the_service(
    client: FlaskClient, registry: Registry, store: Store
) -> None:
    set_id = propose(client, MERGE)
    schedule = {"based_on": 1, "apply_at": "2026-01-01T02:00:00+02:00"}
    told = ok(client.post(f"{SETS}/{set_id}/schedule", json=schedule))
    assert (told["state"], told["apply_at"], told["numbers"]) == ("scheduled", PAST, [])
    assert [row["id"] for row in ok(client.get(f"{SETS}?state=scheduled"))["change_sets"]] == [set_id]
    assert client.post(f"{SETS}/{set_id}/schedule", json=schedule).status_code == 409
    assert apply(client, set_id, 1).status_code == 409
    back = ok(client.post(f"{SETS}/{set_id}/schedule", json=schedule | {"apply_at": None}))
    assert (back["state"], back["apply_at"]) == ("proposed", None)
    ok(client.post(f"{SETS}/{set_id}/schedule", json=schedule))
    Publisher(registry, store).work()
    assert ok(client.get(f"{SETS}/{set_id}"))["state"] == "applied"
    taxonomy = registry.taxonomy()
    assert taxonomy is not None
    assert taxonomy.tag("iskp").replaced_by == "islamic-state"
    assert client.post(f"{SETS}/{set_id}/schedule", json=schedule | {"apply_at": "soon"}).status_code == 422


def test_a_large_set_is_not_scheduled_by_its_author(registry: Registry, store: Store) -> None:
    store.import_articles([Article(id=key, title=key, body=key, tags=("iskp",)) for key in "xyz"], "import")
    client = build_app(Tagger(Serving(registry), store), registry, second_person=2).test_client()
    set_id = propose(client, MERGE)
    schedule = {"based_on": 1, "apply_at": PAST}
    assert client.post(f"{SETS}/{set_id}/schedule", json=schedule).status_code == 403
