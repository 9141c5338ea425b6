"""Models from the browser and over HTTP: what serves and why, other versions, and that each change says who made it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.events import CHAMPION, MODEL
from classifier.store.rows import ago
from classifier.store.runs import JOB
from classifier.web import build_app
from tests.desk import Desk, in_copy_of


@pytest.fixture
def two(second_run: Path, tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk with two versions, of which the newer one serves."""
    with in_copy_of(second_run, tmp_path / "two", taxonomy) as desk:
        yield desk


@pytest.fixture
def client(two: Desk) -> FlaskClient:
    """The service of that desk, with somebody signed in while no key exists."""
    client = build_app(Tagger(Serving(two.registry), two.store), two.registry).test_client()
    client.post("/sign-in", data={"name": "ada"})
    return client


def send(client: FlaskClient, action: str, **fields: str) -> Any:
    token = re.search(r'name="csrf"[^>]*(?:value|content)="([^"]+)"', client.get("/models").text)
    assert token is not None
    return client.post(f"/models/{action}", data={"csrf": token[1], **fields})


def text_of(client: FlaskClient) -> str:
    return " ".join(html.fromstring(client.get("/models").text).text_content().split())


def actions(desk: Desk) -> list[tuple[str, str]]:
    return [
        (event.by, (event.facts or {})["action"])
        for event in desk.store.events.since(0, 100_000)
        if event.kind == MODEL
    ]


# --- what serves ---


def test_the_page_says_what_serves_since_when_by_whom_and_why(client: FlaskClient, two: Desk) -> None:
    champion = two.registry.champion()
    assert champion is not None
    text = text_of(client)
    assert f"Serves since {champion.at[:16].replace('T', ' ')} UTC after a training: {champion.why}" in text
    assert champion.version in text
    assert "python -m" not in text
    assert "TAGGER_" not in text


def test_each_version_leads_to_the_report_of_its_training(client: FlaskClient, two: Desk) -> None:
    runs = {run.version: run.id for run in two.store.runs.brief(JOB)}
    tree = html.fromstring(client.get("/models").text)
    for version in two.registry.versions():
        (row,) = tree.xpath(f"//li[@id='v-{version}']")
        assert row.xpath(f".//a[@href='/runs/{runs[version]}']")


def test_readers_see_models_and_have_no_buttons(client: FlaskClient, two: Desk) -> None:
    secret = two.store.keys.create("rita", "reader")
    client.post("/sign-in", data={"name": "rita", "key": secret})
    page = client.get("/models")
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert send(client, "roll-back", why="no").status_code == 403


def test_a_damaged_pointer_is_said_and_does_not_break_the_page(client: FlaskClient, two: Desk) -> None:
    (two.registry.folder / "champion.json").write_text("{")
    page = client.get("/models")
    assert page.status_code == 200
    assert "cannot be read" in page.text


# --- roll back and promote ---


def test_rolling_back_with_a_reason_and_promoting_again(client: FlaskClient, two: Desk) -> None:
    old, new = two.registry.versions()
    assert send(client, "roll-back", why="wrong tags on Mali", serves=new).status_code == 303
    champion = two.registry.champion()
    assert champion is not None
    assert (champion.version, champion.by, champion.why) == (old, "ada", "wrong tags on Mali")
    assert "Brought back since" in text_of(client)
    assert send(client, "promote", version=new, why="mended", serves=old).status_code == 303
    assert two.champion == new
    told = [(event.subject, event.by) for event in two.store.events.since(0, 100_000) if event.kind == CHAMPION]
    assert told[-2:] == [(old, "ada"), (new, "ada")]


def test_a_change_needs_a_reason(client: FlaskClient, two: Desk) -> None:
    before = two.champion
    assert send(client, "roll-back", why="  ").status_code == 400
    assert two.champion == before


def test_a_page_that_is_out_of_date_changes_nothing(client: FlaskClient, two: Desk) -> None:
    old, new = two.registry.versions()
    two.registry.roll_back("bo", "first")
    answer = send(client, "promote", version=new, why="second", serves=new)
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert two.champion == old


def test_a_form_without_the_token_of_the_session_is_refused(client: FlaskClient, two: Desk) -> None:
    assert client.post("/models/roll-back", data={"csrf": "guessed", "why": "x"}).status_code == 403
    assert client.post("/models/train", data={"force": "1"}).status_code == 403


# --- keeping, shadow, fixing ---


def test_a_version_is_kept_put_in_shadow_and_taken_out(client: FlaskClient, two: Desk) -> None:
    old, _ = two.registry.versions()
    send(client, "pin", version=old, keep="1")
    assert two.registry.pinned() == [old]
    send(client, "shadow", version=old)
    assert "in shadow" in text_of(client)
    send(client, "shadow")
    send(client, "pin", version=old, keep="0")
    assert two.registry.pinned() == []
    assert actions(two) == [("ada", one) for one in ("pinned", "shadow_begun", "shadow_ended", "unpinned")]


