"""What follows from how an article names a tag: bends at knots, copies for tags named once, and weights of older versions."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.text.mention_features import (
    FEATURES,
    GROUP,
    IN_TITLE,
    KINDS,
    NOWHERE,
    OF_GROUPS,
    ONCE,
    PLAIN,
    RIVAL,
    SHARED,
    MentionFeatures,
    MentionWeights,
    crossed,
    with_features_of_groups,
    with_later_features,
)
from classifier.text.reading import ArticleReader
from classifier.training import mention_fitting
from classifier.training.mention_fitting import fit_mentions

LATE = "how late it is first named"
KIND_OF = {"amber": "group", "brook": "group", "cairo": "place"}
TAXONOMY = Taxonomy(tuple(Tag(name, name.title(), kind, aliases=(Alias(name),)) for name, kind in KIND_OF.items()))


def shared(category: int, late: float = 0.0, kind: int = GROUP) -> np.ndarray:
    row = np.zeros((1, len(PLAIN) + 1))
    row[0, category - 1], row[0, PLAIN.index(LATE)] = 1.0, late
    return with_features_of_groups(row, np.array([kind]))


def value(row: np.ndarray, name: str) -> float:
    return float(row[0, SHARED.index(name)])


@pytest.mark.parametrize(("late", "above"), [(0.2, 0.0), (0.5, 0.0), (0.8, 0.3)])
def test_value_counts_again_above_a_knot(late: float, above: float) -> None:
    row = shared(ONCE, late)
    assert value(row, LATE) == late
    assert value(row, f"{LATE} above 0.5") == pytest.approx(above)


@pytest.mark.parametrize(("category", "copied"), [(ONCE, 0.8), (IN_TITLE, 0.0)])
def test_value_counts_again_for_a_tag_that_the_body_names_once(category: int, copied: float) -> None:
    assert value(shared(category, 0.8), f"{LATE} (body once)") == copied


def test_tag_knows_that_another_of_its_kind_is_at_the_top() -> None:
    reader = ArticleReader(TAXONOMY)
    body = "The lead says nothing of note.\n\nLater it names Brook and Cairo."
    named = reader.mention_features(reader.read_all([Article("a", "Amber", body)]))
    rivals = dict(zip(named.tags.tolist(), named.shared[:, SHARED.index(RIVAL)].tolist(), strict=True))
    assert rivals == {0: 0.0, 1: 1.0, 2: 0.0}


@pytest.mark.parametrize("kind", [1, 2, -1])
def test_other_kinds_have_no_features_of_groups(kind: int) -> None:
    assert not shared(ONCE, 0.8, kind)[:, len(PLAIN) :].any()
    assert shared(ONCE, 0.8)[:, len(PLAIN) :].any()


def test_folded_weights_give_the_logits_of_the_features() -> None:
    draws = np.random.default_rng(0)
    weights, kinds = draws.normal(size=len(FEATURES)), np.array([0, 1, 2, -1])
    features = with_features_of_groups(draws.normal(size=(4, len(PLAIN) + 1)), kinds)
    expected = crossed(features, kinds) @ weights + 0.5
    assert MentionWeights(weights, 0.5).logits(kinds, features) == pytest.approx(expected)


def test_weights_of_older_versions_leave_the_features_of_groups_out() -> None:
    old = np.random.default_rng(0).normal(size=len(PLAIN) + len(KINDS) * (len(PLAIN) + 1))
    weights = with_later_features(old)
    assert weights.shape == (len(FEATURES),)
    assert weights[: len(old)].tolist() == old.tolist()
    assert not weights[-len(OF_GROUPS) :].any()


@pytest.mark.parametrize("n", [0, 3, len(FEATURES)])
def test_weights_of_another_length_stay_as_they_are(n: int) -> None:
    weights = np.ones(n)
    assert with_later_features(weights) is weights


def test_mistake_on_a_tag_named_once_costs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the tags that the body names once are right: with the cost, they look less likely than that."""
    n = 40
    features = np.tile(shared(ONCE), (n, 1))
    places, once, kinds = np.arange(n), np.full(n, ONCE, np.int8), np.zeros(n, np.int8)
    named = MentionFeatures(places, np.zeros(n, np.int64), once, kinds, features)
    labels = (places[:, None] % 2).astype(np.int8)
    everywhere = np.ones(n, dtype=bool)

    def logit_once() -> float:
        model = fit_mentions(named, labels, everywhere)
        return float(model.pooled(named, everywhere)[0] + model.offsets[0, ONCE])

    assert logit_once() == pytest.approx(-np.log(mention_fitting.PASSING_COST), abs=0.1)
    monkeypatch.setattr(mention_fitting, "PASSING_COST", 1.0)
    assert logit_once() == pytest.approx(0.0, abs=0.1)
    assert fit_mentions(named, labels, everywhere).offsets[0, NOWHERE] == 0.0
