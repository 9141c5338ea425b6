"""A training that somebody asks for: its steps and its log, stopped without a loss, and honest after a crash."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.progress import Progress, RunProgress, time_left
from classifier.domain.sentences import LOST, OF_LOGS
from classifier.errors import Busy, Cancelled, WrongState
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.events import RETRAINED, TRAINING
from classifier.store.rows import ago
from classifier.store.runs import CANCELLED, FAILED, JOB, RUNNING, WAITING, Run
from classifier.store.schema import runs
from classifier.store.store import Store
from classifier.texts import retold_line
from classifier.training import progress
from classifier.training.progress import STEPS
from classifier.web import build_app
from tests.desk import N_LATER, Desk
from tests.latin import left_in_latin, reading_in

SECONDS = 120.0


@pytest.fixture
def later(desk: Desk, dated: list[Article]) -> Desk:
    """A desk that has trained once, and has got articles since."""
    desk.add(dated[-N_LATER:])
    return desk


@pytest.fixture
def service(later: Desk) -> FlaskClient:
    """The service of that desk."""
    return build_app(Tagger(Serving(later.registry), later.store), later.registry).test_client()


class At(Progress):
    """Acts once, in the first loop of a label."""

    def __init__(self, label: str, act: Callable[[], Any]) -> None:
        super().__init__()
        self.label, self.act, self.acted = label, act, list[Any]()

    def __call__(self, items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
        for item in super().__call__(items, total, label):
            if label == self.label and not self.acted:
                self.acted.append(self.act())
            yield item


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def silent(store: Store, run: Run, seconds: float = 3600.0) -> None:
    """Let a run have said nothing for an hour, or for so many seconds."""
    with store.engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.id == run.id).values(beat_at=ago(seconds=seconds)))


# --- steps and log ---


@pytest.mark.slow
def test_a_run_records_its_steps_its_log_and_how_long_they_took(later: Desk) -> None:
    _, record = later.run()
    assert record is not None
    told = later.store.runs.get(record.id).progress
    assert told is not None
    assert [step["name"] for step in told["steps"]] == list(STEPS)
    assert all(step["seconds"] is not None and step["seconds"] >= 0 for step in told["steps"])
    assert told["expected"].keys() == set(STEPS)  # the first run of the desk tells
    assert any("articles to learn from" in line["text"] for line in told["log"])
    with reading_in("ar"):
        assert [left_in_latin(f"<p>{retold_line(line['text'], OF_LOGS)}</p>") for line in told["log"]] == [set()] * len(
            told["log"]
        )
    assert [line["at"] for line in told["log"]] == sorted(line["at"] for line in told["log"])


@pytest.mark.slow
def test_the_log_quotes_no_article(later: Desk) -> None:
    _, record = later.run(force=True)
    assert record is not None
    told = later.store.runs.get(record.id).progress
    assert told is not None
    log = " ".join(line["text"] for line in told["log"])
    assert not any(example.article.title in log for example in later.store.exports.attributed(1000, 0, "closed"))


def test_how_long_a_run_still_takes_is_what_earlier_steps_took() -> None:
    steps: Any = [
        {"name": "reading", "began_at": ago(seconds=70), "seconds": 40.0},
        {"name": "checking", "began_at": ago(seconds=30), "seconds": None},
    ]
    expected = {"reading": 40.0, "checking": 50.0, "learning": 100.0, "saving": 10.0}
    now = RunProgress(names=list(STEPS), steps=steps, doing=None, expected=expected, log=[])
    left = time_left(now)
    assert left is not None
    assert 129.0 <= left.seconds <= 130.0
    assert not left.is_least
    assert time_left(now | {"expected": {}}) is None  # nobody knows at the first training


# --- one at a time ---


def test_somebody_who_asks_while_a_run_waits_is_told_whose_it_is(store: Store) -> None:
    asked = store.runs.ask(JOB, "ada")
    assert (asked.outcome, asked.started_by) == (WAITING, "ada")
    with pytest.raises(Busy, match=r"begun at .* by ada"):
        store.runs.ask(JOB, "bo")
    assert [event.facts for event in store.events.since(0, 10) if event.kind == TRAINING] == [{"action": "asked"}]


def test_of_many_who_ask_at_once_one_is_heard(store: Store, database_url: str) -> None:
    stores, heard = [open_store(database_url) for _ in range(4)], list[str]()
    barrier = threading.Barrier(len(stores))

    def ask(of: Store, name: str) -> None:
        barrier.wait()
        try:
            heard.append(of.runs.ask(JOB, name).started_by)
        except Busy:
            of.runs.brief(JOB)

    threads = [threading.Thread(target=ask, args=(of, f"ed{n}")) for n, of in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.started_by for run in store.runs.brief(JOB)] == heard
    assert len(heard) == 1
    for of in stores:
        of.close()


def test_a_run_that_does_not_wait_any_more_is_not_begun(later: Desk) -> None:
    asked = later.store.runs.ask(JOB, "ada")
    later.store.runs.cancel(asked.id, "ada")
    assert later.store.runs.get(asked.id).outcome == CANCELLED
    with pytest.raises(WrongState):
        later.run(asked=asked.id)


# --- stopping ---


@pytest.mark.slow
@pytest.mark.parametrize("label", ["reading the store", "reading for copies", "reading articles", "fitting all tags"])
def test_a_run_that_is_stopped_changes_nothing(later: Desk, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "BEAT_SECONDS", 0.02)
    before, versions = later.champion, later.registry.versions()
    asked = later.store.runs.ask(JOB, "ada")

    def stop() -> None:
        later.store.runs.cancel(asked.id, "bo")
        time.sleep(0.3)

    with pytest.raises(Cancelled, match="Stopped by bo"):
        later.run(asked=asked.id, progress=At(label, stop))
    ended = later.store.runs.get(asked.id)
    assert (ended.outcome, ended.reason, ended.version) == (
        CANCELLED,
        "Stopped by bo. The model that serves stays.",
        None,
    )
    assert (later.champion, later.registry.versions()) == (before, versions)
    told = [
        (event.kind, (event.facts or {}).get("outcome")) for event in later.store.events.about(RETRAINED, [asked.id])
    ]
    assert told == [(RETRAINED, CANCELLED)]
    assert later.retrain().version is not None  # the next run does what this one would have done


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Interruptions are taken, as the command has it, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_a_computation_without_a_loop_is_interrupted(
    later: Desk, interruptible: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.1)
    asked = later.store.runs.ask(JOB, "ada")

    def compute() -> None:
        later.store.runs.cancel(asked.id, "bo")
        time.sleep(SECONDS)

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        later.run(asked=asked.id, progress=At("fitting all tags", compute))
    assert time.monotonic() - begun < SECONDS
    assert later.store.runs.get(asked.id).outcome == CANCELLED


@pytest.mark.slow
def test_a_run_that_saves_its_model_cannot_be_stopped(later: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    save, refused = later.registry.save, list[str]()
    asked = later.store.runs.ask(JOB, "ada")

    def try_to_stop(*arguments: Any) -> str:
        try:
            later.store.runs.cancel(asked.id, "bo")
        except WrongState as error:
            refused.append(str(error))
        return save(*arguments)

    monkeypatch.setattr(later.registry, "save", try_to_stop)
    result, _ = later.run(asked=asked.id)
    assert len(refused) == 1
    ended = later.store.runs.get(asked.id)
    assert (ended.outcome, ended.cancelled_by, ended.version) == (result.outcome, None, result.version)


@pytest.mark.slow
def test_a_run_that_was_asked_for_is_in_the_name_of_who_asked(later: Desk) -> None:
    asked = later.store.runs.ask(JOB, "ada")
    result, _ = later.run(asked=asked.id, by="ada")
    assert result.promoted
    champion = later.registry.champion()
    assert champion is not None
    assert champion.by == later.store.runs.get(asked.id).started_by == "ada"


# --- after a crash ---


@pytest.mark.parametrize("outcome", [WAITING, RUNNING])
def test_a_run_whose_process_is_gone_has_failed_and_says_so(store: Store, outcome: str) -> None:
    run = store.runs.ask(JOB, "ada") if outcome == WAITING else store.runs.begin(JOB)
    store.runs.settle(JOB)
    assert store.runs.get(run.id).outcome == outcome  # it has been heard of just now
    silent(store, run)
    store.runs.settle(JOB)
    gone = store.runs.get(run.id)
    assert (gone.outcome, gone.reason, gone.may_cancel) == (FAILED, LOST, False)
    assert store.runs.ask(JOB, "bo").outcome == WAITING


def test_a_run_whose_process_takes_long_to_start_is_not_lost(store: Store) -> None:
    run = store.runs.ask(JOB, "ada")
    silent(store, run, 120.0)
    store.runs.settle(JOB)
    assert store.runs.begin(JOB, run.id).outcome == RUNNING
    silent(store, run, 60.0)
    store.runs.settle(JOB)
    assert store.runs.get(run.id).outcome == FAILED


def test_a_silent_run_whose_process_is_there_goes_on(store: Store, database_url: str) -> None:
    working = open_store(database_url)
    with working.runs.alone(JOB):
        run = working.runs.begin(JOB)
        silent(store, run)
        store.runs.settle(JOB)
        assert store.runs.get(run.id).outcome == RUNNING
    working.close()


# --- over HTTP, with processes of their own ---


@pytest.mark.slow
def test_a_training_is_begun_followed_and_promoted_over_http(service: FlaskClient, later: Desk) -> None:
    before = later.champion
    begun = service.post("/v1/runs", json={})
    assert begun.status_code == 202
    run_id = begun.get_json()["id"]
    assert service.post("/v1/runs", json={}).status_code == 409
    until(lambda: service.get(f"/v1/runs/{run_id}").get_json()["ended_at"] is not None)
    told = service.get(f"/v1/runs/{run_id}").get_json()
    assert (told["outcome"], told["step"], told["n_steps"], told["may_cancel"]) == ("promoted", 6, 6, False)
    assert later.champion == told["version"] != before
    assert told["log"]
    assert service.get("/v1/runs").get_json()["runs"][0]["id"] == run_id
    assert service.post(f"/v1/runs/{run_id}/cancel", json={}).status_code == 409


@pytest.mark.slow
def test_a_training_in_a_process_of_its_own_is_stopped_over_http(service: FlaskClient, later: Desk) -> None:
    before, versions = later.champion, later.registry.versions()
    run_id = service.post("/v1/runs", json={"force": True}).get_json()["id"]
    until(lambda: service.get(f"/v1/runs/{run_id}").get_json()["step"] >= 1)
    assert service.post(f"/v1/runs/{run_id}/cancel", json={}).get_json()["cancelled_by"]
    until(lambda: service.get(f"/v1/runs/{run_id}").get_json()["ended_at"] is not None)
    assert service.get(f"/v1/runs/{run_id}").get_json()["outcome"] == CANCELLED
    assert (later.champion, later.registry.versions()) == (before, versions)


def test_a_run_of_another_job_is_no_training(service: FlaskClient, later: Desk) -> None:
    other = later.store.runs.begin("archive")
    assert service.get(f"/v1/runs/{other.id}").status_code == 404
    assert service.post(f"/v1/runs/{other.id}/cancel", json={}).status_code == 404


@pytest.mark.slow
def test_a_training_that_cannot_begin_says_why(service: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_ANCHOR", "20200101-000000-00000000")
    run_id = service.post("/v1/runs", json={"force": True}).get_json()["id"]
    until(lambda: service.get(f"/v1/runs/{run_id}").get_json()["ended_at"] is not None)
    told = service.get(f"/v1/runs/{run_id}").get_json()
    assert told["outcome"] == FAILED
    assert "TAGGER_ANCHOR" in told["reason"]
