"""An archive that is taken out again: what goes, what stays, and who may do it, on the pages, over HTTP and by command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.archive.bring.folder import ArchiveFolder, State
from classifier.archive.bring.jobs import REMOVE, recorded
from classifier.archive.bring.removing import remove_archive
from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.progress import Amount, Progress, untracked
from classifier.errors import Busy, Cancelled, NotFound, WrongState
from classifier.serving.registry import Registry
from classifier.store.brought import JOB, SOURCE, STEPS, Brought
from classifier.store.log import Draft
from classifier.store.runs import CANCELLED, DONE, FAILED, Run
from classifier.store.store import Store
from classifier.web.texts import NAMES
from tests.latin import left_in_latin
from tests.storing import put_article
from tests.waiting import SECONDS

N = 7


def an_article(article_id: str, **how: Any) -> Article:
    return Article(article_id, f"Attack {article_id}", f"Fighters attacked the village {article_id}.", **how)


def store_archive(store: Store, *ids: str, outcome: str = DONE) -> Run:
    """Store articles as the page does, and return the record."""
    asked = store.runs.ask(JOB, "mia")
    run = store.runs.begin(JOB, asked.id)
    progress = Progress(STEPS)
    progress.step(STEPS[1])
    store.runs.beat(run.id, progress.state)
    stored = store.import_articles([an_article(each) for each in ids], SOURCE)
    result = {**vars(stored), "n_new_tags": 0, "n_tags": 0, "refused": []}
    store.runs.end(run, outcome, "", result=result if outcome == DONE else None)
    return store.runs.get(run.id)


@pytest.fixture
def wrong(store: Store) -> Run:
    """A wrong archive of seven articles, six of them new. An editor has decided on one since, and a CMS has sent another."""
    store.import_articles([an_article("before")], SOURCE)
    store_archive(store, "first")
    run = store_archive(store, "before", *(f"new-{n}" for n in range(1, N)))
    store.log.decide("new-1", [Draft("add", "iskp")], "ed1", lambda *_: {})
    put_article(store, an_article("new-2"), "api", owner="desk")
    store.import_articles([an_article("later")], SOURCE)
    return run


def ids(store: Store) -> set[str]:
    return {filed.article.id for filed in store.exports.filed() if filed.source != "starter"}


KEPT = {"before", "first", "new-1", "new-2", "later"}
GONE = {f"new-{n}" for n in range(3, N)}


# --- what goes and what stays ---


def test_what_the_archive_stored_goes_and_all_else_stays(store: Store, wrong: Run) -> None:
    assert ids(store) == KEPT | GONE
    assert store.brought.count(wrong) == Brought(n_articles=4, n_decided=1, n_others=1)
    assert store.brought.remove(wrong, untracked) == 4
    assert ids(store) == KEPT
    assert store.brought.count(wrong) == Brought(n_articles=0, n_decided=1, n_others=5)
    assert [decision.tag for decision in store.log.all()] == ["iskp"]
    with pytest.raises(WrongState, match="no article that can be taken out"):
        store.brought.ask_removal(wrong, "mia")


def test_an_article_whose_language_an_editor_corrected_stays(store: Store, wrong: Run) -> None:
    store.correct_language("new-3", "fr", "ed1")
    assert store.brought.count(wrong) == Brought(n_articles=3, n_decided=2, n_others=1)


def test_a_decision_of_the_cms_keeps_no_article(store: Store) -> None:
    run = store_archive(store, "a")
    store.log.decide("a", [Draft("remove", "iskp")], "cms", lambda *_: {})
    assert store.brought.count(run).n_articles == 1


def test_what_an_editor_decides_on_while_the_archive_is_taken_out_stays(store: Store, wrong: Run) -> None:
    def decide_meanwhile(items: Iterable[Any], total: int | Amount, _label: str) -> Iterator[Any]:
        assert total == 4
        for number, each in enumerate(items):
            if number == 1:
                store.log.decide("new-6", [Draft("add", "iskp")], "ed2", lambda *_: {})
            yield each

    assert store.brought.remove(wrong, decide_meanwhile) == 3
    assert ids(store) == KEPT | {"new-6"}


def test_a_part_of_an_archive_that_was_stopped_can_be_taken_out_too(store: Store) -> None:
    run = store_archive(store, "a", "b", outcome=FAILED)
    assert store.brought.list(9) == [run]
    assert store.brought.count(run) == Brought(n_articles=2, n_decided=0, n_others=0)
    assert store.brought.remove(run, untracked) == 2


def test_only_runs_that_stored_an_archive_are_listed(store: Store, wrong: Run) -> None:
    other = store.runs.begin(JOB)
    store.runs.beat(other.id, Progress(("unpacking", "reading", "drafting", "saving")).state)
    store.runs.end(other, DONE, "")
    assert [run.id for run in store.brought.list(1)] == [wrong.id]
    assert len(store.brought.list(9)) == 2
    for unknown in (other.id, "nobodys", "\0"):
        with pytest.raises(NotFound):
            store.brought.get(unknown)


# --- the run ---


def removed(store: Store, registry: Registry, run_id: str, stored: Run, progress: Progress) -> None:
    folder = ArchiveFolder(registry.folder)
    recorded(store, folder, run_id, REMOVE, progress, lambda run: remove_archive(store, registry, stored, run))


def test_a_removal_is_recorded_and_nothing_of_archives_goes_on_beside_it(
    store: Store, registry: Registry, wrong: Run
) -> None:
    asked = store.brought.ask_removal(wrong, "mia")
    with pytest.raises(Busy):
        store.brought.ask_removal(wrong, "ada")
    with pytest.raises(Busy):
        store.runs.ask(JOB, "ada")
    removed(store, registry, asked.id, wrong, Progress())
    run = store.brought.removal(wrong.id)
    assert run is not None
    assert (run.id, run.started_by, run.outcome, run.data) == (asked.id, "mia", DONE, wrong.id)
    assert run.result == {"n_removed": 4, "n_decided": 1}
    assert run.reason == "Articles that were taken out: 4. Articles that stay because editors have decided on them: 1."
    assert run.progress is not None
    assert run.progress["names"] == ["deleting", "cleaning"]


class Stopping(Progress):
    """Somebody stops the run at its second article."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self._stop = stop

    def show(self, moved: bool = False) -> None:
        doing = self.state["doing"]
        if moved and doing is not None and doing["done"] == 1:
            self._stop()


