"""Score sheets, two versions compared on stored articles, and the threshold of a tag: previewed, set, kept and taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.operations import SetField
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, tag_from_json, tag_to_json
from classifier.errors import BadOperation
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.reports.sheets import Sheet, SheetRow, at_threshold, compare_sheets, keep_sheets, kept_sheet, sheet_of
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change
from classifier.store.reports import SHEET, KeptReport
from classifier.web import build_app
from tests.desk import N_LATER, Desk

TAG = "afghanistan"  # no other tag of its kind stands aside for it


@pytest.fixture
def later(desk: Desk, dated: list[Article]) -> Desk:
    """A desk with articles that its model has not learned."""
    desk.add(dated[-N_LATER:])
    return desk


@pytest.fixture
def client(later: Desk, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The service of that desk, which makes sheets at once instead of beside."""

    def at_once(store: Any, _folder: Any, _what: str, _seconds: float, *arguments: str) -> None:
        keep_sheets(store, later.registry, arguments[2:], untracked)

    monkeypatch.setattr("classifier.web.pages.model_sheets.begin_beside", at_once)
    client = build_app(Tagger(Serving(later.registry), later.store), later.registry).test_client()
    client.post("/sign-in", data={"name": "ada"})
    client.get("/models/thresholds")
    return client


def moved(taxonomy: Taxonomy, score: float | None, tag: str = TAG) -> Taxonomy:
    tags = tuple(replace(each, threshold=score) if each.id == tag else each for each in taxonomy.tags)
    return Taxonomy(tags, taxonomy.kinds)


def suggested(model: TagModel, articles: list[Article], tag: str = TAG) -> np.ndarray:
    return np.asarray(model.judge(articles)[1][:, model.taxonomy.positions[tag]])


