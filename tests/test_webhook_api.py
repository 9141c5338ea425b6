"""Webhooks over HTTP, and the examples of docs/webhooks.md as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.operations.deliverer import Deliverer
from classifier.operations.hosts import read_hosts
from classifier.operations.messages import headers_of
from classifier.operations.status import status
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.store import Store
from classifier.store.webhooks import KINDS
from classifier.web import build_app
from classifier.web.api.schemas import WebhookKind
from tests.conftest import ROOT
from tests.receiver import HERE, answers, receiving
from tests.test_webhooks import decide, hours_pass
from tests.waiting import SECONDS

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"


@pytest.fixture
def client(tagger: Tagger, registry: Registry) -> FlaskClient:
    return build_app(tagger, registry, hosts=read_hosts(["127.0.0.1", "cms.example.org"])).test_client()


def test_a_webhook_is_added_listed_paused_and_removed(client: FlaskClient, store: Store) -> None:
    sent = {"url": "https://cms.example.org/hook", "kinds": ["decision"]}
    added = client.post("/v1/webhooks", json=sent)
    assert added.status_code == 201
    webhook, secret = added.json["webhook"], added.json["secret"]  # type: ignore[index]
    assert secret == store.webhooks.secret(webhook["id"])
    assert client.get("/v1/webhooks").json == {"webhooks": [webhook]}
    assert secret not in client.get("/v1/webhooks").get_data(as_text=True)
    path = f"/v1/webhooks/{webhook['id']}"
    assert client.post(path, json={"state": "paused"}).json == webhook | {"state": "paused"}
    assert client.post(path, json={"state": "active"}).json == webhook
    assert client.delete(path).status_code == 204
    assert client.get("/v1/webhooks").json == {"webhooks": []}
    assert client.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"url": "https://evil.example/"}, "/url"),
        ({"url": "http://169.254.169.254/latest"}, "/url"),
        ({"url": "https://cms.example.org/", "kinds": ["decisions"]}, "/kinds/0"),
        ({"url": "https://cms.example.org/", "kinds": []}, "/kinds"),
    ],
)
def test_what_cannot_be_added_is_refused_naming_the_field(client: FlaskClient, sent: Any, pointer: str) -> None:
    response = client.post("/v1/webhooks", json=sent)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]  # type: ignore[index]


def test_the_kinds_of_the_api_are_those_that_are_sent() -> None:
    assert set(WebhookKind.__args__) == set(KINDS)  # type: ignore[attr-defined]
    assert set(re.findall(r"\n\| `(\w+)` \|", PAGE)) == {"type", *KINDS, "test"}


@pytest.mark.slow
def test_what_was_given_up_is_told_everywhere_and_sent_again(
    client: FlaskClient, store: Store, registry: Registry, database_url: str
) -> None:
    with receiving() as receiver:
        client.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["decision"]})
        receiver.answer = answers(500)
        decide(store, "a", "first", "second")
        sender = Deliverer(store, HERE)
        sender.work()
        assert 'tagger_webhook_messages{state="late"} 1.0' in client.get("/metrics").get_data(as_text=True)
        assert client.get("/v1/webhooks/failed").json == {"failed": []}
        while not store.deliveries.given_up():
            hours_pass(store, 5)
            sender.work()
        failed = client.get("/v1/webhooks/failed").json["failed"]  # type: ignore[index]
        assert [(row["kind"], row["article_id"]) for row in failed] == [("decision", "a")] * 2
        said = "2 messages to webhooks were given up."
        assert client.get("/health/ready").json["problems"] == [f"webhooks: {said}"]  # type: ignore[index]
        assert said in status(registry, database_url)["problems"]
        assert 'tagger_webhook_messages{state="failed"} 2.0' in client.get("/metrics").get_data(as_text=True)
        receiver.answer = answers(200)
        receiver.got.clear()
        assert client.post("/v1/webhooks/failed", json={"action": "resend"}).json == {"n": 2}
        assert sender.work() == 2
        assert client.get("/health/ready").json["problems"] == []  # type: ignore[index]
        assert client.post("/v1/webhooks/failed", json={"action": "drop", "numbers": [1]}).json == {"n": 0}


# --- the documented ways to check a signature ---

DRIVERS = {
    "python": (
        [sys.executable],
        "import json, sys\ncase = json.load(sys.stdin)\nprint(is_genuine(case['secret'], case['headers'], case['body'].encode()))",
    ),
    "php": (
        ["php"],
        "$case = json_decode(file_get_contents('php://stdin'), true);\n"
        "echo is_genuine($case['secret'], $case['headers'], $case['body']) ? 'True' : 'False';",
    ),
    "js": (
        ["node"],
        "const given = JSON.parse(require('node:fs').readFileSync(0, 'utf-8'));\n"
        "console.log(isGenuine(given.secret, given.headers, Buffer.from(given.body)) ? 'True' : 'False');",
    ),
}


def is_genuine(language: str, folder: Path, case: dict[str, Any]) -> bool:
    """Check a message with the example of a language."""
    program, driver = DRIVERS[language]
    if shutil.which(program[0]) is None:
        assert not WHOLE, f"{program[0]} is missing"
        pytest.skip(f"{program[0]} is not installed")
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    file = folder / f"example.{language}"
    file.write_text(("<?php\n" if language == "php" else "") + block + "\n" + driver, "utf-8")
    ran = subprocess.run(
        [*program, file], input=json.dumps(case).encode(), capture_output=True, check=True, timeout=SECONDS
    )
    return {"True": True, "False": False}[ran.stdout.decode().strip()]


@pytest.mark.parametrize("language", DRIVERS)
def test_the_documented_check_takes_what_the_service_sends_and_nothing_else(
    store: Store, tmp_path: Path, language: str
) -> None:
    with receiving() as receiver:
        webhook, secret = store.webhooks.add(receiver.url, ["decision"], "ada")
        decide(store, "a", "Zāgros")
        assert Deliverer(store, HERE).work() == 1
        (got,) = receiver.got
    case = {"secret": secret, "headers": got.headers, "body": got.body.decode()}
    assert is_genuine(language, tmp_path, case)
    two = {"webhook-signature": "v1,bm90aGluZw== " + got.headers["webhook-signature"]}
    assert is_genuine(language, tmp_path, {**case, "headers": got.headers | two})
    _, other = store.webhooks.add(receiver.url, ["decision"], "ada")
    old = {name.lower(): value for name, value in headers_of(got.id, secret, got.body, int(time.time()) - 3600).items()}
    wrong = [
        {**case, "body": got.body.decode().replace('"a"', '"b"')},
        {**case, "secret": other},
        {**case, "headers": got.headers | {"webhook-id": "msg_other"}},
        {**case, "headers": got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) + 1)}},
        {**case, "headers": got.headers | {"webhook-signature": "v1,bm90aGluZw=="}},
        {**case, "headers": got.headers | old},
    ]
    assert [is_genuine(language, tmp_path, each) for each in wrong] == [False] * len(wrong)
    assert webhook.id in {each.id for each in store.webhooks.list()}
