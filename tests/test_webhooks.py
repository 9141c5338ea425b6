"""Webhooks: nothing is lost and nothing comes twice but under the same id, whatever the receiver or the sender does."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from classifier.domain.articles import Article
from classifier.domain.operations import Relabel
from classifier.errors import Busy
from classifier.operations import deliverer
from classifier.operations.deliverer import Deliverer
from classifier.operations.messages import headers_of
from classifier.serving.registry import Registry
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.database.opening import open_store
from classifier.store.deliveries import (
    FIRST_SECONDS,
    JITTER,
    KEPT_TRYING_HOURS,
    LONGEST_SECONDS,
    N_WAITING,
    seconds_until,
)
from classifier.store.events import DECIDED, STORED, Noted, note, rising
from classifier.store.log import Draft
from classifier.store.reports import RISING, KeptReport
from classifier.store.runs import FAILED, JOB, NOT_PROMOTED, PROMOTED
from classifier.store.schema import deliveries, webhooks
from classifier.store.store import Store
from classifier.store.webhooks import KINDS, Webhook
from tests.conftest import ROOT
from tests.hard import size
from tests.receiver import HERE, Got, Receiver, answers, receiving
from tests.storing import put_article
from tests.waiting import SECONDS

WORD = "zanzibarquokka"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(store: Store, receiver: Receiver) -> Webhook:
    """A webhook of the receiver that asks for everything."""
    return store.webhooks.add(receiver.url, KINDS, "ada")[0]


@pytest.fixture
def sender(store: Store) -> Deliverer:
    return Deliverer(store, HERE, "https://tagger.example.org")


def decide(store: Store, article_id: str, *tags: str) -> None:
    """Store an article if it is not there yet, and decide on it."""
    if article_id not in store.titles([article_id]):
        put_article(store, Article(article_id, "Title", "Body"), "cms")
    for tag in tags:
        store.log.decide(article_id, [Draft("add", tag)], "ada", lambda *_: {})


def hours_pass(store: Store, hours: float) -> None:
    """Let the times that deliveries and webhooks wait for come nearer, as if a clock had moved on."""
    for table, names in ((deliveries, ("next_at", "first_at", "tried_at")), (webhooks, ("resting_until",))):
        with store.engine.begin() as connection:
            for row in connection.execute(select(table)).mappings().all():
                key = next(iter(table.primary_key.columns))
                earlier = {name: _earlier(row[name], hours) for name in names if row[name]}
                if earlier:
                    connection.execute(table.update().where(key == row[key.name]).values(earlier))


def _earlier(moment: str, hours: float) -> str:
    return (datetime.fromisoformat(moment) - timedelta(hours=hours)).isoformat(timespec="microseconds")


def decided(receiver: Receiver) -> list[tuple[str, str]]:
    return [(each["data"]["article_id"], each["data"]["tag"]) for each in receiver.messages]


# --- what is sent ---


def test_a_decision_is_sent_with_ids_links_and_facts_and_signed(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    decide(store, "a:1", "iskp")
    assert sender.work() == 1
    (got,) = receiver.got
    assert got.path == "/hook?from=tagger"
    row = store.log.read("a:1").rows[0]
    assert got.message == {
        "id": got.id,
        "type": "decision",
        "timestamp": row.at,
        "data": {
            "article_id": "a:1",
            "decision_id": row.id,
            "by": "ada",
            "tag": "iskp",
            "action": "add",
            "reason": None,
            "links": {
                "api": "https://tagger.example.org/v1/articles/a%3A1/decisions",
                "page": "https://tagger.example.org/articles/a%3A1/history",
            },
        },
    }
    secret = store.webhooks.secret(webhook.id)
    expected = headers_of(got.id, secret, got.body, int(got.headers["webhook-timestamp"]))
    assert {name.lower(): value for name, value in expected.items()}.items() <= got.headers.items()
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < SECONDS
    assert sender.work() == 0
    assert len(receiver.got) == 1
    assert store.webhooks.get(webhook.id).delivered_at is not None


def test_everything_that_a_webhook_may_ask_for_is_sent(
    tagger: Tagger, registry: Registry, store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    tagger.put_article(Article("a", f"ISKP bomber {WORD} kills twelve in Kabul", f"The {WORD}."))
    tagger.decide("a", DecisionBatch([Draft("accept", "iskp", note=WORD)]), "ada")
    store.taxonomy.import_first(tagger.taxonomy(), "ada")
    store.taxonomy.apply([Relabel("iskp", "Khorasan province")], "ada")
    champion = registry.champion()
    assert champion is not None
    registry.promote(champion.version, "ada", "again")
    store.events.follow_champions([vars(each) for each in registry.history()])
    held = {"held": [{"tag": "iskp", "check": "flips", "figure": f"as in {WORD}"}], "blocked_by": []}
    store.runs.end(store.runs.begin(JOB), PROMOTED, "better", version="v-1", result=held)
    closed = {"held": [], "blocked_by": [{"tag": None, "check": "total", "figure": f"as in {WORD}"}]}
    store.runs.end(store.runs.begin(JOB), NOT_PROMOTED, f"closed by {WORD}", version="v-2", result=closed)
    kept = KeptReport(RISING, "2026", 0, "t", {"rising": [{"name": "Zāgros Front"}]})
    for _ in range(2):  # every night
        store.reports.put(kept, [rising("Zāgros Front", 4)])
    store.runs.end(store.runs.begin(JOB), FAILED, f"cannot read {WORD}")
    sender.work()
    data = {each["type"]: each["data"] for each in receiver.messages}
    assert set(data) == set(KINDS)
    assert [each["type"] for each in receiver.messages].count("rising_name") == 1
    assert data["model_held"]["held"] == ["iskp"]
    assert (data["model_refused"]["checks"], data["model_refused"]["version"]) == (["total"], "v-2")
    assert data["model_promoted"]["version"] == champion.version
    assert data["taxonomy_changed"]["changes"] == [2]
    assert (data["rising_name"]["name"], data["rising_name"]["n_articles"]) == ("Zāgros Front", 4)
    assert data["retraining_overdue"]["failed"] is True
    assert WORD.encode() not in b"".join(got.body for got in receiver.got)
    assert max(len(got.body) for got in receiver.got) < 1000


def test_a_training_that_is_overdue_is_news_once(store: Store, receiver: Receiver, webhook: Webhook) -> None:
    store.runs.end(store.runs.begin(JOB), "skipped", "nothing new")
    for _ in range(2):  # each process of the service
        Deliverer(store, HERE, retrain_hours=1e-9).work()
    assert [each["type"] for each in receiver.messages] == ["retraining_overdue"]


def test_only_what_was_asked_for_is_sent_and_nothing_of_the_time_before(
    store: Store, receiver: Receiver, sender: Deliverer
) -> None:
    decide(store, "before", "iskp")
    store.webhooks.add(receiver.url, ["decision"], "ada")
    store.taxonomy.import_first(_taxonomy(), "ada")
    with store.engine.begin() as connection:  # a change of the past that is noted late, as champions of files are
        note(connection, DECIDED, [Noted("ada", "before", "d-0", at="2026-01-01T00:00:00.000000+00:00")])
    decide(store, "after", "iskp")
    assert sender.work() == 1
    assert decided(receiver) == [("after", "iskp")]


def test_an_article_that_is_deleted_is_not_spoken_of_any_more(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    receiver.answer = answers(500)
    decide(store, "secret", "iskp")
    decide(store, "other", "iskp")
    sender.work()
    store.delete_article("secret")
    receiver.answer = answers(200)
    receiver.got.clear()
    hours_pass(store, 1)
    assert sender.work() == 1
    assert decided(receiver) == [("other", "iskp")]


# --- what receivers do ---


def slow(_got: Got, connection: socket.socket) -> None:
    """Answer a byte every 0.1 seconds: no single byte is late."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def silent(_got: Got, _connection: socket.socket) -> None:
    time.sleep(3)