@pytest.mark.slow
def test_while_what_serves_is_fixed_trainings_go_on_and_do_not_replace_it(
    client: FlaskClient, two: Desk, dated: list[Article]
) -> None:
    before = two.champion
    send(client, "fix", why="the election")
    assert "ada has fixed it" in text_of(client)
    result = two.retrain(force=True)
    assert (result.outcome, two.champion) == ("not promoted", before)
    assert ("fixed", True) in [(cause["check"], "the election" in cause["figure"]) for cause in result.blocked_by]
    assert result.version in two.registry.versions()
    assert send(client, "promote", version=str(result.version), why="by hand").status_code == 303  # a person may
    send(client, "fix", release="1")
    assert "has fixed it" not in text_of(client)
    assert actions(two) == [("ada", "fixed"), ("ada", "released")]


# --- training ---


def test_the_page_shows_the_step_of_a_training_and_what_became_of_it(client: FlaskClient, two: Desk) -> None:
    asked = two.store.runs.ask(JOB, "bo")
    assert "A training begins" in text_of(client)
    assert send(client, "train").status_code == 409
    with two.store.runs.alone(JOB):
        two.store.runs.begin(JOB, asked.id)
        step: Any = {"name": "reading", "began_at": ago(seconds=1), "seconds": None}
        names = ["reading", "checking", "learning", "comparing", "reporting", "saving"]
        log: Any = [{"at": ago(seconds=1), "text": "Reading the store"}]
        doing: Any = {"label": "folds", "done": 2, "total": 5, "began_at": ago(seconds=130), "seconds": 130.0}
        doing["share"] = 0.4
        known: Any = {"names": names, "steps": [step], "doing": doing, "expected": {}, "log": log}
        two.store.runs.beat(asked.id, known)
        first = text_of(client)
        two.store.runs.beat(
            asked.id, known | {"doing": doing | {"done": 1, "total": 9, "seconds": 0.5, "share": 1 / 9}}
        )
        early = text_of(client)
        two.store.runs.beat(
            asked.id, {"names": names, "steps": [step], "doing": None, "expected": {"reading": 181.0}, "log": log}
        )
        text = text_of(client)
    assert "Step 1 of 6: Read the articles and the decisions" in text
    assert "About 3 minutes are left." in text
    assert "At least 3 minutes are left." in first
    assert "So far: 1 / 9" in early
    assert "Reading the store" in text
    assert send(client, "cancel", run=asked.id).status_code == 303
    assert "is being stopped" in text_of(client)
    two.store.runs.end(asked, "failed", "The disk is full.")
    assert "The disk is full." in text_of(client)


# --- the same over HTTP ---


@pytest.mark.slow
def test_models_are_changed_over_http(client: FlaskClient, two: Desk) -> None:
    old, new = two.registry.versions()
    told = client.get("/v1/models").get_json()
    assert (told["serves"]["version"], told["serves"]["previous"], told["shadow"], told["fixed"]) == (
        new,
        old,
        None,
        None,
    )
    back = client.post("/v1/models/roll-back", json={"why": "wrong", "instead_of": new}, headers=token(client))
    assert back.get_json()["serves"]["version"] == old
    assert client.post(f"/v1/models/{new}/promote", json={"why": ""}, headers=token(client)).status_code == 422
    assert (
        client.post(
            f"/v1/models/{new}/promote", json={"why": "x", "instead_of": new}, headers=token(client)
        ).status_code
        == 409
    )
    again = client.post(f"/v1/models/{new}/promote", json={"why": "mended"}, headers=token(client)).get_json()
    assert (again["serves"]["version"], again["serves"]["why"], again["serves"]["by"]) == (new, "mended", "ada")
    pinned = client.put(f"/v1/models/{old}/pin", json={}, headers=token(client)).get_json()
    assert [row["version"] for row in pinned["models"] if row["pinned"]] == [old]
    shadow = client.put("/v1/models/shadow", json={"version": old}, headers=token(client)).get_json()
    assert shadow["shadow"]["version"] == old
    assert client.put("/v1/models/shadow", json={"version": new}, headers=token(client)).status_code == 400
    assert client.delete("/v1/models/shadow", headers=token(client)).get_json()["shadow"] is None
    fixed = client.put("/v1/models/fixed", json={"why": "the election"}, headers=token(client)).get_json()
    assert (fixed["fixed"]["by"], fixed["fixed"]["why"]) == ("ada", "the election")
    assert client.delete("/v1/models/fixed", headers=token(client)).get_json()["fixed"] is None


def token(client: FlaskClient) -> dict[str, str]:
    found = re.search(r'<meta name="csrf" content="([^"]+)"', client.get("/models").text)
    assert found is not None
    return {"X-CSRF-Token": found[1]}