def test_a_removal_that_was_stopped_keeps_what_is_left_and_is_taken_up_again(
    store: Store, registry: Registry, wrong: Run
) -> None:
    asked = store.brought.ask_removal(wrong, "mia")

    def stop() -> None:
        raise Cancelled("Stopped by ada.")

    with pytest.raises(Cancelled):
        removed(store, registry, asked.id, wrong, Stopping(stop))
    assert store.runs.get(asked.id).outcome in (CANCELLED, FAILED)
    n_left = store.brought.count(wrong).n_articles
    assert n_left == 4  # it is deleted by batches
    again = store.brought.ask_removal(wrong, "mia")
    removed(store, registry, again.id, wrong, Progress())
    assert ids(store) == KEPT


# --- by command ---


def test_the_command_counts_first_and_then_takes_out(
    store: Store, registry: Registry, wrong: Run, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--database", database_url, "--models", str(registry.folder)]
    capsys.readouterr()
    assert main(["archive", "remove", "--dry-run", "--json", *where]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts == {"archive": wrong.id, "n_articles": 4, "n_decided": 1, "n_others": 1}
    assert ids(store) == KEPT | GONE
    assert main(["archive", "remove", wrong.id, "--by", "ada", *where]) == 0
    said = capsys.readouterr()
    assert said.out == "Articles that were taken out: 4. Articles that stay because editors have decided on them: 1.\n"
    assert "[1/2] deleting" in said.err
    assert ids(store) == KEPT
    removal = store.brought.removal(wrong.id)
    assert removal is not None
    assert removal.started_by == "ada"
    assert main(["archive", "remove", wrong.id, *where]) == 1
    assert main(["archive", "remove", "nobodys", *where]) == 1


# --- over HTTP and on the page ---


def until(done: Callable[[], Any]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.1)


def test_admins_take_an_archive_out_over_http(client: FlaskClient, store: Store, wrong: Run) -> None:
    listed = client.get("/v1/archives").get_json()["archives"]
    assert (listed[0]["id"], listed[0]["new"]) == (wrong.id, 6)
    told = client.get(f"/v1/archives/{wrong.id}").get_json()
    assert (told["n_articles"], told["n_decided"], told["n_others"], told["removal"]) == (4, 1, 1, None)
    answer = client.post(f"/v1/archives/{wrong.id}/remove", json={})
    assert answer.status_code == 202
    assert answer.get_json()["removal"]["outcome"] in ("waiting", "running", "done")
    until(lambda: client.get(f"/v1/archives/{wrong.id}").get_json()["removal"]["ended_at"])
    told = client.get(f"/v1/archives/{wrong.id}").get_json()
    assert (told["removal"]["outcome"], told["n_articles"]) == ("done", 0)
    assert ids(store) == KEPT
    assert client.post(f"/v1/archives/{wrong.id}/remove", json={}).status_code == 409


def page(client: FlaskClient) -> Any:
    answer = client.get("/archive/result")
    assert answer.status_code == 200
    return html.fromstring(answer.text).get_element_by_id("main")


def test_the_last_page_says_what_goes_and_takes_it_out(
    client: FlaskClient, store: Store, registry: Registry, wrong: Run
) -> None:
    client.post("/sign-in", data={"name": "mia"})
    folder = ArchiveFolder(registry.folder)
    folder.path.mkdir(parents=True)
    state = State("a1", "mia", wrong.started_at, storing=wrong.id, stored_at=wrong.ended_at)
    (folder.path / "state.json").write_text(json.dumps({**vars(state), "how": vars(state.how)}))
    shown = " ".join(page(client).get_element_by_id("take-out").text_content().split())
    assert "4 articles that this archive stored are deleted for good, with their suggestions." in shown
    assert "1 article stays because editors have decided on it." in shown
    assert "Delete 4 articles" in shown
    in_arabic = client.get("/archive/result", headers={"Accept-Language": "ar"}).text
    assert left_in_latin(in_arabic, [*NAMES.values(), "mia"]) == set()
    token = html.fromstring(client.get("/help").text).xpath("//meta[@name='csrf']/@content")[0]
    answer = client.post("/archive/remove", data={"csrf": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/archive/result")
    until(lambda: (run := store.brought.removal(wrong.id)) is not None and not run.is_unfinished)
    assert ids(store) == KEPT
    said = page(client)
    assert "Articles that were taken out: 4." in said.text_content()
    assert said.xpath("//*[@id='take-out']") == []
    assert client.post("/archive/remove", data={"csrf": token}).status_code == 409