def reset(_got: Got, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless_head(_got: Got, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 60_000 + b"\r\n")


def no_http(_got: Got, connection: socket.socket) -> None:
    connection.sendall(b"\x00\xff\x00 what?\r\n\r\n")


BAD = {
    "500": (answers(500), "it answered 500"),
    "404": (answers(404), "it answered 404"),
    "503": (answers(503), "it answered 503"),
    "redirect": (answers(302, "Location: http://127.0.0.1:1/\r\n"), "it answered 302; redirects are not followed"),
    "slow": (slow, "no answer within 1 seconds"),
    "silent": (silent, "no answer within 1 seconds"),
    "reset": (reset, "no connection or no answer (ConnectionResetError)"),
    "endless head": (endless_head, "no connection or no answer (HTTPException)"),
    "no http": (no_http, "no connection or no answer (BadStatusLine)"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_receiver_does_not_take_is_sent_again_later_under_the_same_id(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(deliverer, "SECONDS", 1.0)
    receiver.answer, reason = BAD[name]
    decide(store, "a", "iskp")
    assert sender.work() == 0
    assert sender.work() == 0  # it waits
    assert len(receiver.got) == 1
    with store.engine.connect() as connection:
        assert connection.scalar(select(deliveries.c.error)) == reason
    receiver.answer = answers(200)
    hours_pass(store, 1)
    assert sender.work() == 1
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body


def test_a_huge_answer_is_not_read(store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer) -> None:
    sent = []

    def huge(_got: Got, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            sent.append(connection.send(b"x" * 65536))

    receiver.answer = huge
    decide(store, "a", "iskp")
    assert sender.work() == 1
    assert sum(sent) < 64 << 20


@pytest.mark.slow
def test_a_receiver_that_was_down_for_an_hour_gets_everything_in_order(store: Store) -> None:
    with receiving() as receiver:
        port = receiver.port
    store.webhooks.add(receiver.url, ["decision"], "ada")
    sender = Deliverer(store, HERE)
    for number in range(12):  # an hour in steps of five minutes
        decide(store, f"a{number % 3}", f"tag-{number}")
        assert sender.work() == 0
        hours_pass(store, 1 / 12)
    with receiving(port) as receiver:
        hours_pass(store, 1 / 6)  # it rests for up to ten minutes
        assert sender.work() == 12
        for article in ("a0", "a1", "a2"):
            tags = [tag for of, tag in decided(receiver) if of == article]
            assert tags == [f"tag-{number}" for number in range(12) if f"a{number % 3}" == article]
        assert len({got.id for got in receiver.got}) == len(receiver.got) == 12


def test_a_later_event_of_an_article_never_overtakes_an_earlier_one(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    def refuses_one(got: Got, connection: socket.socket) -> None:
        answers(500 if got.message["data"].get("tag") == "first" else 200)(got, connection)

    receiver.answer = refuses_one
    decide(store, "stuck", "first", "second", "third")
    decide(store, "free", "one", "two")
    assert sender.work() == 2
    assert decided(receiver) == [("stuck", "first"), ("free", "one"), ("free", "two")]
    receiver.answer = answers(200)
    receiver.got.clear()
    hours_pass(store, 5)
    assert sender.work() == 3
    assert decided(receiver) == [("stuck", "first"), ("stuck", "second"), ("stuck", "third")]


@pytest.mark.slow
def test_after_three_days_a_delivery_is_given_up_with_those_behind_it_and_can_be_sent_again(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    receiver.answer = answers(500)
    decide(store, "a", "first", "second")
    while not store.deliveries.given_up():
        hours_pass(store, LONGEST_SECONDS * (1 + JITTER) / 3600)
        sender.work()
    assert 15 <= len(receiver.got) < 40
    assert [(due.event.n, due.delivery.attempts) for due in store.deliveries.given_up()][1:] == [
        (store.events.last(), 0)
    ]
    assert store.deliveries.counts() == {"waiting": 0, "late": 0, "failed": 2}
    receiver.answer = answers(200)
    receiver.got.clear()
    decide(store, "a", "third")
    decide(store, "b", "free")
    hours_pass(store, 100)
    sender.work()
    assert decided(receiver) == [("b", "free")]
    second = store.deliveries.given_up()[1].delivery.n
    assert store.deliveries.send_again([second]) == 2  # the first before it
    sender.work()
    assert decided(receiver)[1:] == [("a", "first"), ("a", "second")]
    assert store.deliveries.send_again() == 1
    sender.work()
    assert decided(receiver)[3:] == [("a", "third")]
    assert store.deliveries.given_up() == []


@pytest.mark.slow
def test_what_was_given_up_can_be_dropped_so_that_later_news_of_the_article_comes(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    receiver.answer = answers(422)
    decide(store, "a", "first")
    for _ in range(100):
        sender.work()
        hours_pass(store, LONGEST_SECONDS * (1 + JITTER) / 3600)
    (due,) = store.deliveries.given_up(webhook.id)
    assert store.deliveries.drop([due.delivery.n]) == 1
    receiver.answer = answers(200)
    receiver.got.clear()
    decide(store, "a", "second")
    sender.work()
    assert decided(receiver) == [("a", "second")]


@pytest.mark.slow
def test_one_receiver_that_is_down_or_slow_does_not_keep_the_others_waiting(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "SECONDS", 0.5)
    with receiving() as stuck:
        stuck.answer = silent
        store.webhooks.add(stuck.url, ["decision"], "ada")
        for number in range(20):
            decide(store, f"a{number}", "iskp")
        assert sender.work() == 20
        assert len(receiver.got) == 20
        assert len(stuck.got) == 1  # it rests as a whole


def test_what_happens_while_a_webhook_is_paused_is_sent_when_it_is_resumed(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    receiver.answer = answers(500)
    decide(store, "a", "first")
    sender.work()
    store.webhooks.pause(webhook.id)
    receiver.answer = answers(200)
    receiver.got.clear()
    decide(store, "a", "second")
    hours_pass(store, 10)
    assert sender.work() == 0
    store.webhooks.resume(webhook.id)
    assert sender.work() == 2
    assert decided(receiver) == [("a", "first"), ("a", "second")]


def test_a_removed_webhook_takes_its_deliveries_with_it(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    receiver.answer = answers(500)
    decide(store, "a", "first")
    sender.work()
    store.webhooks.remove(webhook.id)
    hours_pass(store, 10)
    assert sender.work() == 0
    with store.engine.connect() as connection:
        assert connection.execute(select(deliveries)).all() == []


@pytest.mark.slow
def test_only_so_many_deliveries_are_arranged_ahead_and_the_others_follow(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.store.deliveries.N_WAITING", 5)
    assert N_WAITING >= 100
    receiver.answer = answers(503)
    decide(store, "a", *(f"tag-{number}" for number in range(12)))
    sender.work()
    assert store.webhooks.get(webhook.id).n_waiting == 5
    receiver.answer = answers(200)
    hours_pass(store, 1)
    assert sender.work() == 12
    assert [tag for _, tag in decided(receiver)[1:]] == [f"tag-{number}" for number in range(12)]


# --- what happens to the sender ---

KILLED = """
import sys
from classifier.operations.deliverer import Deliverer
from classifier.operations.hosts import read_hosts
from classifier.store.database.opening import open_store
Deliverer(open_store(sys.argv[1]), read_hosts(["127.0.0.1"]), "https://tagger.example.org").work()
"""


def start_sender(database_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", KILLED, database_url], cwd=ROOT)


@pytest.mark.slow
def test_a_sender_that_is_killed_before_it_has_noted_the_answer_sends_it_again_under_the_same_id(
    store: Store, database_url: str, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    killed = threading.Event()

    def kill(_got: Got, _connection: socket.socket) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(SECONDS)
        killed.set()

    receiver.answer = kill
    decide(store, "a", "first", "second")
    process = start_sender(database_url)
    assert killed.wait(SECONDS)
    receiver.answer = answers(200)
    assert sender.work() == 0  # it is not known yet that nobody is at it
    hours_pass(store, 1)
    assert sender.work() == 2
    first, again, second = receiver.got
    assert (first.id, first.body) == (again.id, again.body)
    assert second.id != first.id
    assert decided(receiver) == [("a", "first"), ("a", "first"), ("a", "second")]


@pytest.mark.slow
def test_several_senders_send_everything_once(
    store: Store, database_url: str, receiver: Receiver, webhook: Webhook
) -> None:
    for number in range(30):
        decide(store, f"a{number % 7}", f"tag-{number}")
    stores = [open_store(database_url) for _ in range(3)]

    def work(of: Store) -> None:
        until = time.monotonic() + SECONDS
        while len(receiver.got) < 30 and time.monotonic() < until:
            try:
                Deliverer(of, HERE).work()
            except Busy:
                time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    for each in stores:
        each.close()
    assert sorted(tag for _, tag in decided(receiver)) == sorted(f"tag-{number}" for number in range(30))
    for article in {of for of, _ in decided(receiver)}:
        numbers = [int(tag.removeprefix("tag-")) for of, tag in decided(receiver) if of == article]
        assert numbers == sorted(numbers)


def test_two_senders_at_once_never_take_the_same_delivery(store: Store, receiver: Receiver, webhook: Webhook) -> None:
    decide(store, "a", "first", "second")
    store.deliveries.arrange(webhook, store.events.last())
    (due,) = store.deliveries.take(webhook, 10)  # the second waits for it
    assert store.deliveries.take(webhook, 10) == []
    store.deliveries.delivered(webhook, [due])
    assert len(store.deliveries.take(webhook, 10)) == 1


def test_an_event_that_is_committed_late_is_not_passed_over(
    store: Store, receiver: Receiver, webhook: Webhook, sender: Deliverer
) -> None:
    """On PostgreSQL its number may be lower than that of one that can be read already."""
    for article_id in ("late", "early"):
        put_article(store, Article(article_id, "Title", "Body"), "cms")
    inside, go_on = threading.Event(), threading.Event()

    def commit_late() -> None:
        with store.engine.begin() as connection:
            note(connection, STORED, [Noted("ada", "late")])
            note(connection, DECIDED, [Noted("ada", "late", "d-1")])
            inside.set()
            assert go_on.wait(SECONDS)

    thread = threading.Thread(target=commit_late)
    thread.start()
    assert inside.wait(SECONDS)
    if store.engine.dialect.name == "postgresql":  # on SQLite nobody else can write meanwhile
        decide(store, "early", "iskp")
        assert sender.work() == 0
    go_on.set()
    thread.join(SECONDS)
    decide(store, "early", "taliban")
    sender.work()
    assert {each["data"]["article_id"] for each in receiver.messages} == {"late", "early"}


# --- waits ---


@given(st.integers(1, 10_000))
def test_waits_double_up_to_four_hours_and_differ(attempt: int) -> None:
    waits = {seconds_until(attempt) for _ in range(20)}
    middle = min(FIRST_SECONDS * 2.0 ** min(attempt - 1, 30), LONGEST_SECONDS)
    assert all(middle * (1 - JITTER) <= wait <= middle * (1 + JITTER) for wait in waits)
    assert len(waits) > 1
    assert min(waits) > 2 * deliverer.SECONDS  # no two tries at the same time
    assert KEPT_TRYING_HOURS >= 24


@pytest.mark.slow
@settings(max_examples=size(12, 300))
@given(st.data())
def test_whatever_fails_each_article_is_told_in_order_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    from tests.postgres import database

    store = open_store(database(tmp_path_factory.mktemp("any")))
    webhook, _ = store.webhooks.add("http://127.0.0.1:1/", ["decision"], "ada")
    made: list[int] = []
    taken: list[int] = []
    article_of = {}
    for step in data.draw(st.lists(st.sampled_from("dddtfksp"), max_size=25)):
        if step == "d":
            article = data.draw(st.sampled_from("ab"))
            decide(store, article, f"tag-{len(made)}")
            made.append(store.events.last())
            article_of[made[-1]] = article
        elif step == "p":
            hours_pass(store, data.draw(st.sampled_from([0.1, 100])))
        else:
            store.deliveries.arrange(webhook, store.events.last())
            webhook = store.webhooks.get(webhook.id)
            dues = store.deliveries.take(webhook, data.draw(st.integers(1, 3)))
            if step == "t" and dues:
                store.deliveries.delivered(webhook, dues)
                taken += [due.event.n for due in dues]
            elif step in "fs" and dues:  # k: the process was killed
                store.deliveries.failed(webhook, dues, "it answered 500", silent=step == "s")
    for _ in range(200):
        hours_pass(store, 5)
        store.deliveries.send_again()
        store.deliveries.arrange(store.webhooks.get(webhook.id), store.events.last())
        if not (dues := store.deliveries.take(webhook, 3)):
            break
        store.deliveries.delivered(webhook, dues)
        taken += [due.event.n for due in dues]
    store.close()
    assert sorted(taken) == made
    for article in "ab":
        of_article = [n for n in taken if article_of[n] == article]
        assert of_article == sorted(of_article)


def _taxonomy():
    from tests.test_taxonomy_store import START

    return START


@pytest.mark.slow
def test_two_services_deliver_everything_once(registry: Registry, database_url: str, receiver: Receiver) -> None:
    """Two processes of each of two services, over real sockets."""
    from tests import server

    store = open_store(database_url)
    store.webhooks.add(receiver.url, ["decision"], "ada")
    store.close()
    settings = {"TAGGER_WEBHOOK_HOSTS": "127.0.0.1"}
    services = [server.start(registry.folder, database_url, "--workers", "2", settings=settings) for _ in range(2)]
    try:
        for number in range(10):
            service = services[number % 2]
            assert service.ask("PUT", f"/v1/articles/a{number}", {"title": "ISKP in Kabul"})[0] == 200
            said = {"decisions": [{"tag": "iskp", "action": "add"}]}
            assert service.ask("POST", f"/v1/articles/a{number}/decisions", said)[0] == 201
        until = time.monotonic() + SECONDS
        while len(receiver.got) < 10 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(5)  # whoever would send it twice has looked by then
    finally:
        for service in services:
            server.stop(service)
    assert sorted(got.message["data"]["article_id"] for got in receiver.got) == sorted(f"a{n}" for n in range(10))
