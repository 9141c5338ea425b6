"""What a tag is to an article: its main subject, a secondary subject, or something that it names in passing.

Two logistic models, which all tags share, answer for a tag that the article names: is it named in passing, and if not, is it
the main subject of its kind? A fixed rule answers for other tags, and where the models were not learned.
"""

from collections.abc import Sequence

import numpy as np

from classifier.text.mention_features import FEATURES, HINTED, MentionFeatures, MentionWeights, crossed

PASSING, MAIN = range(2)  # rows of the weights
# The decision value says what the words of the article add to its mentions.
ABOUTNESS_FEATURES = (*FEATURES, "decision value", "above its threshold", "ahead of the others of its kind")
FAR = 10.0  # from the threshold, in decision values; some thresholds are infinite
AT_ONCE = 1_000  # articles whose decision values are looked at together
EVEN = 0.5  # the score at which a tag is as likely right as wrong


def aboutness_by_rule(score: float, at_the_top: bool, is_best: bool) -> str:
    """Return what a suggested tag is to the article by rule: passing if it is more likely wrong than right.

    `at_the_top` says that the title or the lead names it, `is_best` that no tag of its kind has a higher score.
    """
    if score < EVEN:
        return "secondary" if at_the_top else "passing"
    return "main" if at_the_top or is_best else "secondary"


def named_outright(named: MentionFeatures) -> np.ndarray:
    """Return the pairs whose tag is named, not only hinted at: places in `named`, int64 in rising order."""
    return np.flatnonzero(named.categories > HINTED)


def aboutness_features(
    named: MentionFeatures,
    pairs: np.ndarray,
    decision: np.ndarray,
    thresholds: np.ndarray,
    kinds: Sequence[Sequence[int]],
) -> np.ndarray:
    """Return the features of named pairs, (n_pairs, len(ABOUTNESS_FEATURES)) float64.

    `pairs` are places in `named`. `decision` has the decision values of all articles and tags, (n_articles, n_tags),
    `thresholds` those of the tags, (n_tags,), and `kinds` the columns of the tags of each kind.
    """
    articles, tags = named.articles[pairs], named.tags[pairs]
    values, ahead = decision[articles, tags], _ahead(decision, articles, tags, kinds)
    above = np.clip(values - thresholds[tags], -FAR, FAR)
    return np.column_stack([crossed(named.shared[pairs], named.kinds[pairs]), values, above, ahead])


def _ahead(decision: np.ndarray, articles: np.ndarray, tags: np.ndarray, kinds: Sequence[Sequence[int]]) -> np.ndarray:
    """Return how far the values of pairs are above the highest of the other tags of their kind; 0 for a tag without others."""
    ahead, values = np.zeros(len(articles)), decision[articles, tags]
    for columns in kinds:
        if len(columns) < 2:
            continue
        of_kind = np.flatnonzero(np.isin(tags, columns))
        best_two = [
            np.partition(decision[begin : begin + AT_ONCE][:, columns], -2, axis=1)[:, -2:]
            for begin in range(0, len(decision), AT_ONCE)
        ]
        second, best = np.concatenate(best_two)[articles[of_kind]].T
        ahead[of_kind] = values[of_kind] - np.where(values[of_kind] == best, second, best)
    return ahead


class AboutnessModel:
    """The learned models of aboutness. Weights of 0 are those of a model that was not learned."""

    def __init__(
        self, weights: np.ndarray, intercepts: np.ndarray, thresholds: np.ndarray, kinds: Sequence[Sequence[int]]
    ) -> None:
        """Take weights, (2, len(ABOUTNESS_FEATURES)) float64, intercepts, (2,), and the thresholds and kinds of the tags."""
        self._mentions = [MentionWeights(*row) for row in zip(weights[:, : len(FEATURES)], intercepts, strict=True)]
        self._of_values, self._thresholds = weights[:, len(FEATURES) :].T, thresholds
        self._kinds = [np.array(columns, dtype=np.int64) for columns in kinds]
        self._kind_of = {tag: number for number, columns in enumerate(kinds) for tag in columns}
        self._tells_passing, self._tells_main = (bool(row.any()) for row in weights)

    def of_named(self, named: MentionFeatures, decision: np.ndarray, suggested: np.ndarray) -> dict[int, str | None]:
        """Return what each suggested tag that one article names is to it; None for a subject that the rule has to tell.

        `decision` has the decision values of the article, (1, n_tags), `suggested` is the mask of its tags, (n_tags,) bool.
        """
        if not self._tells_passing:
            return {}
        pairs = ((named.categories > HINTED) & suggested[named.tags]).nonzero()[0]
        if not len(pairs):
            return {}
        is_passing, is_main = (self._logits(named, pairs, decision[0]) > 0.0).T.tolist()
        answers = zip(named.tags[pairs].tolist(), is_passing, is_main, strict=True)
        return {tag: "passing" if passing else self._subject(main) for tag, passing, main in answers}

    def _logits(self, named: MentionFeatures, pairs: np.ndarray, decision: np.ndarray) -> np.ndarray:
        """Return the logits of the two models for pairs of one article, (n_pairs, 2); `aboutness_features` says of what."""
        tags, kinds, shared = named.tags[pairs], named.kinds[pairs], named.shared[pairs]
        values = decision[tags]
        above = np.minimum(np.maximum(values - self._thresholds[tags], -FAR), FAR)
        ahead = [self._ahead_of_kind(decision, tag) for tag in tags.tolist()]
        logits: np.ndarray = np.array([values, above, ahead]).T @ self._of_values
        for column, weights in enumerate(self._mentions):
            logits[:, column] += weights.logits(kinds, shared)
        return logits

    def _ahead_of_kind(self, decision: np.ndarray, tag: int) -> float:
        columns = self._kinds[self._kind_of[tag]]
        if len(columns) < 2:
            return 0.0
        of_kind = decision.take(columns)
        of_kind.partition(-2)
        second, best = of_kind[-2:].tolist()
        value = float(decision[tag])
        return value - float(second if value == best else best)

    def _subject(self, is_main: bool) -> str | None:
        if not self._tells_main:
            return None
        return "main" if is_main else "secondary"
