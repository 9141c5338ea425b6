"""TagModel -> an ordinary scikit-learn Pipeline, for data people. The service neither writes nor loads one.

    pipeline = joblib.load("tagger.joblib")
    pipeline.predict(["ISKP bombs Kabul mosque\nThe Taliban said on Friday …"])  # (n_articles, n_tags) 0 and 1
    pipeline[-1].classes_                                                        # the tag ids of the columns

Articles are `Article`s, records (dicts as in an archive's JSON Lines) or plain strings, whose first line is the title.
Predictions are the service's: `predict` what it suggests, `predict_proba` its scores, `decision_function` its
decision values. The steps:

    read            articles -> readings: clean text without furniture, words, mentions
    features        readings -> sparse matrix, its columns side by side:
        words       TfidfVectorizer with the model's vocabulary and idf
        title       the same for the title alone, times 0.5; absent where the model has no title terms
        naming      how the article names each tag, weighed to one value per tag
        written_out 1 where a tag's name is written out, not only hinted at
        doubts      1 where the text says nothing, or is in another language
    tagger          the separators, the stack that joins them to the naming, calibration and thresholds

Only the vectorizers can be fitted anew; what the other steps learned comes from `classifier.training.fitting`. To put another
classifier on the same features, freeze them, and scale them, because naming values are tens of times as large as words:
`make_pipeline(FrozenEstimator(pipeline[:-1]), MaxAbsScaler(), OneVsRestClassifier(LinearSVC()))`.

Unpickling runs whatever code the file asks for, before anything can be checked: load only what you exported yourself.
Loading needs this package, best in the versions of it and of scikit-learn that wrote the file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any, NamedTuple, Self

import joblib
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from classifier.domain.articles import Article, article_from_record, article_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.model import decision
from classifier.model.decision import Choice, StackingModel, calibrated
from classifier.model.scoring import FEW_KNOWN, TITLE_WEIGHT
from classifier.model.tag_model import TagModel
from classifier.text.fields import ReadText
from classifier.text.mention_features import CATEGORIES, FEATURES, HINTED, NOWHERE, SHARED
from classifier.text.reading import ArticleReader, Reading, is_foreign
from classifier.text.terms import text_terms, title_terms

_NOT_HERE = (
    "{} holds what classifier.training.fitting learned and cannot be fitted by itself. "
    "Train a model (python -m classifier train) and export it."
)


def export_model(model: TagModel, output: Path) -> None:
    """Write a model as a scikit-learn pipeline with joblib, whole or not at all; what was there is replaced.

    Raises:
        OSError: if the folder is not there or cannot be written to.
    """
    handle, aside = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            joblib.dump(build_pipeline(model), file, compress=3)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(0o644)
        Path(aside).replace(output)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def build_pipeline(model: TagModel) -> Pipeline:
    """Return a fitted pipeline that predicts what the model suggests."""
    p, taxonomy = model.parameters, model.taxonomy
    tag_ids = [tag.id for tag in taxonomy.tags]
    words = _vectorizer(reading_terms, model.terms, p.idf)
    common = frozenset(np.array(model.terms, dtype=object)[~(p.idf > np.log(4.0) + 1.0)])
    naming = Pipeline([("vectorizer", NamingVectorizer(tag_ids).fit()), ("weigher", _weigher(model, tag_ids))])
    views: list[tuple[str, Any]] = [("words", words)]
    weights = {}
    if len(model.title_terms):  # scikit-learn has no vectorizer without a vocabulary
        views.append(("title", _vectorizer(reading_title_terms, model.title_terms, p.title_idf)))
        weights["title"] = TITLE_WEIGHT
    views += [
        ("naming", naming),
        ("written_out", WrittenOut(tag_ids).fit()),
        ("doubts", Doubts(words.vocabulary, common, p.language).fit()),
    ]
    return Pipeline(
        [
            ("read", ArticleTransformer(_Taxonomy(taxonomy.tags, taxonomy.kinds), list(model.parameters.blocks)).fit()),
            ("features", FeatureUnion(views, transformer_weights=weights)),
            ("tagger", _tag_classifier(model, tag_ids)),
        ]
    )


def _vectorizer(analyzer: Any, terms: Sequence[str], idf: np.ndarray) -> TfidfVectorizer:
    """Return a vectorizer that knows the model's terms and their idf."""
    vocabulary = _Vocabulary({term: column for column, term in enumerate(terms)})
    vectorizer = TfidfVectorizer(analyzer=analyzer, vocabulary=vocabulary, sublinear_tf=True)
    vectorizer.idf_ = idf.astype(np.float64)
    return vectorizer


