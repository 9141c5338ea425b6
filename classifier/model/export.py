"""TagModel -> an ordinary scikit-learn Pipeline, for data people. The service neither writes nor loads one.

    pipeline = joblib.load("tagger.joblib")
    pipeline.predict(["ISKP bombs Kabul mosque\nThe Taliban said on Friday …"])  # (n_articles, n_tags) 0 and 1
    pipeline[-1].classes_                                                        # the tag ids of the columns

Articles are `Article`s, records (dicts as in an archive's JSON Lines) or plain strings, whose first line is the title.
`predict` returns what the service suggests, `predict_proba` its scores, `decision_function` its decision values. The steps:

    read            articles -> readings: clean text without boilerplate, words, mentions
    features        readings -> sparse matrix, its columns side by side:
        words       TfidfVectorizer with the model's vocabulary and idf
        title       the same for the title alone, times 0.5; absent where the model has no title terms
        naming      the mention features of each tag, weighed to one value per tag
        written_out 1 where a tag's name is written out, not only hinted at
        doubts      1 where the text says nothing, or is in a language that the model has not learned
    tagger          the linear classifiers, the stacking model that joins them to the mentions, calibration and thresholds

Only the vectorizers can be fitted anew; what the other steps learned comes from `classifier.training.fitting`. To put another
classifier on the same features, freeze them, and scale them, because mention values are tens of times as large as words:
`make_pipeline(FrozenEstimator(pipeline[:-1]), MaxAbsScaler(), OneVsRestClassifier(LinearSVC()))`.

Unpickling runs whatever code the file asks for, before anything can be checked: load only what you exported yourself.
Loading needs this package, best in the versions of it and of scikit-learn that wrote the file. The steps are in `pipeline_steps`.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from classifier.domain.files import whole_file
from classifier.errors import BadSetting
from classifier.model.pipeline_steps import (
    ArticleTransformer,
    Doubts,
    NamingVectorizer,
    NamingWeigher,
    TagClassifier,
    WrittenOut,
    _Taxonomy,
    _Vocabulary,
    reading_terms,
    reading_title_terms,
)
from classifier.model.scoring import TITLE_WEIGHT
from classifier.model.tag_model import TagModel
from classifier.model.unlearned import has_names, least_if_repeated
from classifier.model.weights import dense
from classifier.text.mention_features import CATEGORIES, FEATURES, NOWHERE, SHARED


def export_model(model: TagModel, output: Path) -> None:
    """Write a model as a scikit-learn pipeline with joblib, whole or not at all. Raises `BadSetting` if it cannot."""
    if not output.parent.is_dir():
        raise BadSetting(f"Cannot write {output}: No such file or directory.")
    with whole_file(output) as file:  # which packs what ends in .gz by itself
        joblib.dump(build_pipeline(model), file, compress=0 if output.suffix == ".gz" else 3)


def build_pipeline(model: TagModel) -> Pipeline:
    """Return a fitted pipeline that predicts what the model suggests."""
    p, taxonomy = model.parameters, model.taxonomy
    tag_ids = [tag.id for tag in taxonomy.tags]
    words = _vectorizer(partial(reading_terms, stem=p.stem), model.terms, p.idf)
    common = frozenset(np.array(model.terms, dtype=object)[~(p.idf > np.log(4.0) + 1.0)])
    naming = Pipeline([("vectorizer", NamingVectorizer(tag_ids).fit()), ("weigher", _weigher(model, tag_ids))])
    views: list[tuple[str, Any]] = [("words", words)]
    weights = {}
    if len(model.title_terms):  # scikit-learn has no vectorizer without a vocabulary
        of_title = partial(reading_title_terms, stem=p.stem)
        views.append(("title", _vectorizer(of_title, model.title_terms, p.title_idf)))
        weights["title"] = TITLE_WEIGHT
    doubts = Doubts(words.vocabulary, common, p.language, p.stem, list(p.learned) or None).fit()
    views += [("naming", naming), ("written_out", WrittenOut(tag_ids).fit()), ("doubts", doubts)]
    read = ArticleTransformer(_Taxonomy(taxonomy.tags, taxonomy.kinds), list(p.blocks)).fit()
    features = FeatureUnion(views, transformer_weights=weights)
    return Pipeline([("read", read), ("features", features), ("tagger", _tag_classifier(model, tag_ids))])


def _vectorizer(analyzer: Any, terms: Sequence[str], idf: np.ndarray) -> TfidfVectorizer:
    vocabulary = _Vocabulary({term: column for column, term in enumerate(terms)})
    vectorizer = TfidfVectorizer(analyzer=analyzer, vocabulary=vocabulary, sublinear_tf=True)
    vectorizer.idf_ = idf.astype(np.float64)
    return vectorizer


def _weigher(model: TagModel, tag_ids: list[str]) -> NamingWeigher:
    p = model.parameters
    learned = dict(zip(FEATURES, p.naming_weights.tolist(), strict=True))
    nowhere = p.nowhere_intercept + p.naming_offsets[:, NOWHERE]
    weights = np.zeros((len(tag_ids), len(SHARED)))
    for row, tag in zip(weights, model.taxonomy.tags, strict=True):
        row[:] = [learned[name] + learned.get(f"{name} ({tag.kind})", 0.0) for name in SHARED]
    of_kind = [learned.get(f"kind ({tag.kind})", 0.0) for tag in model.taxonomy.tags]
    for category in range(NOWHERE + 1, len(CATEGORIES)):
        named = p.naming_intercept + p.naming_offsets[:, category] + of_kind
        # A named tag is in one category, whose weight holds the difference of the intercepts.
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
    tagger.separator_coef_[p.separators] = dense(p.weights).T
    tagger.separator_intercept_ = np.zeros(len(tag_ids))
    tagger.separator_intercept_[p.separators] = p.intercepts
    for name in ("n_positive", "stack", "calibration", "curves", "thresholds", "auto_thresholds"):
        setattr(tagger, f"{name}_", np.array(getattr(p, name)))
    tagger.stack_intercepts_ = p.stack_intercepts + p.recency
    named = has_names(taxonomy)
    tagger.names_intercepts_ = np.array(p.stack_intercepts)
    tagger.names_least_ = least_if_repeated(p.thresholds, taxonomy, np.arange(len(tag_ids)))
    tagger.names_thresholds_ = np.where(named, p.thresholds, np.inf)
    tagger.active_ = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
    tagger.exclusive_kinds_ = [list(members) for members in taxonomy.exclusive_kinds]
    tagger.model_version_, tagger.taxonomy_version_ = model.version, taxonomy.version
    return tagger
