"""Asking which: a split tag that fits a text that names none of its parts, and what an article has since a change."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.serving import serving as serving_module
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change, undo
from classifier.store.store import Store
from classifier.training.fitting import Fitted
from classifier.web import build_app
from tests.test_decisions import STORY
from tests.test_forwarding import after
from tests.test_taxonomy_api import ok

SPLIT = 'split iskp into iskp-north="Northern Wing" iskp-south="Southern Wing"'
PARTS = [{"tag": "iskp-north", "label": "Northern Wing"}, {"tag": "iskp-south", "label": "Southern Wing"}]


def test_a_split_tag_is_asked_with_its_old_score_exactly_where_it_was_suggested(
    fitted: Fitted, articles: list[Article]
) -> None:
    model: TagModel = fitted.model
    seen, n_asked = seen_through(model, after(model.taxonomy, SPLIT)), 0
    for article in articles[::15]:
        before = {row["tag"]: row["score"] for row in model.suggest(article).suggestions}
        answer = seen.suggest(article)
        asked = {row["tag"]: row["score"] for row in answer.choices}
        assert asked == {tag: score for tag, score in before.items() if tag == "iskp"}
        assert [row["between"] for row in answer.choices] == [PARTS] * len(asked)
        assert "iskp" not in {row["tag"] for row in answer.suggestions}
        n_asked += len(asked)
    assert n_asked > 0


def test_nothing_is_asked_where_a_part_is_suggested_by_its_name(fitted: Fitted) -> None:
    model: TagModel = fitted.model
    seen = seen_through(model, after(model.taxonomy, SPLIT))
    assert [row["tag"] for row in seen.suggest(Article(**STORY)).choices] == ["iskp"]
    named = seen.suggest(
        Article(title=f"{STORY['title']}: the Northern Wing", body=f"The Northern Wing. {STORY['body']}")
    )
    assert "iskp-north" in {row["tag"] for row in named.suggestions}
    assert named.choices == []


def test_a_kept_or_merged_tag_is_not_asked(fitted: Fitted) -> None:
    model: TagModel = fitted.model
    for lines in ((f"{SPLIT} keep",), (SPLIT, "merge iskp-north into iskp-south"), ("retire iskp",)):
        assert seen_through(model, after(model.taxonomy, *lines)).suggest(Article(**STORY)).choices == []


# --- over HTTP --------------------------------------------------------------------------------------------------


@pytest.fixture
def client(registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of a service whose worker looks at the files before each request."""
    monkeypatch.setattr(serving_module, "POLL_SECONDS", 0.0)
    return build_app(Tagger(Serving(registry), store), registry).test_client()


def decide(client: FlaskClient, **actions: str) -> None:
    decisions = [{"tag": tag.replace("_", "-"), "action": action} for tag, action in actions.items()]
    ok(client.post("/v1/articles/x/decisions", json={"editor": "ed4", "decisions": decisions}), 201)


def split(client: FlaskClient, registry: Registry, store: Store) -> None:
    """Split the tag, and wait until the worker sees it, which loads beside the requests."""
    version = change(registry, store, [operation_from_text(SPLIT)], "ada").head.taxonomy.version
    for _ in range(500):
        if ok(client.get("/v1/tags"))["taxonomy_version"] == version:
            return
        time.sleep(0.01)
    pytest.fail("the split is not seen")


def choices(client: FlaskClient) -> dict[str, list[str]]:
    rows: list[Any] = ok(client.get("/v1/articles/x"))["choices"]
    assert ok(client.get("/review/articles/x"))["choices"] == rows
    return {row["tag"]: [part["tag"] for part in row["between"]] for row in rows}


@pytest.mark.parametrize(
    "answer", [{"iskp_north": "add", "iskp_south": "reject"}, dict.fromkeys(["iskp_north", "iskp_south"], "reject")]
)
def test_an_article_asks_until_somebody_has_chosen_one_part_or_none(
    client: FlaskClient, registry: Registry, store: Store, answer: dict[str, str]
) -> None:
    split(client, registry, store)
    assert ok(client.put("/v1/articles/x", json=STORY))["choices"][0]["tag"] == "iskp"
    assert choices(client) == {"iskp": ["iskp-north", "iskp-south"]}
    decide(client, **answer)
    assert choices(client) == {}


def test_an_article_that_had_the_tag_asks_whatever_the_model_says(
    client: FlaskClient, registry: Registry, store: Store
) -> None:
    ok(
        client.put(
            "/v1/articles/x", json={"title": "A dull day", "body": "Nothing happened in the village.", "tags": ["iskp"]}
        )
    )
    assert choices(client) == {}
    split(client, registry, store)
    assert choices(client) == {"iskp": ["iskp-north", "iskp-south"]}
    assert ok(client.get("/v1/articles/x"))["choices"][0]["score"] is None
    waiting = ok(client.get("/v1/tags/iskp/redecide?order=doubtful"))
    assert (waiting["n"], waiting["articles"][0]["cause"]) == (1, "split")
    decide(client, iskp_south="add")
    assert choices(client) == {}
    assert ok(client.get("/v1/tags/iskp/redecide"))["n"] == 0


def test_an_article_asks_a_or_b_after_the_undo_of_a_merge(
    client: FlaskClient, registry: Registry, store: Store
) -> None:
    ok(client.put("/v1/articles/x", json=STORY))
    applied = change(registry, store, [operation_from_text("merge iswap into iskp")], "ada")
    decide(client, iskp="accept")
    undo(registry, store, applied.numbers, "ada")
    assert choices(client) == {"iskp": ["iswap", "iskp"]}
    told = ok(client.get("/v1/tags/iskp/redecide"))
    assert (told["parts"], told["articles"][0]["between"], told["articles"][0]["cause"]) == (
        ["iswap", "iskp"],
        ["iswap", "iskp"],
        "undone_merge",
    )
    decide(client, iswap="reject", iskp="add")
    assert choices(client) == {}
    assert ok(client.get("/v1/tags/iskp/redecide"))["n"] == 0
