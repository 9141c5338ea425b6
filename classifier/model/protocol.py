"""What the rest of the product needs from a model; only `model` and `training` know more of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import Answer, Explanation
from classifier.model.live import Followed
from classifier.text.reading import ArticleReader, Reading


class Model(Protocol):
    """A model that suggests tags of a taxonomy for articles, and explains them."""

    version: str
    taxonomy: Taxonomy
    followed: Followed | None  # None if its constants are those of the training

    @property
    def head(self) -> Taxonomy:
        """The taxonomy of now, without the tags that only the model has."""

    @property
    def card(self) -> Mapping[str, Any]:
        """What is known of the model: its training, its measures."""

    @property
    def reader(self) -> ArticleReader:
        """Reads articles as the model does."""

    @property
    def live_state(self) -> int | None:
        """The number of the labels that the model has followed since its training, None for none."""

    @property
    def n_auto_tags(self) -> int:
        """How many tags are ever sure enough for the band auto."""

    def decisions(self, articles: Sequence[Article]) -> np.ndarray:
        """Return the decision values of articles by the constants of the training, (n_articles, n_tags) float64."""

    def following(self, articles: Sequence[Article], decisions: np.ndarray, number: int) -> Self:
        """Return this model with constants that have followed labels of articles that it has not learned, oldest first."""

    def suggest(self, article: Article, n_evidence: int = ...) -> Answer:
        """Return what the model says of an article, with up to `n_evidence` places for and against each suggestion."""

    def explain(self, article: Article, tag_ids: Sequence[str], reading: Reading | None = None) -> list[Explanation]:
        """Return why tags have their decision values for an article, whether they are suggested or not."""

    def judge(self, articles: Sequence[Article]) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of all tags, (n_articles, n_tags) float64, and which are suggested, the same shape, bool."""

    def rank(
        self, articles: Sequence[Article], n_tags: int | None = None, band: str = "suggest"
    ) -> list[list[tuple[str, float]]]:
        """Return (tag id, score) in falling order for each article: what is suggested, or the best `n_tags`."""
