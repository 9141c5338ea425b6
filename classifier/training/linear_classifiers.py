"""One linear classifier per tag over the terms, and its values for articles that it has not learned from."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.svm import LinearSVC

from classifier.domain.examples import UNKNOWN
from classifier.domain.progress import Track
from classifier.parallel.cluster import map_parts
from classifier.training.training_set import TrainingSet

# Ten times scikit-learn's tolerance changes no F1 in the fourth digit and saves a fifth of the time.
TOLERANCE = 0.01
FAST_TOLERANCE = 0.1
FEW_VALUES = 50_000_000  # of the matrix, times tags: fewer are fitted before other processes have started


class LinearClassifiers(NamedTuple):
    """The fitted classifiers: weights (n_terms, n_fitted) float32, intercepts (n_fitted,) float64, and their tags."""

    weights: np.ndarray
    intercepts: np.ndarray
    tags: list[int]


class OutOfFold(NamedTuple):
    """Values of classifiers that were fitted on other folds, (n_articles, n_tags) float64."""

    values: np.ndarray
    n_positive: np.ndarray  # the same shape: on how many positives each was fitted, 0 if the tag has none


def fit_classifiers(
    data: TrainingSet, inside: np.ndarray, min_positives: int, track: Track, description: str
) -> LinearClassifiers:
    """Fit a classifier for each tag with enough positives, on the articles of a mask and on the tags' own names."""
    labels, settings = data.labels[inside], data.settings
    fittable = ((labels == 1).sum(axis=0) >= min_positives) & (labels == 0).any(axis=0)
    tags = np.flatnonzero(fittable).tolist()
    X, name_labels = data.corpus.X[inside], np.zeros((0, labels.shape[1]), dtype=np.int8)
    if not settings.fast:
        # The name of a tag without aliases is unknown to all tags.
        has_aliases = np.array([[bool(tag.aliases)] for tag in data.taxonomy.tags])
        name_labels = np.where(has_aliases, np.eye(len(has_aliases), dtype=np.int8), np.int8(UNKNOWN))
        X = sparse.vstack([X, data.corpus.names]).tocsr()
    X.sort_indices()
    tolerance = FAST_TOLERANCE if settings.fast else TOLERANCE
    columns = (np.concatenate([labels[:, tag], name_labels[:, tag]]) for tag in tags)
    jobs = [(column, settings.c, tolerance, settings.seed) for column in columns]
    n_jobs = settings.n_jobs if X.nnz * len(tags) > FEW_VALUES else 1
    fitted = map_parts(_fit_classifier, X, jobs, n_jobs)
    weights = np.zeros((X.shape[1], len(tags)), dtype=np.float32)
    intercepts = np.zeros(len(tags))
    for column, (weight, intercept) in enumerate(track(fitted, len(tags), description)):
        weights[:, column], intercepts[column] = weight, intercept
    return LinearClassifiers(weights, intercepts, tags)


def _fit_classifier(
    X: sparse.csr_matrix, labels: np.ndarray, c: float, tolerance: float, seed: int
) -> tuple[np.ndarray, float]:
    """Fit one tag on the rows whose label is known; return its weights and its intercept."""
    is_known = labels != UNKNOWN
    rows = X if is_known.all() else X[is_known]
    # Hundreds of fits share one matrix, which was checked once.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        fitted = LinearSVC(C=c, tol=tolerance, random_state=seed).fit(rows, labels[is_known])
    return fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0])


def out_of_fold(data: TrainingSet, track: Track) -> OutOfFold:
    """Return the value of each article and tag by a classifier that was fitted on the other folds."""
    values, n_positive = np.zeros(data.labels.shape), np.zeros(data.labels.shape, dtype=np.int32)
    for number, out in enumerate(data.held_out_masks(), start=1):
        if not out.any():
            continue
        fitted = fit_classifiers(data, ~out, 1, track, f"fold {number} of {data.n_folds}")
        cells = np.ix_(out, np.array(fitted.tags, dtype=np.int64))
        values[cells] = data.corpus.X[out] @ fitted.weights.astype(np.float64) + fitted.intercepts
        n_positive[cells] = (data.labels[~out][:, fitted.tags] == 1).sum(axis=0)
    return OutOfFold(values, n_positive)
