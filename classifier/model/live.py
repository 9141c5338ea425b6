"""What labels that arrive after the training add to decision values: a constant for each tag, and nothing else.

Two things move it. The recent rate of the tag goes on (see `recency`). And each time that the model with its present constants
would suggest a tag that is wrong, or would miss one that is right, the constant moves a step against the error, as in the
perceptron (Rosenblatt 1958) with only its intercept learning. So it follows how often the tag is right where the model
suggests it and where it does not.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE, UNKNOWN, labels_of, undecided_of
from classifier.domain.taxonomy import Taxonomy
from classifier.model.parameters import Parameters
from classifier.model.recency import DAMPING, Rates, recency_offset

RATE_WEIGHT = 0.5  # of a change of the log-odds of a rate since the training
ERROR_STEP = 0.1  # in decision values
MAX_MOVE = 1.0  # how far all labels together may move a constant, in decision values


class Labels(NamedTuple):
    """The labels of articles that a model has not learned, oldest first, and what the model says of them.

    known: (n_articles, n_tags) int8; undecided: the same shape, bool, which are unknown only because an article is not complete;
    decision: the same shape, float64, decision values by the constants of the training, NaN for a text that says nothing.
    """

    known: np.ndarray
    undecided: np.ndarray
    decision: np.ndarray


class Followed(NamedTuple):
    """What a model that serves has followed since it was trained.

    number: names the labels of the `n_articles` articles; moved: (n_tags,) float64, what they have added to decision values.
    """

    number: int
    n_articles: int
    moved: np.ndarray

    def most_moved(self, n: int = 5, at_least: float = 0.02) -> list[tuple[int, float]]:
        """Return (position, move) of up to `n` tags that were moved by at least so much, the furthest first."""
        order = np.argsort(-np.abs(self.moved), kind="stable")[:n].tolist()
        return [(tag, float(self.moved[tag])) for tag in order if abs(self.moved[tag]) >= at_least]


def labels_to_follow(articles: Sequence[Article], taxonomy: Taxonomy, decision: np.ndarray) -> Labels:
    """Return the labels of articles for which a model has these decision values."""
    return Labels(labels_of(articles, taxonomy), undecided_of(articles, taxonomy), decision)


def live_move(
    parameters: Parameters, active: np.ndarray, choose: Callable[[np.ndarray], np.ndarray], labels: Labels
) -> np.ndarray:
    """Return what labels add to the decision values of tags, (n_tags,) float64, at most `MAX_MOVE` in each direction.

    Rates count only where training found a use for them, and less for tags with few positives. Articles whose text says nothing
    show no errors. Unknown labels never move a constant away from 0 (see `_takes_back`).

    Args:
        active: (n_tags,) bool, the tags that may be suggested.
        choose: returns which tags decision values, (1, n_tags), suggest.
    """
    trained, n = parameters.rates, parameters.n_positive
    weight = np.where(parameters.recency_weights > 0.0, RATE_WEIGHT * n / (n + DAMPING), 0.0)
    usual, recent = recency_offset(trained), trained.recent
    errors = moved = np.zeros(len(n))
    for known, undecided, decision in zip(*labels, strict=True):
        if not np.isnan(decision).any():
            suggested = choose((decision + moved)[None])[0]
            errors = _errors_after(errors, known, undecided, suggested & active)
            errors[~active] = 0.0
        recent = _recent_after(trained, recent, known, undecided)
        change = weight * (recency_offset(trained._replace(recent=recent)) - usual)
        moved = np.clip(change + errors, -MAX_MOVE, MAX_MOVE)
    return moved


def _errors_after(errors: np.ndarray, known: np.ndarray, undecided: np.ndarray, suggested: np.ndarray) -> np.ndarray:
    wrong = np.where(known == UNKNOWN, 0.0, (known == POSITIVE).astype(np.float64) - suggested)
    after = np.clip(errors + ERROR_STEP * wrong, -MAX_MOVE, MAX_MOVE)
    return _takes_back(undecided, errors, np.zeros(len(errors)), ERROR_STEP * suggested, after)


def _recent_after(trained: Rates, recent: np.ndarray, known: np.ndarray, undecided: np.ndarray) -> np.ndarray:
    after = trained._replace(recent=recent).after(known).recent
    return _takes_back(undecided, recent, trained.recent, trained.step * recent, after)


def _takes_back(
    undecided: np.ndarray, value: np.ndarray, of_training: np.ndarray, fall: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Return `after`, but let undecided tags lose some of what their value has risen since the training, and no more.

    On an article whose tags are not complete, people say what is right rather than what is wrong. If nothing stood against
    that, the values of all tags would rise.
    """
    lowered = np.maximum(of_training, value - fall)
    taken_back: np.ndarray = np.where(undecided & (value > of_training), lowered, after)
    return taken_back
