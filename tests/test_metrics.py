"""Metrics: what every worker counted, what store and models say, and nothing of any article."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.runs import FAILED, JOB
from classifier.store.store import Store
from classifier.web import build_app
from tests import server
from tests.postgres import database

ARTICLE = {
    "title": "ISKP claims the bombing of a mosque in Kabul",
    "body": "<p>ISKP said that its bomber had struck in Kabul. The zanzibarquokka was not harmed.</p>",
    "body_format": "html",
}


def value(text: str, name: str, **labels: str) -> float:
    """Return the sum of a metric over all series that have the labels."""
    total = 0.0
    for line in text.splitlines():
        match = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if match and all(f'{key}="{of}"' in (match[1] or "") for key, of in labels.items()):
            total += float(match[2])
    return total


def read(client: FlaskClient) -> str:
    response = client.get("/metrics")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_requests_suggestions_and_decisions_are_counted(client: FlaskClient) -> None:
    before = read(client)
    answer = client.put("/v1/articles/metric-1", json=ARTICLE).get_json()
    client.post("/v1/articles/metric-1/decisions", json={"decisions": [{"tag": "iskp", "action": "accept"}]})
    client.get("/v1/articles/none-such")
    after = read(client)

    def gained(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    route = "/v1/articles/<article_id>"
    assert gained("tagger_requests_total", method="PUT", route=route, status="200") == 1
    assert gained("tagger_requests_total", method="GET", route=route, status="404") == 1
    assert gained("tagger_request_seconds_count", route=route) == 2
    assert gained("tagger_suggestions_total") == len(answer["suggestions"])
    assert gained("tagger_suggestions_total", tag="iskp") == 1
    assert gained("tagger_decisions_total", action="accept") == 1
    assert "metric-1" not in after
    assert "quokka" not in after


def test_metrics_tell_the_model_the_queue_and_the_training(
    client: FlaskClient, registry: Registry, store: Store
) -> None:
    client.put("/v1/articles/metric-1", json=ARTICLE)
    text = read(client)
    champion = registry.champion()
    assert champion is not None
    assert value(text, "tagger_model", version=champion.version) == 1
    assert value(text, "tagger_model_age_seconds") >= 0
    assert value(text, "tagger_queue_articles", state="new") == 1
    assert "tagger_retrain_overdue 0.0" in text.splitlines()
    assert "tagger_held_tags 0.0" in text.splitlines()
    assert value(text, "tagger_store_up") == 1
    store.runs.end(store.runs.begin(JOB), FAILED, "the disk is full")
    text = read(client)
    assert value(text, "tagger_retrain_overdue") == 1
    assert value(text, "tagger_retrain_age_seconds", outcome="failed") >= 0


def test_a_setting_asks_for_a_key(tagger: Tagger, registry: Registry, store: Store) -> None:
    client = build_app(tagger, registry, metrics_need_key=True).test_client()
    secrets = {role: store.keys.create(role, role) for role in ("admin", "reader", "editor", "cms")}
    assert client.get("/metrics").status_code == 401
    status = {
        role: client.get("/metrics", headers={"Authorization": f"Bearer {secret}"}).status_code
        for role, secret in secrets.items()
    }
    assert status == {"admin": 200, "reader": 200, "editor": 403, "cms": 403}


@pytest.mark.slow
@pytest.mark.parametrize("n_requests", [12])
def test_the_counts_of_all_workers_are_added_up(registry: Registry, tmp_path: Path, n_requests: int) -> None:
    running = server.start(registry.folder, database(tmp_path), "--workers", "3", "--threads", "4")
    try:
        for _ in range(n_requests):
            assert running.ask("GET", "/health/live")[0] == 200
        with running.connect() as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        assert value(text.replace("\r", ""), "tagger_requests_total", route="/health/live") == n_requests
    finally:
        assert server.stop(running) == 0
