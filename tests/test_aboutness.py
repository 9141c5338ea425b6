"""Main, secondary and passing: the labels that they are learned from, the learned answers, and the rule where there are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.decisions import Decision, Listing, fold
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.aboutness import (
    ABOUTNESS_FEATURES,
    MAIN,
    PASSING,
    AboutnessModel,
    aboutness_features,
    named_outright,
)
from classifier.model.files import content_digest, load_model, save_model
from classifier.model.tag_model import TagModel
from classifier.text.mention_features import SHARED, MentionFeatures
from classifier.training import aboutness as fitting
from classifier.training.aboutness import main_labels, passing_labels
from classifier.training.fitting import Fitted
from classifier.training.settings import FitSettings
from classifier.training.training_set import TrainingSet, read_training_set
from tests.conftest import LOOKALIKE

NAMES = ("brook", "amber", "cedar")
TAXONOMY = Taxonomy(tuple(Tag(name, name.title(), "group", aliases=(Alias(name),)) for name in NAMES))
KINDS = TAXONOMY.positions_by_kind
ALL = np.ones(3, dtype=bool)
LATER = ("aboutness_weights", "aboutness_intercepts")


def training_set(articles: list[Article], passing: tuple[tuple[str, str], ...] = ()) -> TrainingSet:
    return read_training_set(articles, TAXONOMY, FitSettings(n_jobs=1), untracked, passing=passing)


def desk(*tag_lists: tuple[str, ...]) -> list[Article]:
    """A dozen articles that each name all three tags and carry, in turn, the tags of a list."""
    lists = [tag_lists[number % len(tag_lists)] for number in range(12)]
    body = "The Brook office and the Amber office wrote to Cedar about paper number"
    return [Article(f"a-{n:02}", "Letters", f"{body} {n}.", tags=tags) for n, tags in enumerate(lists)]


def pairs(data: TrainingSet) -> tuple[np.ndarray, np.ndarray]:
    named = data.corpus.named
    places = named_outright(named)
    return named.articles[places], named.tags[places]


def suggested() -> np.ndarray:
    """All pairs of the dozen articles and the three tags."""
    return np.ones(36, dtype=bool)


def labels_of_first(data: TrainingSet, labels: np.ndarray) -> dict[str, int]:
    """The labels of the tags of the first article."""
    articles, tags = pairs(data)
    return {NAMES[tag]: int(label) for row, tag, label in zip(articles, tags, labels, strict=True) if row == 0}


# --- the labels ---


def test_first_of_the_tags_of_a_kind_is_the_main_one() -> None:
    data = training_set(desk(("cedar", "amber"), ("amber",), ()))
    found = labels_of_first(data, main_labels(data, *pairs(data)))
    assert found == {"cedar": POSITIVE, "amber": NEGATIVE, "brook": UNKNOWN}


def test_alphabetical_lists_say_nothing_of_what_is_main() -> None:
    data = training_set(desk(("amber", "cedar"), ("amber",), ()))
    assert set(main_labels(data, *pairs(data)).tolist()) == {UNKNOWN}


def test_tag_that_is_named_and_not_given_is_passing() -> None:
    data = training_set(desk(("cedar",), ("amber",), ()))
    labels, said_by = passing_labels(data, *pairs(data), suggested())
    assert labels_of_first(data, labels) == {"cedar": NEGATIVE, "amber": POSITIVE, "brook": POSITIVE}
    assert said_by == "labels"


def test_enough_decisions_take_the_place_of_the_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    data = training_set(desk(("cedar",), ("amber",), ()), (("a-00", "amber"), ("a-00", "gone"), ("gone", "amber")))
    assert passing_labels(data, *pairs(data), suggested())[1] == "labels"
    monkeypatch.setattr(fitting, "MIN_DECISIONS", 1)
    labels, said_by = passing_labels(data, *pairs(data), suggested())
    assert labels_of_first(data, labels) == {"cedar": NEGATIVE, "amber": POSITIVE, "brook": UNKNOWN}
    assert said_by == "decisions"
    labels, _ = passing_labels(data, *pairs(data), ~suggested())
    assert labels_of_first(data, labels)["cedar"] == UNKNOWN


def test_only_rejections_that_stand_with_that_reason_are_passing() -> None:
    log = [
        Decision("1", "a", "iskp", "reject", "ana", "2024-01-01", "passing_mention"),
        Decision("2", "a", "taliban", "reject", "ana", "2024-01-01", "wrong"),
        Decision("3", "a", "hamas", "reject", "ana", "2024-01-01", "passing_mention"),
        Decision("4", "a", None, "undo", "ana", "2024-01-02", undoes="3"),
    ]
    assert fold(log, listing=Listing(rejected=("pkk",))).passing == ("iskp",)


# --- the answers ---


def named_once(*tags: int) -> MentionFeatures:
    """The mention features of an article that names tags in its body, in the category `body once`."""
    shared = np.zeros((len(tags), len(SHARED)))
    shared[:, SHARED.index("body once")] = 1.0
    n, places = len(tags), np.array(tags, dtype=np.int64)
    return MentionFeatures(np.zeros(n, np.int64), places, np.full(n, 3, np.int8), np.zeros(n, np.int8), shared)


def model_of(**weights: float) -> AboutnessModel:
    """A model that tells passing tags by their decision values, and main ones by how far they are ahead."""
    table = np.zeros((2, len(ABOUTNESS_FEATURES)))
    table[PASSING, -3], table[MAIN, -1] = weights["passing"], weights["main"]
    return AboutnessModel(table, np.zeros(2), np.zeros(3), KINDS)


def test_answers_follow_the_decision_value_and_the_others_of_the_kind() -> None:
    found = model_of(passing=-1.0, main=1.0).of_named(named_once(0, 1, 2), np.array([[0.5, 2.0, -1.0]]), ALL)
    assert found == {0: "secondary", 1: "main", 2: "passing"}


def test_what_was_not_learned_is_left_to_the_rule() -> None:
    decision = np.array([[0.5, 2.0, -1.0]])
    assert model_of(passing=0.0, main=1.0).of_named(named_once(0, 1), decision, ALL) == {}
    assert model_of(passing=-1.0, main=0.0).of_named(named_once(1, 2), decision, ALL) == {1: None, 2: "passing"}


def test_only_named_tags_that_are_suggested_have_an_answer() -> None:
    assert model_of(passing=-1.0, main=1.0).of_named(named_once(0, 1), np.zeros((1, 3)), ~ALL) == {}
    assert model_of(passing=-1.0, main=1.0).of_named(named_once(), np.zeros((1, 3)), ALL) == {}


def test_answers_are_those_of_the_features_that_fitting_uses() -> None:
    """Serving takes the weights apart. The kinds have three tags, two and one."""
    draws = np.random.default_rng(0)
    kinds, n = [[0, 2, 4], [1, 3], [5]], 6
    thresholds = np.array([0.0, 1.0, np.inf, -1.0, 0.5, 0.0])
    for _ in range(50):
        weights, intercepts = draws.normal(size=(2, len(ABOUTNESS_FEATURES))), draws.normal(size=2)
        shared, of_kinds = draws.random((n, len(SHARED))), draws.integers(-1, 2, n).astype(np.int8)
        rows = np.zeros(n, np.int64), np.arange(n), np.full(n, 3, np.int8), of_kinds, shared
        named, decision = MentionFeatures(*rows), draws.normal(size=(1, n))
        features = aboutness_features(named, np.arange(n), decision, thresholds, kinds)
        passing, main = (features @ weights.T + intercepts > 0.0).T.tolist()
        expected = {t: "passing" if passing[t] else "main" if main[t] else "secondary" for t in range(n)}
        model = AboutnessModel(weights, intercepts, thresholds, kinds)
        assert model.of_named(named, decision, np.ones(n, dtype=bool)) == expected


# --- a model folder ---


def answers(model: TagModel) -> dict[str, str]:
    article = Article(title="", body=LOOKALIKE.read_text(encoding="utf-8"))
    return {row["tag"]: row["aboutness"] for row in model.suggest(article).suggestions}


def test_learned_answers_survive_saving(fitted: Fitted, tmp_path: Path) -> None:
    save_model(fitted.model, tmp_path / "v1")
    loaded = load_model(tmp_path / "v1")
    assert answers(loaded) == answers(fitted.model)
    assert content_digest(loaded) == content_digest(fitted.model)


def test_folder_of_before_answers_by_the_rule(fitted: Fitted, tmp_path: Path) -> None:
    save_model(fitted.model, tmp_path / "v1")
    manifest = json.loads((tmp_path / "v1" / "manifest.json").read_text("utf-8"))
    for name in LATER:
        (tmp_path / "v1" / f"{name}.npy").unlink()
        del manifest["files"][f"{name}.npy"]
    (tmp_path / "v1" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    loaded = load_model(tmp_path / "v1")
    nothing = {name: np.zeros_like(getattr(fitted.model.parameters, name)) for name in LATER}
    parameters = replace(fitted.model.parameters, **nothing)
    by_rule = TagModel(parameters, fitted.model.terms, fitted.model.title_terms, fitted.model.taxonomy)
    assert answers(loaded) == answers(by_rule)
    assert not loaded.parameters.aboutness_weights.any()


def test_card_says_how_often_the_answers_are_right(fitted: Fitted) -> None:
    card = fitted.card["aboutness"]
    assert card["passing_from"] == "labels"
    for learned, row in zip(fitted.model.parameters.aboutness_weights, (card["passing"], card["main"]), strict=True):
        assert learned.any() == (row is not None)
        assert row is None or row["model"] > row["rule"]
