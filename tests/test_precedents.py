"""Precedents: the nearest past articles that carry a tag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.model.files import load_model, save_model
from classifier.model.precedents import MAX_ARTICLES, N_TERMS, keep_precedents
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.training.fitting import Fitted


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


def precedents(model: TagModel, article: Article, tag: str) -> list[tuple[str, float]]:
    return model.explain(article, [tag])[0].precedents


def test_precedents_carry_the_tag_and_the_most_alike_comes_first(model: TagModel, articles: list[Article]) -> None:
    carriers = {article.id for article in articles if "iskp" in (article.tags or ())}
    past = next(article for article in articles if article.id in carriers)
    found = precedents(model, replace(past, id="", tags=None), "iskp")
    assert {article_id for article_id, _ in found} <= carriers
    assert found[0] == (past.id, pytest.approx(1.0, abs=1e-3))
    assert [alike for _, alike in found] == sorted((alike for _, alike in found), reverse=True)
    assert len(found) == 3


def test_nothing_resembles_an_article_without_words(model: TagModel) -> None:
    assert precedents(model, Article(), "iskp") == []


def test_tag_without_examples_has_no_precedents(model: TagModel, articles: list[Article]) -> None:
    assert "hamas" in model.card["left_out"]
    carriers = {article.id for article in articles if "hamas" in (article.tags or ())}
    assert {article_id for article_id, _ in precedents(model, articles[0], "hamas")} <= carriers


def test_precedents_stay_with_their_tags(model: TagModel, articles: list[Article]) -> None:
    changed = retagged(model, Taxonomy(model.taxonomy.tags[::-1], model.taxonomy.kinds))
    for tag in ("iskp", "taliban"):
        assert precedents(changed, articles[0], tag) == precedents(model, articles[0], tag)


def test_precedents_are_saved_without_any_text(model: TagModel, articles: list[Article], tmp_path: Path) -> None:
    save_model(model, tmp_path / "version")
    loaded = load_model(tmp_path / "version")
    assert precedents(loaded, articles[0], "iskp") == precedents(model, articles[0], "iskp")
    ids = (tmp_path / "version" / "precedents.txt").read_text().split("\n")
    assert ids
    assert set(ids) <= {article.id for article in articles if article.tags}


@pytest.mark.slow
def test_only_the_strongest_terms_of_the_newest_articles_are_kept() -> None:
    n = MAX_ARTICLES + 5
    X = sparse.random(n, 300, density=0.3, format="csr", random_state=0)
    positive = np.ones((n, 1), dtype=bool)
    ids = [f"a-{number:06d}" for number in range(n)]
    published = [None, *(f"{1990 + number % 30}-01-01" for number in range(n - 1))]
    kept = keep_precedents(X, positive, ids, published)
    assert len(kept.ids) == MAX_ARTICLES
    assert "a-000000" not in kept.ids
    assert int(np.diff(kept.begins).max()) <= N_TERMS
    first = slice(kept.begins[0], kept.begins[1])
    assert float((kept.values[first].astype(np.float64) ** 2).sum()) == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(kept.rows[first]) > 0).all()