def send(client: FlaskClient, path: str, **fields: str) -> Any:
    token = re.search(r'<meta name="csrf" content="([^"]+)"', client.get("/models").text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


def text_of(client: FlaskClient, path: str) -> str:
    return " ".join(html.fromstring(client.get(path).text).text_content().split())


# --- the model ---


@pytest.mark.parametrize("score", [0.1, 0.3, 0.7, 0.95])
def test_a_tag_is_suggested_from_the_score_that_a_person_set(
    fitted: Any, articles: list[Article], score: float
) -> None:
    model: TagModel = fitted.model
    seen = seen_through(model, moved(model.taxonomy, score))
    (scores, after), (_, before) = seen.judge(articles), model.judge(articles)
    place = seen.taxonomy.positions[TAG]
    others = [other for other in seen.taxonomy.positions.values() if other != place]
    has_others = before[:, others].any(axis=1)  # an article keeps its best tag where it has no other
    assert np.array_equal((scores[:, place] >= score - 1e-9)[has_others], after[has_others, place])
    assert np.array_equal(after[has_others][:, others], before[has_others][:, others])


def test_without_a_threshold_of_a_person_the_model_is_itself(fitted: Any) -> None:
    assert seen_through(fitted.model, moved(fitted.model.taxonomy, None)) is fitted.model


def test_what_is_under_the_threshold_is_never_sure(fitted: Any, articles: list[Article]) -> None:
    seen = seen_through(fitted.model, moved(fitted.model.taxonomy, 0.99))
    assert (seen.parameters.auto_thresholds >= seen.parameters.thresholds).all()


def test_a_threshold_is_a_field_of_the_tag_in_files(taxonomy: Taxonomy) -> None:
    tag = replace(taxonomy.tag(TAG), threshold=0.35)
    assert tag_to_json(tag)["threshold"] == 0.35
    assert tag_from_json(tag_to_json(tag)) == tag
    assert "threshold" not in tag_to_json(taxonomy.tag(TAG))  # so that versions of older taxonomies stay


@pytest.mark.parametrize("value", ["1", 0, 1.5, "high", True, "nan"])
def test_what_is_no_score_is_refused(later: Desk, value: Any) -> None:
    with pytest.raises(BadOperation, match="threshold"):
        change(later.registry, later.store, [SetField(TAG, "threshold", value)], "ada")


@pytest.mark.slow
def test_a_threshold_stays_through_trainings_and_files_that_do_not_name_it(later: Desk) -> None:
    change(later.registry, later.store, [SetField(TAG, "threshold", 0.42)], "ada")
    assert later.retrain().version is not None  # it is given the taxonomy of a file
    found = later.registry.taxonomy()
    assert found is not None
    assert found.tag(TAG).threshold == 0.42


# --- sheets ---


def test_a_sheet_says_what_the_version_says(fitted: Any, articles: list[Article]) -> None:
    sheet = sheet_of(fitted.model, articles[:50], fitted.model.taxonomy, untracked)
    scores, chosen = fitted.model.judge(articles[:50])
    ids = [tag.id for tag in fitted.model.taxonomy.tags]
    for row, found, is_chosen in zip(sheet.rows, scores, chosen, strict=True):
        assert set(row.suggested) == {ids[tag] for tag in np.flatnonzero(is_chosen)}
        assert all(abs(found[ids.index(tag)] - score) < 0.001 for tag, score in row.scores.items())
        assert row.scores.keys() >= {ids[tag] for tag in np.flatnonzero(found >= 0.06)}


def test_a_preview_is_what_the_model_then_suggests(fitted: Any, articles: list[Article]) -> None:
    model: TagModel = fitted.model
    sheet = sheet_of(model, articles, model.taxonomy, untracked)
    before = suggested(model, articles)
    for score in (0.2, 0.5, 0.8):
        after = suggested(seen_through(model, moved(model.taxonomy, score)), articles)
        told = at_threshold(sheet, TAG, score)
        close = 2 + sum(abs(row.scores.get(TAG, 0.0) - score) < 0.0001 for row in sheet.rows)
        assert abs(told.n_appear - int((after & ~before).sum())) <= close
        assert abs(told.n_vanish - int((before & ~after).sum())) <= close


def test_two_sheets_tell_what_appears_and_what_vanishes() -> None:
    def row(article: str, *tags: str) -> SheetRow:
        return SheetRow(article, article.upper(), "2024-06-06", dict.fromkeys(tags, 0.5), list(tags))

    before = Sheet("v1", "", {}, [row("a", "x"), row("b", "x", "y"), row("gone", "z")])
    after = Sheet("v2", "", {}, [row("a", "x", "y"), row("b", "y"), row("new", "z")])
    told = [(change.tag, change.n_appear, change.n_vanish) for change in compare_sheets(before, after)]
    assert told == [("x", 0, 1), ("y", 1, 0)]


def test_a_deleted_article_leaves_no_sheet_that_names_it(client: FlaskClient, later: Desk) -> None:
    version = str(later.champion)
    kept = kept_sheet(later.store, version)
    assert kept is not None
    later.store.delete_article(kept[0].rows[0].article)
    assert kept_sheet(later.store, version) is None


def test_sheets_of_versions_that_are_gone_are_dropped(later: Desk) -> None:
    later.store.reports.put(KeptReport(f"{SHEET}20200101-000000-00000000", "2020", 0, "t", {}))
    assert main(["models", "score", str(later.champion), "--models", str(later.registry.folder), "--database",
                 later.store.engine.url.render_as_string(hide_password=False)]) == 0  # fmt: skip
    assert later.store.reports.get(f"{SHEET}20200101-000000-00000000") is None
    assert kept_sheet(later.store, str(later.champion)) is not None


# --- the pages ---


@pytest.mark.slow
def test_a_threshold_is_previewed_set_and_taken_back(client: FlaskClient, later: Desk) -> None:
    page = text_of(client, f"/models/thresholds?tag={TAG}&percent=90")
    found = re.search(r"At 90% it would appear on (\d+) and vanish from (\d+) of (\d+) articles", page)
    assert found is not None
    assert int(found[2]) > 0
    assert send(client, "/models/thresholds", tag=TAG, percent="90", why="too many passing mentions").status_code == 303
    taxonomy = later.registry.taxonomy()
    assert taxonomy is not None
    assert taxonomy.tag(TAG).threshold == 0.9
    assert Serving(later.registry).model().taxonomy.tag(TAG).threshold == 0.9
    (applied,) = [each for each in later.store.change_sets.list("applied") if "passing mentions" in each.title]
    assert applied.by == "ada"
    tree = html.fromstring(client.get("/models/thresholds").text)
    (number,) = tree.xpath("//form[@action='/models/thresholds/undo']/input[@name='number']/@value")
    assert send(client, "/models/thresholds/undo", tag=TAG, number=number).status_code == 303
    taxonomy = later.registry.taxonomy()
    assert taxonomy is not None
    assert taxonomy.tag(TAG).threshold is None
    assert "Nobody has set a threshold" in text_of(client, "/models/thresholds")


@pytest.mark.parametrize("percent", ["4", "100", "x", "50.5", "-5", "٥٠"])
def test_a_wrong_percentage_is_refused(client: FlaskClient, percent: str) -> None:
    assert send(client, "/models/thresholds", tag=TAG, percent=percent, why="x").status_code == 422
    assert client.get("/models/thresholds", query_string={"tag": TAG, "percent": percent}).status_code == 200


def test_only_a_change_of_a_threshold_is_taken_back_there(client: FlaskClient, later: Desk) -> None:
    change(later.registry, later.store, [SetField(TAG, "note", "x")], "bo")
    assert send(client, "/models/thresholds/undo", tag=TAG, number=str(later.store.taxonomy.last())).status_code == 400


@pytest.mark.slow
def test_versions_are_compared_with_links_to_articles(client: FlaskClient, later: Desk) -> None:
    assert "There is only one version" in text_of(client, "/models/compare")
    old = later.champion
    later.retrain()
    new = later.registry.versions()[-1]
    client.get(f"/models/compare?before={old}&after={new}")
    page = html.fromstring(client.get(f"/models/compare?before={old}&after={new}").text)
    text = " ".join(page.text_content().split())
    found = re.search(r"On \d+ articles?[^:]*: suggestions that appear: (\d+), that vanish: (\d+)\.", text)
    assert found is not None
    assert len(page.xpath("//main//li/a[starts-with(@href, '/review/')]")) >= min(1, int(found[1]) + int(found[2]))
    assert client.get("/models/compare?before=20200101-000000-00000000").status_code == 404
