"""The steps of an exported pipeline (see `export`).

Files of earlier versions name these classes and functions by `classifier.export`, and their attributes: keep both.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from classifier.domain.articles import Article, article_from_record, article_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.model import decision
from classifier.model.calibration import calibrated, with_one_bend
from classifier.model.decision import Choice, StackingModel
from classifier.text.mention_features import HINTED, SHARED
from classifier.text.reading import ArticleReader, Reading, is_unlearned
from classifier.text.stems import ENGLISH_STEMS, STEMS
from classifier.text.terms import text_terms, title_terms


class _Vocabulary(dict[str, int]):
    """Terms and their columns, shown briefly: scikit-learn prints the parameters of what it prints."""

    def __repr__(self) -> str:
        return f"<{len(self)} terms>"


class _Taxonomy(Taxonomy):
    """A taxonomy that is shown briefly."""

    def __repr__(self) -> str:
        return f"<{len(self.tags)} tags, version {self.version}>"


def as_article(article: Article | Mapping[str, Any] | str) -> Article:
    """Return an `Article` as it is, that of a record, or that of a text with its title. Raises `BadArticle`."""
    if isinstance(article, Article):
        return article
    return article_from_text(article) if isinstance(article, str) else article_from_record(article)


class NamedReading(NamedTuple):
    """The reading of an article and how it names tags."""

    reading: Reading
    tags: np.ndarray  # (n_named,) positions of the tags that are named at all
    categories: np.ndarray  # (n_named,), in `mention_features.CATEGORIES`
    features: np.ndarray  # (n_named, len(SHARED)) float64
    repeated: np.ndarray  # (n_named,) bool, groups that are named more than once


class ArticleTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Reads articles the way of a taxonomy; learns nothing. `reader_` is made again, not pickled."""

    def __init__(self, taxonomy: Taxonomy, blocks: Sequence[str] = ()) -> None:
        self.taxonomy = taxonomy
        self.blocks = blocks

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Make the reader; the articles are not looked at."""
        self.reader_ = ArticleReader(self.taxonomy, self.blocks)
        return self

    def transform(self, X: Iterable[Article | Mapping[str, Any] | str]) -> list[NamedReading]:
        """Return the readings of articles, records or plain texts."""
        check_is_fitted(self)
        if isinstance(X, str | Mapping | Article):
            raise ValueError(f"A list of articles is expected, not one {type(X).__name__}. Put it into a list.")
        readings = self.reader_.read_all([as_article(article) for article in X])
        named = self.reader_.mention_features(readings)
        begins = np.searchsorted(named.articles, np.arange(len(readings) + 1))
        of_pairs = (named.tags, named.categories, named.shared, named.repeated_groups)
        return [
            NamedReading(reading, *(values[begin:end] for values in of_pairs))
            for reading, (begin, end) in zip(readings, pairwise(begins.tolist()), strict=True)
        ]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the name of the only column."""
        return np.array(["reading"], dtype=object)

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "reader_": hasattr(self, "reader_")}  # it is made again from the taxonomy

    def __setstate__(self, state: dict[str, object]) -> None:
        fitted = state.pop("reader_")
        super().__setstate__(state)
        if fitted:
            self.fit()


def reading_terms(read: NamedReading, stem: str = ENGLISH_STEMS.name) -> list[str]:
    """Return the terms of title and body: the analyzer of the words."""
    return text_terms(read.reading.text, STEMS[stem])


def reading_title_terms(read: NamedReading, stem: str = ENGLISH_STEMS.name) -> list[str]:
    """Return the terms of the title: the analyzer of the title."""
    return title_terms(read.reading.text, STEMS[stem])


