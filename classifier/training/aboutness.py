"""Fitting what tells main, secondary and passing tags apart, from labels that exist.

A tag that an article names and does not carry is named in passing. Once a desk has rejected enough suggestions as passing
mentions, these count, against suggested tags that it carries. Of the tags of one kind that an article carries, the first is its main one: editors write the
subject first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from typing_extensions import TypedDict

from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN
from classifier.model.aboutness import (
    ABOUTNESS_FEATURES,
    EVEN,
    MAIN,
    PASSING,
    aboutness_by_rule,
    aboutness_features,
    named_outright,
)
from classifier.text.mention_features import LEAD
from classifier.training.pair_arrays import row_blocks
from classifier.training.thresholds import Suggesting
from classifier.training.training_set import TrainingSet

MIN_DECISIONS = 200  # rejections as passing mentions, from which on only decisions say what is passing
MIN_PAIRS = 20  # of each answer; fewer teach nothing
MAX_PAIRS = 50_000  # that a model is fitted on
MOSTLY_SORTED = 0.9  # a share of lists in alphabetical order from which on their order says nothing


class Compared(TypedDict):
    """The F1 of an answer over n suggestions of held-out articles: of the model, and of the rule on the same ones."""

    n: int
    model: float
    rule: float


class AboutnessCard(TypedDict):
    """What a model card says of aboutness; an answer that was not learned is left to the rule, and is None here."""

    passing_from: str  # "decisions" or "labels"
    passing: Compared | None
    main: Compared | None


class Aboutness(NamedTuple):
    """Weights, (2, len(ABOUTNESS_FEATURES)) float64, intercepts, (2,), and what is known of them; 0 if not learned."""

    weights: np.ndarray
    intercepts: np.ndarray
    card: AboutnessCard


class _Pairs(NamedTuple):
    """Pairs of an article and a tag that it names: their features, folds, and answers by rule."""

    articles: np.ndarray  # (n_pairs,) int64, numbers of the articles
    tags: np.ndarray  # the same, places in the taxonomy
    features: np.ndarray  # (n_pairs, len(ABOUTNESS_FEATURES)) float64
    folds: np.ndarray  # (n_pairs,) int8
    suggested: np.ndarray  # (n_pairs,) bool
    by_rule: np.ndarray  # (2, n_pairs) bool: passing, main


def no_aboutness() -> Aboutness:
    """Return the model that leaves all answers to the rule."""
    card = AboutnessCard(passing_from="labels", passing=None, main=None)
    return Aboutness(np.zeros((2, len(ABOUTNESS_FEATURES))), np.zeros(2), card)


def fit_aboutness(data: TrainingSet, decision: np.ndarray, suggesting: Suggesting) -> Aboutness:
    """Fit both models to out-of-fold decision values, (n_articles, n_tags) float64.

    Each is kept only if its F1 is higher than that of the rule on held-out articles.
    """
    fitted = no_aboutness()
    pairs = _pairs(data, decision, suggesting)
    is_passing, passing_from = passing_labels(data, pairs.articles, pairs.tags, pairs.suggested)
    fitted.card["passing_from"] = passing_from
    fitted.card["passing"] = _fit_into(fitted, PASSING, pairs, is_passing)
    is_main = main_labels(data, pairs.articles, pairs.tags)
    fitted.card["main"] = _fit_into(fitted, MAIN, pairs, is_main)
    return fitted


def passing_labels(
    data: TrainingSet, articles: np.ndarray, tags: np.ndarray, suggested: np.ndarray
) -> tuple[np.ndarray, str]:
    """Return which named pairs are in passing, (n_pairs,) int8 labels, and whether decisions or labels say so.

    Editors decide on suggestions, (n_pairs,) bool. Beside decisions only suggested tags that the article carries count: with
    all that it carries, passing tags would be too rare.
    """
    labels = data.labels[articles, tags]
    by_labels = np.where(labels == UNKNOWN, UNKNOWN, np.where(labels == POSITIVE, NEGATIVE, POSITIVE)).astype(np.int8)
    columns = {tag.id: column for column, tag in enumerate(data.taxonomy.tags)}
    rows = {article.id: row for row, article in enumerate(data.articles)}
    decided = {
        (rows[article_id], columns[tag]) for article_id, tag in data.passing if article_id in rows and tag in columns
    }
    said = np.array([pair in decided for pair in zip(articles.tolist(), tags.tolist(), strict=True)], dtype=bool)
    if said.sum() < MIN_DECISIONS:
        return by_labels, "labels"
    return np.where(said | (suggested & (labels == POSITIVE)), by_labels, np.int8(UNKNOWN)), "decisions"


def main_labels(data: TrainingSet, articles: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Return which pairs are the main subject, (n_pairs,) int8 labels: unknown for tags that the article does not carry.

    All are unknown if the articles list their tags in alphabetical order.
    """
    is_main = np.full(len(articles), UNKNOWN, dtype=np.int8)
    columns = {tag.id: column for column, tag in enumerate(data.taxonomy.tags)}
    lists = list(_lists_by_kind(data))
    several = [tag_ids for _, tag_ids in lists if len(tag_ids) > 1]
    if sum(tag_ids == sorted(tag_ids) for tag_ids in several) >= MOSTLY_SORTED * len(several):
        return is_main
    first = {(row, columns[tag_ids[0]]) for row, tag_ids in lists}
    carried = data.labels[articles, tags] == POSITIVE
    pairs = zip(articles.tolist(), tags.tolist(), strict=True)
    leads = np.array([pair in first for pair in pairs], dtype=bool)
    is_main[carried] = np.where(leads[carried], POSITIVE, NEGATIVE)
    return is_main