def _weigher(model: TagModel, tag_ids: list[str]) -> NamingWeigher:
    """Return the naming model as one linear function per tag.

    The service has an intercept for tags that are named and one for those that are not. Here the second is the intercept,
    and the difference is part of the weights of the categories, of which a named tag has exactly one. What is learned of
    a kind is folded into the weights of its tags.
    """
    p = model.parameters
    learned = dict(zip(FEATURES, p.naming_weights.tolist(), strict=True))
    nowhere = p.nowhere_intercept + p.naming_offsets[:, NOWHERE]
    weights = np.zeros((len(tag_ids), len(SHARED)))
    for row, tag in zip(weights, model.taxonomy.tags, strict=True):
        row[:] = [learned[name] + learned.get(f"{name} ({tag.kind})", 0.0) for name in SHARED]
    of_kind = [learned.get(f"kind ({tag.kind})", 0.0) for tag in model.taxonomy.tags]
    for category in range(NOWHERE + 1, len(CATEGORIES)):
        named = p.naming_intercept + p.naming_offsets[:, category] + of_kind
        weights[:, SHARED.index(CATEGORIES[category])] += named - nowhere
    weigher = NamingWeigher(tag_ids)
    weigher.coef_, weigher.intercept_ = sparse.block_diag(list(weights[:, None, :]), format="csr"), nowhere
    return weigher


def _tag_classifier(model: TagModel, tag_ids: list[str]) -> TagClassifier:
    p, taxonomy = model.parameters, model.taxonomy
    tagger = TagClassifier(always_one=p.always_one)
    tagger.classes_ = np.array(tag_ids)
    tagger.n_terms_ = len(model.terms) + len(model.title_terms)
    tagger.n_features_in_ = tagger.n_terms_ + 2 * len(tag_ids) + len(Doubts.NAMES)
    tagger.separator_coef_ = np.zeros((len(tag_ids), tagger.n_terms_), dtype=np.float32)
    tagger.separator_coef_[p.separators] = np.asarray(p.weights).T
    tagger.separator_intercept_ = np.zeros(len(tag_ids))
    tagger.separator_intercept_[p.separators] = p.intercepts
    for name in ("n_positive", "stack", "stack_intercepts", "calibration", "thresholds", "auto_thresholds"):
        setattr(tagger, f"{name}_", np.array(getattr(p, name)))
    tagger.active_ = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
    tagger.exclusive_kinds_ = [list(members) for members in taxonomy.exclusive_kinds]
    tagger.model_version_, tagger.taxonomy_version_ = model.version, taxonomy.version
    return tagger


class _Vocabulary(dict[str, int]):
    """Terms and their columns, shown briefly: scikit-learn prints the parameters of what it prints."""

    def __repr__(self) -> str:
        return f"<{len(self)} terms>"


class _Taxonomy(Taxonomy):
    """A taxonomy that is shown briefly."""

    def __repr__(self) -> str:
        return f"<{len(self.tags)} tags, version {self.version}>"


# --- reading ----------------------------------------------------------------------------------------------------


def as_article(one: Article | Mapping[str, Any] | str) -> Article:
    """Return an `Article` as it is, that of a record, or that of a plain text, whose first line is the title.

    Raises:
        BadArticle: if a record has a field of the wrong kind, or it is none of the three.
    """
    if isinstance(one, Article):
        return one
    return article_from_text(one) if isinstance(one, str) else article_from_record(one)


class NamedReading(NamedTuple):
    """The reading of an article and how it names tags.

    tags: (n_named,) places of the tags that are named at all; categories: (n_named,), in `aboutness.CATEGORIES`;
    features: (n_named, len(SHARED)) float64.
    """

    reading: Reading
    tags: np.ndarray
    categories: np.ndarray
    features: np.ndarray


class ArticleTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Reads articles the way of a taxonomy; learns nothing from them.

    Attributes:
        reader_: the `ArticleReader`; it is not pickled but made again.
    """

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
        readings = self.reader_.read_all([as_article(one) for one in X])
        named = self.reader_.naming(readings)
        begins = np.searchsorted(named.articles, np.arange(len(readings) + 1))
        return [
            NamedReading(reading, named.tags[own], named.categories[own], named.shared[own])
            for reading, own in zip(readings, starmap(slice, pairwise(begins.tolist())), strict=True)
        ]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the name of the only column."""
        return np.array(["reading"], dtype=object)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state["reader_"] = "reader_" in state  # it follows from the taxonomy, and is made again
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        fitted = state.pop("reader_")
        super().__setstate__(state)
        if fitted:
            self.fit()


def reading_terms(read: NamedReading) -> list[str]:
    """Return the terms of title and body: the analyzer of the words."""
    return text_terms(read.reading.text)


def reading_title_terms(read: NamedReading) -> list[str]:
    """Return the terms of the title: the analyzer of the title."""
    return title_terms(read.reading.text)


# --- features ---------------------------------------------------------------------------------------------------


class _OfReadings(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What transformers share that learn nothing."""

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Do nothing; there is nothing to learn."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class NamingVectorizer(_OfReadings):
    """How articles name tags: for each tag a block of features (`classifier.text.mention_features.SHARED`), 0 if it is not named."""

    def __init__(self, tag_ids: Sequence[str]) -> None:
        self.tag_ids = tag_ids

    def transform(self, X: Sequence[NamedReading]) -> sparse.csr_matrix:
        """Return (n_articles, n_tags * len(SHARED)) float64 CSR."""
        rows = np.repeat(np.arange(len(X)), [len(read.tags) for read in X])
        tags = np.concatenate([np.zeros(0, dtype=np.int64), *(read.tags for read in X)])
        values = np.concatenate([np.zeros((0, len(SHARED))), *(read.features for read in X)])
        pair, feature = np.nonzero(values)
        at = rows[pair], tags[pair] * len(SHARED) + feature
        return sparse.csr_matrix((values[pair, feature], at), shape=(len(X), len(self.tag_ids) * len(SHARED)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return `tag id: feature` for each column."""
        return np.array([f"{tag}: {feature}" for tag in self.tag_ids for feature in SHARED], dtype=object)


class NamingWeigher(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """How articles name tags, weighed to one value per tag: the logit that it is a tag of the article, by its naming.

    Attributes:
        coef_: (n_tags, n_tags * len(SHARED)) CSR; a tag has weights for its own block only, and the tags of a kind share
            them but for what each learned of its own categories.
        intercept_: (n_tags,), the value of a tag that is not named.
    """

    coef_: sparse.csr_matrix
    intercept_: np.ndarray

    def __init__(self, tag_ids: Sequence[str]) -> None:
        self.tag_ids = tag_ids

    def fit(self, X: Any, y: Any = None) -> Self:
        """Refuse: it is learned with the rest of the model."""
        raise NotImplementedError(_NOT_HERE.format(type(self).__name__))

    def transform(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return (n_articles, n_tags) float64."""
        check_is_fitted(self)
        values: np.ndarray = (X @ self.coef_.T).toarray() + self.intercept_
        return values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the tag ids."""
        return np.array(self.tag_ids, dtype=object)


class WrittenOut(_OfReadings):
    """Whether an article writes out a name of each tag; in a foreign language only these tags can be trusted."""

    def __init__(self, tag_ids: Sequence[str]) -> None:
        self.tag_ids = tag_ids

    def transform(self, X: Sequence[NamedReading]) -> sparse.csr_matrix:
        """Return (n_articles, n_tags) float64 CSR of 0 and 1."""
        named = sparse.lil_matrix((len(X), len(self.tag_ids)))
        for row, read in enumerate(X):
            named[row, read.tags[read.categories > HINTED]] = 1.0
        return named.tocsr()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the tag ids."""
        return np.array(self.tag_ids, dtype=object)


class Doubts(_OfReadings):
    """Whether there are reasons to trust no word of a text.

    Args:
        vocabulary: the terms that the model knows.
        common: those that stand in more than a quarter of the articles it was trained on, and say nothing alone.
        language: the model's language, "en" or None for any.
    """

    NAMES = ("says nothing", "another language")

    def __init__(self, vocabulary: Mapping[str, int], common: frozenset[str], language: str | None) -> None:
        self.vocabulary = vocabulary
        self.common = common
        self.language = language

    def transform(self, X: Sequence[NamedReading]) -> np.ndarray:
        """Return (n_articles, 2) float64 of 0 and 1."""
        return np.array([self._doubts(read.reading.text) for read in X], dtype=np.float64).reshape(
            len(X), len(self.NAMES)
        )

    def _doubts(self, text: ReadText) -> tuple[bool, bool]:
        terms = text_terms(text)
        return self.common.issuperset(terms), self._foreign(text, terms)

    def _foreign(self, text: ReadText, terms: list[str]) -> bool:
        if self.language != "en" or sum(map(self.vocabulary.__contains__, terms)) > FEW_KNOWN * len(terms):
            return False
        return is_foreign(text)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the two columns."""
        return np.array(self.NAMES, dtype=object)


# --- the classifier ---------------------------------------------------------------------------------------------


class TagClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Decides on tags from the features: multi-label, one column per tag in the order of `classes_`.

    A decision value is `X @ coef_.T + intercept_` and what the tags that compete with it take or give (`competing`).
    A tag is suggested where its decision value reaches its threshold, with these exceptions: never if it is muted or
    retired; of an exclusive kind only the best; none in a text that says nothing; in another language only those whose
    name is written out; and with `always_one` else the best one where none passed.

    Args:
        always_one: whether each article gets at least one tag.

    Attributes:
        classes_: (n_tags,) tag ids, in the taxonomy's order.
        separator_coef_, separator_intercept_: (n_tags, n_terms_) float32, (n_tags,); 0 for a tag without a separator.
        stack_, stack_intercepts_: (n_tags, 8), (n_tags,); how separator and naming are joined (`classifier.model.decision`).
        n_positive_: (n_tags,) articles that taught each tag.
        thresholds_, auto_thresholds_: (n_tags,) in decision values, inf for never.
        calibration_: (4,), from decision values to scores.
        active_: (n_tags,) bool; exclusive_kinds_: the columns of the tags of each such kind.
        n_terms_, n_features_in_: columns of words and title, and all columns.
        model_version_, taxonomy_version_: what was exported.
    """

    classes_: np.ndarray
    separator_coef_: np.ndarray
    separator_intercept_: np.ndarray
    n_positive_: np.ndarray
    stack_: np.ndarray
    stack_intercepts_: np.ndarray
    calibration_: np.ndarray
    thresholds_: np.ndarray
    auto_thresholds_: np.ndarray
    active_: np.ndarray
    exclusive_kinds_: list[list[int]]
    n_terms_: int
    n_features_in_: int
    model_version_: str
    taxonomy_version_: str

    def __init__(self, always_one: bool = False) -> None:
        self.always_one = always_one

    def fit(self, X: Any, y: Any = None) -> Self:
        """Refuse: it is learned with the rest of the model."""
        raise NotImplementedError(_NOT_HERE.format(type(self).__name__))

    def decision_function(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the decision values, (n_articles, n_tags) float64."""
        X = self._checked(X)
        stack = self._stacking_model
        return stack.decision(self._classifier_values(X)[:, stack.fitted], self._columns(X, 0))

    def predict_proba(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the scores, (n_articles, n_tags) float64: calibrated probabilities; they need not add up to one."""
        return calibrated(self.decision_function(X), self.calibration_)

    def predict(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return which tags are suggested, (n_articles, n_tags) int64 of 0 and 1."""
        X = self._checked(X)
        is_silent, is_foreign = self._columns(X, 2).T > 0
        doubts = decision.Doubts(is_silent, is_foreign, self._columns(X, 1) > 0)
        choice = Choice(self.active_, self.exclusive_kinds_, self.always_one)
        suggested: np.ndarray = choice.suggested(self.decision_function(X), self.thresholds_, doubts).astype(np.int64)
        return suggested

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

    @property
    def _stacking_model(self) -> StackingModel:
        check_is_fitted(self)
        fitted = np.flatnonzero(self.n_positive_)
        return StackingModel(self.stack_, self.stack_intercepts_, self.n_positive_, fitted)

    def _checked(self, X: sparse.csr_matrix) -> sparse.csr_matrix:
        check_is_fitted(self)
        X = sparse.csr_matrix(X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {self.n_features_in_} are expected: those of `features`."
            )
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
        values: np.ndarray = terms[:, used] @ weights + self.separator_intercept_
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