class _OfReadings(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What transformers share that learn nothing and have a column for each tag."""

    def __init__(self, tag_ids: Sequence[str]) -> None:
        self.tag_ids = tag_ids

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Do nothing; there is nothing to learn."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the tag ids."""
        return np.array(self.tag_ids, dtype=object)


class _Learned:
    """What estimators share that are learned with the rest of the model."""

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Refuse: a part of the model is not fitted alone."""
        reason = f"{type(self).__name__} holds what classifier.training.fitting learned and cannot be fitted by itself"
        raise NotImplementedError(f"{reason}. Train a model (python -m classifier train) and export it.")


class NamingVectorizer(_OfReadings):
    """The mention features of articles: for each tag a block of `mention_features.SHARED`, 0 if it is not named."""

    def transform(self, X: Sequence[NamedReading]) -> sparse.csr_matrix:
        """Return (n_articles, n_tags * len(SHARED)) float64 CSR."""
        rows = np.repeat(np.arange(len(X)), [len(read.tags) for read in X])
        tags = np.concatenate([np.zeros(0, dtype=np.int64), *(read.tags for read in X)])
        values = np.concatenate([np.zeros((0, len(SHARED))), *(read.features for read in X)])
        pair, feature = np.nonzero(values)
        cells = rows[pair], tags[pair] * len(SHARED) + feature
        return sparse.csr_matrix((values[pair, feature], cells), shape=(len(X), len(self.tag_ids) * len(SHARED)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return `tag id: feature` for each column."""
        return np.array([f"{tag}: {feature}" for tag in self.tag_ids for feature in SHARED], dtype=object)


class NamingWeigher(_Learned, _OfReadings):
    """The mention features, weighed to one value per tag: the logit that it is a tag of the article by its mentions alone.

    Attributes:
        coef_: (n_tags, n_tags * len(SHARED)) CSR. A tag has weights for its own block only. The tags of a kind share
            them, except for what each learned of its own categories.
        intercept_: (n_tags,), the value of a tag that is not named.
    """

    coef_: sparse.csr_matrix
    intercept_: np.ndarray

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coef_")

    def transform(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return (n_articles, n_tags) float64."""
        check_is_fitted(self)
        return np.asarray((X @ self.coef_.T).toarray() + self.intercept_)


class WrittenOut(_OfReadings):
    """Whether an article writes out a name of each tag; in a foreign language only these tags can be trusted.

    1 if it does, and 2 if it names a group more than once.
    """

    def transform(self, X: Sequence[NamedReading]) -> sparse.csr_matrix:
        """Return (n_articles, n_tags) float64 CSR of 0, 1 and 2."""
        named = sparse.lil_matrix((len(X), len(self.tag_ids)))
        for row, read in enumerate(X):
            named[row, read.tags[read.categories > HINTED]] = 1.0
            named[row, read.tags[read.repeated]] = 2.0
        return named.tocsr()


class Doubts(_OfReadings):
    """Whether there are reasons to trust no word of a text.

    `vocabulary`: the terms that the model knows.
    `common`: those that stand in more than a quarter of the articles it was trained on, and say nothing alone.
    `language`: the model's language, "en" or None for any.
    `stem`: the stems of its terms.
    `learned`: the languages that it has learned, none for any; None for the one above.
    """

    NAMES = ("says nothing", "another language")
    stem = ENGLISH_STEMS.name  # files of earlier versions lack it, and the next
    learned: Sequence[str] | None = None

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        common: frozenset[str],
        language: str | None,
        stem: str = ENGLISH_STEMS.name,
        learned: Sequence[str] | None = None,
    ) -> None:
        self.learned = learned
        self.vocabulary = vocabulary
        self.common = common
        self.language = language
        self.stem = stem

    def transform(self, X: Sequence[NamedReading]) -> np.ndarray:
        """Return (n_articles, 2) float64 of 0 and 1."""
        doubts = np.zeros((len(X), len(self.NAMES)))
        learned = self.learned if self.learned is not None else list(filter(None, [self.language]))
        for row, text in enumerate(read.reading.text for read in X):
            terms = text_terms(text, STEMS[self.stem])
            n_known = sum(map(self.vocabulary.__contains__, terms))
            is_foreign = bool(learned) and is_unlearned(text, learned, n_known, len(terms))
            doubts[row] = self.common.issuperset(terms), is_foreign
        return doubts

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the two columns."""
        return np.array(self.NAMES, dtype=object)


class TagClassifier(_Learned, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Decides on tags from the features: multi-label, one column per tag in the order of `classes_`.

    A decision value is `X @ coef_.T + intercept_` and what the tags that compete with it take or give (`competing`).
    `predict` suggests a tag where its decision value reaches its threshold, by the rules of `decision.Choice`.
    """

    classes_: np.ndarray  # (n_tags,) tag ids, in the taxonomy's order
    separator_coef_: np.ndarray  # (n_tags, n_terms_) float32, the linear classifiers; 0 for a tag without one
    separator_intercept_: np.ndarray  # (n_tags,)
    n_positive_: np.ndarray  # (n_tags,) articles that taught each tag
    stack_: np.ndarray  # (n_tags, len(STACKING_FEATURES)), the stacking model (see `classifier.model.decision`)
    stack_intercepts_: np.ndarray  # (n_tags,)
    calibration_: np.ndarray  # (4,), from decision values to scores, in files of earlier versions
    curves_: np.ndarray  # (n_tags, n_curve), the same for each tag (see `classifier.model.calibration`)
    thresholds_: np.ndarray  # (n_tags,) in decision values, inf for never
    auto_thresholds_: np.ndarray  # the same for the band auto
    active_: np.ndarray  # (n_tags,) bool
    exclusive_kinds_: list[list[int]]  # the columns of the tags of each such kind
    # The same for texts in languages that the model has not learned (see `classifier.model.unlearned`), inf for tags that are
    # no names; files of earlier versions lack them.
    names_thresholds_: np.ndarray
    names_intercepts_: np.ndarray
    names_least_: np.ndarray  # what groups have at least that such a text names twice; earlier files lack it
    n_terms_: int  # columns of words and title
    n_features_in_: int
    model_version_: str
    taxonomy_version_: str

    def __init__(self, always_one: bool = False) -> None:
        self.always_one = always_one

    def decision_function(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the decision values, (n_articles, n_tags) float64."""
        X = self._checked(X)
        stack = self._stacking_model
        decision = stack.decision(self._classifier_values(X)[:, stack.fitted], self._columns(X, 0))
        rows = self._of_names(X)
        if len(rows):
            of_names = self._names_stacking_model.decision(np.zeros((len(rows), 0)), self._columns(X, 0)[rows])
            if hasattr(self, "names_least_"):
                is_repeated = self._columns(X, 1)[rows] > 1
                of_names = np.where(is_repeated, np.maximum(of_names, self.names_least_), of_names)
            decision[rows] = of_names
        return decision

    def predict_proba(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the scores, (n_articles, n_tags) float64: calibrated probabilities; they need not add up to one."""
        curves = self.curves_ if hasattr(self, "curves_") else with_one_bend(self.calibration_)
        return calibrated(self.decision_function(X), curves)

    def predict(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return which tags are suggested, (n_articles, n_tags) int64 of 0 and 1."""
        X = self._checked(X)
        is_silent, is_foreign = self._columns(X, 2).T > 0
        doubts = decision.Doubts(is_silent, is_foreign, self._columns(X, 1) > 0)
        choice = Choice(self.active_, self.exclusive_kinds_, self.always_one)
        thresholds = np.repeat(self.thresholds_[None], X.shape[0], axis=0)
        rows = self._of_names(X)
        if len(rows):
            thresholds[rows] = self.names_thresholds_
        return choice.suggested(self.decision_function(X), thresholds, doubts).astype(np.int64)

    def competing(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return what the other tags add to each decision value, (n_articles, n_tags) float64: the part that is not linear."""
        X, stack = self._checked(X), self._stacking_model
        competing = np.zeros((X.shape[0], len(self.classes_)))
        competing[:, stack.fitted] = stack.competing(self._classifier_values(X)[:, stack.fitted])
        return competing

    @property
    def coef_(self) -> np.ndarray:
        """What each column adds to a decision value, (n_tags, n_features_in_) float64; made anew at each call."""
        stack = self._stacking_model
        coef = np.zeros((len(self.classes_), self.n_features_in_))
        coef[stack.fitted, : self.n_terms_] = stack.slope[:, None] * self.separator_coef_[stack.fitted]
        np.fill_diagonal(coef[:, self.n_terms_ :], stack.mention_weight)
        return coef

    @property
    def intercept_(self) -> np.ndarray:
        """The prior of each tag, (n_tags,): what it has before a word is read, besides its mentions."""
        stack = self._stacking_model
        intercept: np.ndarray = stack.prior.copy()
        intercept[stack.fitted] += stack.slope * self.separator_intercept_[stack.fitted]
        return intercept

    def _of_names(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the rows of texts in languages that the model has not learned, (n_rows,) int64."""
        has_names = hasattr(self, "names_thresholds_")
        return np.flatnonzero(self._columns(X, 2)[:, 1]) if has_names else np.zeros(0, dtype=np.int64)

    @property
    def _names_stacking_model(self) -> StackingModel:
        n_tags = len(self.classes_)
        none = np.zeros(0, dtype=np.int64)
        return StackingModel(self.stack_, self.names_intercepts_, np.zeros(n_tags), none, np.zeros(n_tags))

    @property
    def _stacking_model(self) -> StackingModel:
        check_is_fitted(self)
        fitted = np.flatnonzero(self.n_positive_)
        in_intercepts = np.zeros(len(self.classes_))  # an export is of one day: what is recent never changes
        return StackingModel(self.stack_, self.stack_intercepts_, self.n_positive_, fitted, in_intercepts)

    def _checked(self, X: sparse.csr_matrix) -> sparse.csr_matrix:
        check_is_fitted(self)
        X = sparse.csr_matrix(X)
        if X.shape[1] != self.n_features_in_:
            n = self.n_features_in_
            raise ValueError(f"X has {X.shape[1]} features, but {n} are expected: those of `features`.")
        return X

    def _columns(self, X: sparse.csr_matrix, view: int) -> np.ndarray:
        """Return the columns of a view behind the terms: 0 is the mentions, 1 the names written out, 2 the doubts."""
        n_tags = len(self.classes_)
        columns: np.ndarray = X[:, self.n_terms_ + view * n_tags :].toarray()
        return columns[:, :n_tags] if view < 2 else columns

    def _classifier_values(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the values of the linear classifiers, (n_articles, n_tags) float64."""
        terms = X[:, : self.n_terms_]
        used = np.unique(terms.indices)  # of one article a few hundred: no need to widen all weights to float64
        weights = self.separator_coef_[:, used].T.astype(np.float64)
        return np.asarray(terms[:, used] @ weights + self.separator_intercept_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
