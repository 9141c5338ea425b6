"""The rates at which tags were used lately: how they are walked, learned from, kept, explained and taken up by a model."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.domain.files import file_digest
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.decision import STACKING_FEATURES
from classifier.model.export import build_pipeline
from classifier.model.files import content_digest, load_model, save_model
from classifier.model.recency import HALF_LIFE, Rates, no_rates, recency_offset
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.training.fitting import fit
from classifier.training.recency import MIN_DATED, recency_pays, walk_rates
from classifier.training.rolling import rolling_masks, rolling_origins
from classifier.training.settings import FitSettings

QUICK = FitSettings(n_jobs=1)
N_DAYS = 240
DAYS = [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(N_DAYS)]
TOPICS = {
    "ferries": "harbour dock quay berth deck sailing crossing jetty mooring anchor hull tide captain gangway pier",
    "orchards": "apple cider tree blossom pruning harvest grafting pear ladder basket bees pollen frost juice press",
    "trams": "rails depot signal carriage driver tracks junction overhead wires fare conductor brakes timetable bell stop",
    "bakeries": "bread oven flour dough yeast crust loaf rye sourdough pastry baker kneading crumb wheat mill",
    "museums": "gallery exhibit curator painting sculpture archive portrait canvas restorer vault catalogue frame hall loan bronze",
}
N_TOPICS = len(TOPICS)


def story(topic: str, draws: random.Random) -> str:
    return " ".join(draws.sample(TOPICS[topic].split(), 9))


@pytest.fixture(scope="module")
def changing() -> list[Article]:
    """A desk that starts to tag its ferry stories as travel, too: the words are the same, the habit is not."""
    draws, articles = random.Random(0), []
    for number, day in enumerate(DAYS):
        topic = list(TOPICS)[number % N_TOPICS]
        tags = (topic, "travel") if topic == "ferries" and number > 0.7 * N_DAYS else (topic,)
        articles.append(Article(f"d-{number:03}", "", story(topic, draws), tags=tags, published_at=day))
    return articles


@pytest.fixture(scope="module")
def model(changing: list[Article]) -> TagModel:
    return fit(changing, None, QUICK).model


def undated(articles: Sequence[Article]) -> list[Article]:
    return [replace(article, published_at=None) for article in articles]


# --- the walk ---


def test_rates_before_an_article_do_not_follow_from_its_own_or_later_labels() -> None:
    labels = (np.random.default_rng(0).random((150, 4)) < 0.3).astype(np.int8)
    dates = [f"2024-01-01T00:{n // 60:02}:{n % 60:02}" for n in range(150)]
    offsets, _, _ = walk_rates(labels, dates)
    swapped = labels.copy()
    swapped[100:] = labels[100:][::-1]  # the usual rates stay
    assert np.array_equal(walk_rates(swapped, dates).offsets[:101], offsets[:101])


def test_articles_of_one_date_know_nothing_of_each_other() -> None:
    labels = (np.random.default_rng(1).random((120, 3)) < 0.4).astype(np.int8)
    offsets, _, _ = walk_rates(labels, ["2024-01-01"] * 60 + ["2024-01-02"] * 60)
    assert np.abs(offsets[:60]).max() < 1e-12
    assert (offsets[60:] == offsets[60]).all() and np.abs(offsets[60]).min() > 1e-3


def test_unknown_labels_and_undated_articles_change_no_rate() -> None:
    labels = (np.random.default_rng(2).random((200, 3)) < 0.4).astype(np.int8)
    dates: list[str | None] = [f"2024-01-01T{n // 60:02}:{n % 60:02}:00" for n in range(200)]
    offsets, _, rates = walk_rates(labels, dates)
    more = np.concatenate([labels, np.ones((50, 3), dtype=np.int8), np.full((50, 3), -1, dtype=np.int8)])
    more_dates = [*dates, *[None] * 50, *["2024-01-01T02:00:30"] * 50]
    more_offsets, _, more_rates = walk_rates(more, more_dates)
    assert np.array_equal(more_offsets[:200], offsets) and not more_offsets[200:250].any()
    assert all(np.array_equal(a, b) for a, b in zip(rates[:2], more_rates[:2], strict=True))


def test_few_dated_articles_say_nothing() -> None:
    labels = np.ones((MIN_DATED + 20, 2), dtype=np.int8)
    labels[::2] = 0
    dates = [DAYS[n] if n < MIN_DATED - 1 else None for n in range(len(labels))]
    offsets, _, rates = walk_rates(labels, dates)
    assert not offsets.any() and not recency_offset(rates).any()


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=300), st.floats(0.0, 1.0))
def test_an_offset_is_finite_and_bounded_whatever_comes(labels: list[int], usual: float) -> None:
    rates = Rates(np.array([usual]), np.array([usual]), HALF_LIFE)
    for label in labels:
        rates = rates.after(np.array([label], dtype=np.int8))
    assert 0.0 <= rates.recent[0] <= 1.0
    assert abs(recency_offset(rates)[0]) < 15.0


def test_a_label_counts_half_after_a_half_life() -> None:
    def recent(first: int, n_later: int) -> float:
        rates = Rates(np.array([0.5]), np.array([0.5]), HALF_LIFE)
        for label in [first] + [0] * n_later:
            rates = rates.after(np.array([label], dtype=np.int8))
        return float(rates.recent[0])

    n_articles = int(HALF_LIFE / 0.5)  # in which a tag that half of the articles have has so many positives
    at_once, later = (recent(1, n) - recent(0, n) for n in (0, n_articles))
    assert later == pytest.approx(at_once / 2)


def test_nothing_is_known_of_a_tag_without_labels() -> None:
    assert not recency_offset(no_rates(3)).any()


# --- the model ---


def test_a_changed_habit_is_learned_and_named(model: TagModel) -> None:
    article = Article("new", "", story("ferries", random.Random(1)))
    assert {one["tag"] for one in model.suggest(article).suggestions} == {"ferries", "travel"}
    (explanation,) = model.explain(article, ["travel"])
    recency = [part for part in explanation.parts if part.kind == "recency"]
    assert [part.text for part in recency] == ["used more often lately"] and recency[0].weight > 0
    assert sum(part.weight for part in explanation.parts) == pytest.approx(explanation.decision_value, abs=1e-6)


def test_a_tag_that_fell_out_of_use_is_said_to(changing: list[Article]) -> None:
    backwards = [replace(article, published_at=day) for article, day in zip(changing, DAYS[::-1], strict=True)]
    model = fit(backwards, None, QUICK).model
    (explanation,) = model.explain(backwards[0], ["travel"])
    assert [part.text for part in explanation.parts if part.kind == "recency"] == ["used less often lately"]


def test_without_dates_there_is_no_recency(changing: list[Article]) -> None:
    model = fit(undated(changing), None, QUICK).model
    assert not model.parameters.recency_weights.any() and not model.parameters.recency.any()
    kinds = {part.kind for one in model.explain(changing[0], ["ferries", "travel"]) for part in one.parts}
    assert "recency" not in kinds


def test_a_tag_is_never_less_likely_because_it_was_used_more() -> None:
    """A tag that takes turns with another is rarer after it was used, but that is chance or a plan, and no habit."""
    draws, words = random.Random(2), " ".join(TOPICS.values()).split()
    articles = [
        Article(f"d-{n:03}", "", " ".join(draws.sample(words, 9)), tags=(("odd", "even")[n % 2],), published_at=day)
        for n, day in enumerate(DAYS)
    ]
    p, without = (fit(some, None, QUICK).model.parameters for some in (articles, undated(articles)))
    assert not p.recency_weights.any()
    np.testing.assert_allclose(p.stack, without.stack, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("added", "pays"), [(4.0, True), (-4.0, False)])
def test_recency_is_kept_if_it_pays_on_what_came_later(added: float, pays: bool) -> None:
    """Words say little of the tag. Recency adds `added` where it is right."""
    draws = np.random.default_rng(0)
    labels = (draws.random((200, 1)) < 0.3).astype(np.int8)
    without = draws.normal(size=labels.shape) + labels
    data = SimpleNamespace(
        labels=labels,
        dates=[f"2024-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(200)],
        folds=np.arange(200) % 2,
        held_out_masks=lambda: (np.arange(200) % 2 == fold for fold in range(2)),
        taxonomy=Taxonomy((Tag("tag", "Tag", "theme"),)),
        always_one=False,
    )
    decision = without + np.where(labels == 1, added, 0.0)
    assert recency_pays(data, decision, without) is pays  # type: ignore[arg-type]


def test_rolling_masks_are_the_rolling_origins() -> None:
    articles = [Article(f"a{n:02}", "Title", "Body", published_at=f"2024-01-{31 - n:02}") for n in range(20)]
    dates = [*(article.published_at for article in articles), None]
    ids = np.array([*(article.id for article in articles), "undated"])
    masks = [(set(ids[past]), set(ids[later])) for past, later in rolling_masks(dates)]
    origins = [({a.id for a in past}, {a.id for a in later}) for _, past, later in rolling_origins(articles)]
    assert masks == origins


def test_dates_of_timeless_articles_do_not_count(changing: list[Article]) -> None:
    timeless = fit(changing, None, QUICK, timeless=[article.id for article in changing]).model
    parameters = fit(undated(changing), None, QUICK).model.parameters
    for name in ("stack", "stack_intercepts", "thresholds", "recency_weights", "usual_rates", "recent_rates"):
        assert np.array_equal(getattr(timeless.parameters, name), getattr(parameters, name)), name


def test_a_fast_model_has_no_recency(changing: list[Article]) -> None:
    assert not fit(changing, None, replace(QUICK, fast=True)).model.parameters.recency.any()


def test_rates_can_be_replaced_by_those_of_a_later_day(model: TagModel) -> None:
    """What a service that follows decisions does: the same weights, other rates."""
    p = model.parameters
    travel = [tag.id for tag in model.taxonomy.tags].index("travel")
    labels = np.zeros(len(model.taxonomy.tags), dtype=np.int8)
    rates = p.rates
    for _ in range(60):
        rates = rates.after(labels)
    assert recency_offset(rates)[travel] < 0 < recency_offset(p.rates)[travel]
    later = TagModel(replace(p, recent_rates=rates.recent), model.terms, model.title_terms, model.taxonomy)
    before, after = (m.judge([Article("new", "", "harbour dock quay berth")])[0][0, travel] for m in (model, later))
    assert after < before


def test_an_export_decides_as_the_model(model: TagModel, changing: list[Article]) -> None:
    pipeline = build_pipeline(model)
    scores, suggested = model.judge(changing[-20:])
    np.testing.assert_allclose(pipeline.predict_proba(changing[-20:]), scores, rtol=0, atol=1e-9)
    assert np.array_equal(pipeline.predict(changing[-20:]), suggested)


def test_a_changed_taxonomy_leaves_the_rates_with_their_tags(model: TagModel) -> None:
    taxonomy = Taxonomy((Tag("brand-new", "Brand new"), *reversed(model.taxonomy.tags)))
    p, changed = model.parameters, retagged(model, taxonomy).parameters
    assert np.array_equal(changed.recency[1:], p.recency[::-1]) and changed.recency[0] == 0.0


# --- the folder ---


def test_rates_are_saved_and_read_again(model: TagModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "version")
    read = load_model(tmp_path / "version")
    assert content_digest(read) == content_digest(model)
    assert np.array_equal(read.parameters.recency, model.parameters.recency) and read.parameters.recency.any()


def test_a_folder_from_before_there_were_rates_is_read(
    model: TagModel, changing: list[Article], tmp_path: Path
) -> None:
    save_model(model, tmp_path / "new")
    old = tmp_path / "old"
    shutil.copytree(tmp_path / "new", old)
    manifest = json.loads((old / "manifest.json").read_text("utf-8"))
    for name in ("recency_weights.npy", "usual_rates.npy", "recent_rates.npy"):
        (old / name).unlink()
        del manifest["files"][name]
    numbers = json.loads((old / "model.json").read_text("utf-8"))
    del numbers["half_life"]
    (old / "model.json").write_text(json.dumps(numbers), encoding="utf-8")
    manifest["files"]["model.json"] = file_digest(old / "model.json")
    (old / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    read = load_model(old)
    p = model.parameters
    assert read.parameters.stack.shape[1] == len(STACKING_FEATURES)
    without = TagModel(
        replace(p, recency_weights=np.zeros_like(p.recency_weights)), model.terms, model.title_terms, model.taxonomy
    )
    assert np.array_equal(read.judge(changing[:10])[0], without.judge(changing[:10])[0])