def _lists_by_kind(data: TrainingSet) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of an article and its tags of one kind in its order, for each article and kind."""
    by_id = data.taxonomy.by_id
    for row, article in enumerate(data.articles):
        of_kind: dict[str, list[str]] = {}
        for tag in article.tags or ():
            if tag in by_id:
                of_kind.setdefault(by_id[tag].kind, []).append(tag)
        for tag_ids in of_kind.values():
            yield row, tag_ids


def _pairs(data: TrainingSet, decision: np.ndarray, suggesting: Suggesting) -> _Pairs:
    named = data.corpus.named
    places = named_outright(named)
    articles, tags = named.articles[places], named.tags[places]
    scores = np.where(suggesting.suggested[articles, tags], suggesting.scores[articles, tags], np.float32(0.0))
    is_best = scores == _best_of_kinds(data, suggesting)[articles, _kind_numbers(data)[tags]]
    at_the_top = named.categories[places] >= LEAD
    facts = zip(*(values.tolist() for values in (scores, at_the_top, is_best)), strict=True)
    # Of tags that are not passing, the rule tells main ones as if they were surer.
    by_rule = [
        (
            aboutness_by_rule(score, top, is_best) == "passing",
            aboutness_by_rule(max(EVEN, score), top, is_best) == "main",
        )
        for score, top, is_best in facts
    ]
    return _Pairs(
        articles,
        tags,
        aboutness_features(named, places, decision, suggesting.thresholds, data.taxonomy.positions_by_kind),
        data.folds[articles],
        suggesting.suggested[articles, tags],
        np.array(by_rule, dtype=bool).reshape(-1, 2).T,
    )


def _kind_numbers(data: TrainingSet) -> np.ndarray:
    """Return the place of each tag's kind among `positions_by_kind`, (n_tags,) int64."""
    numbers = np.zeros(data.labels.shape[1], dtype=np.int64)
    for number, columns in enumerate(data.taxonomy.positions_by_kind):
        numbers[columns] = number
    return numbers


def _best_of_kinds(data: TrainingSet, suggesting: Suggesting) -> np.ndarray:
    """Return the score of the best suggested tag of each kind in each article, (n_articles, n_kinds) float32, 0 without one."""
    kinds = data.taxonomy.positions_by_kind
    best = np.zeros((len(data.labels), len(kinds)), dtype=np.float32)
    for rows in row_blocks(*data.labels.shape):
        scores = np.where(suggesting.suggested[rows], suggesting.scores[rows], np.float32(0.0))
        for number, columns in enumerate(kinds):
            best[rows, number] = scores[:, columns].max(axis=1)
    return best


def _fit_into(fitted: Aboutness, question: int, pairs: _Pairs, labels: np.ndarray) -> Compared | None:
    """Fit the model of a question, and return how it compares with the rule; None if the rule is to answer."""
    known = np.flatnonzero(labels != UNKNOWN)
    yes, features = labels[known] == POSITIVE, pairs.features[known]
    if min(yes.sum(), (~yes).sum()) < MIN_PAIRS:
        return None
    answers = np.zeros(len(known), dtype=bool)
    for fold in np.unique(pairs.folds[known]):
        out = pairs.folds[known] == fold
        weights, intercept = _fit_logistic(features[~out], yes[~out])
        answers[out] = features[out] @ weights + intercept > 0.0
    shown = pairs.suggested[known]
    f1, f1_by_rule = (_f1(told[shown], yes[shown]) for told in (answers, pairs.by_rule[question][known]))
    if f1 <= f1_by_rule:
        return None
    fitted.weights[question], fitted.intercepts[question] = _fit_logistic(features, yes)
    return Compared(n=int(shown.sum()), model=round(f1, 4), rule=round(f1_by_rule, 4))


def _f1(answers: np.ndarray, yes: np.ndarray) -> float:
    return 2.0 * int((answers & yes).sum()) / max(1, int(answers.sum() + yes.sum()))


def _fit_logistic(features: np.ndarray, yes: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights and the intercept of a logistic regression on at most MAX_PAIRS pairs, evenly drawn."""
    step = -(-len(yes) // MAX_PAIRS) or 1
    sample, answers = features[::step], yes[::step]
    if len(set(answers.tolist())) < 2:
        return np.zeros(features.shape[1]), 0.0
    model = LogisticRegression(C=0.1, solver="newton-cholesky").fit(sample, answers)
    return model.coef_[0], float(model.intercept_[0])
