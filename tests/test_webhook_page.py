"""The page of webhooks: an admin adds, pauses, tests and removes a receiver, and sends again what was given up."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from classifier.operations.deliverer import Deliverer
from classifier.operations.hosts import read_hosts
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.store import Store
from classifier.store.webhooks import KINDS
from classifier.web import build_app
from classifier.web.pages.webhooks import NAMES
from tests.receiver import HERE, answers, receiving
from tests.test_webhooks import decide, hours_pass

PAGE = "/webhooks"


@pytest.fixture
def app(tagger: Tagger, registry: Registry) -> Flask:
    return build_app(tagger, registry, hosts=read_hosts(["127.0.0.1", "cms.example.org"]))


@pytest.fixture
def admin(app: Flask, store: Store) -> FlaskClient:
    client = app.test_client()
    key = store.keys.create("ada", "admin")
    assert client.post("/sign-in", data={"name": "ada", "key": key}).status_code == 303
    return client


def send(client: FlaskClient, path: str, **fields: str | list[str]) -> tuple[int, str]:
    """Send a form of the page, and return the status and the text of what is shown then."""
    csrf = html.fromstring(client.get(PAGE).data).xpath("//meta[@name='csrf']/@content")[0]
    response = client.post(path, data={"csrf": csrf, **fields}, follow_redirects=True)
    return response.status_code, " ".join(html.fromstring(response.data).xpath("string(//main)").split())


def test_a_receiver_is_added_and_its_secret_shown_once(admin: FlaskClient, store: Store) -> None:
    assert "Nobody is told yet" in admin.get(PAGE).text
    status, text = send(admin, PAGE, url="https://cms.example.org/hook", kind=["decision", "rising_name"])
    (webhook,) = store.webhooks.list()
    assert (status, webhook.kinds, webhook.by) == (201, ["decision", "rising_name"], "ada")
    assert store.webhooks.secret(webhook.id) in text
    shown = admin.get(PAGE).text
    assert "https://cms.example.org/hook" in shown and "whsec_" not in shown
    assert "an editor decides · a name rises" in " ".join(html.fromstring(shown).xpath("string(//main)").split())


def test_a_host_that_is_not_listed_is_refused_and_the_address_stays_in_the_form(
    admin: FlaskClient, store: Store
) -> None:
    status, text = send(admin, PAGE, url="https://evil.example/<b>")
    assert (status, store.webhooks.list()) == (422, [])
    assert "Nothing may be sent to evil.example" in text


def test_a_receiver_is_paused_resumed_tested_and_removed(admin: FlaskClient, store: Store) -> None:
    with receiving() as receiver:
        send(admin, PAGE, url=receiver.url)
        (webhook,) = store.webhooks.list()
        assert webhook.kinds == list(KINDS)
        path = f"{PAGE}/{webhook.id}"
        assert " paused " in send(admin, path, do="pause")[1]
        assert " active " in send(admin, path, do="resume")[1]
        assert "The test message was taken." in send(admin, path, do="test")[1]
        receiver.answer = answers(500)
        assert "The test message was not taken: it answered 500." in send(admin, path, do="test")[1]
        assert send(admin, path, do="explode")[0] == 400
        assert "Nobody is told yet" in send(admin, path, do="remove")[1]
        assert send(admin, path, do="pause")[0] == 404


@pytest.mark.slow
def test_what_was_given_up_is_sent_again_one_or_all_or_dropped(admin: FlaskClient, store: Store) -> None:
    with receiving() as receiver:
        send(admin, PAGE, url=receiver.url, kind="decision")
        receiver.answer = answers(500)
        for article_id in ("b", "c"):
            decide(store, article_id, "iskp")
        sender = Deliverer(store, HERE)
        while len(store.deliveries.given_up()) < 2:
            sender.work()
            hours_pass(store, 5)
        text = admin.get(PAGE).text
        assert text.count("Send again") == 4  # each button and its name
        first, second = store.deliveries.given_up()
        assert "it answered 500" in text
        send(admin, f"{PAGE}/failed", do="drop", number=str(first.delivery.n))
        assert [due.delivery.n for due in store.deliveries.given_up()] == [second.delivery.n]
        send(admin, f"{PAGE}/failed", do="resend")
        assert store.deliveries.given_up() == []
        receiver.answer = answers(200)
        receiver.got.clear()
        assert sender.work() == 1
        assert receiver.messages[0]["data"]["article_id"] == "c"
        assert send(admin, f"{PAGE}/failed", do="resend", number="x")[0] == 400


def test_editors_may_neither_see_nor_change_it(app: Flask, store: Store) -> None:
    client = app.test_client()
    key = store.keys.create("bo", "editor")
    client.post("/sign-in", data={"name": "bo", "key": key})
    store.webhooks.add("https://cms.example.org/hook", KINDS, "ada")
    response = client.get(PAGE)
    assert response.status_code == 403 and "cms.example.org" not in response.text
    csrf = re.search(r'name="csrf" content="([^"]+)"', client.get("/review").text)
    assert csrf is not None
    assert client.post(PAGE, data={"csrf": csrf[1], "url": "https://cms.example.org/"}).status_code == 403
    assert len(store.webhooks.list()) == 1


def test_every_kind_has_a_name() -> None:
    assert set(NAMES) == set(KINDS)
