"""One linear classifier per tag over the terms, and its values for articles that it has not learned from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.svm import LinearSVC

from classifier.domain.examples import UNKNOWN
from classifier.domain.progress import Track, untracked
from classifier.domain.sentences import FOLDS
from classifier.model.weights import SparseWeights
from classifier.parallel.cluster import in_cluster, map_parts
from classifier.parallel.processes import beside
from classifier.training.pair_arrays import count, pair_zeros
from classifier.training.training_set import LARGE_CORPUS, TrainingSet

# Ten times scikit-learn's tolerance changes no F1 in the fourth digit and saves a fifth of the time.
TOLERANCE = 0.01
FAST_TOLERANCE = 0.1
# Weights, terms times tags, above which small ones are left out: dense ones would take seconds to load. They change no decision
# value by more than its second digit, and 19 of 20 are small.
LARGE_WEIGHTS = 100_000_000
MIN_WEIGHT = 0.02
JOBS_AT_ONCE = 8
SMALLEST = np.finfo(np.float32).tiny
# Values of the matrix, times tags. Fewer than the second number are fitted before other processes have started, and fewer than
# the first before a copy of this one has.
FEWEST_VALUES, FEW_VALUES = 2_000_000, 50_000_000


class LinearClassifiers(NamedTuple):
    """The fitted classifiers: weights (n_terms, n_fitted), intercepts (n_fitted,) float64, and their tags."""

    weights: np.ndarray | SparseWeights
    intercepts: np.ndarray
    tags: list[int]


class _Draw(NamedTuple):
    """Which negatives a classifier is fitted on: the hardest ones, and every `step`-th of the others.

    The hardest are a share of all rows, or so many for each positive, whichever is more.
    """

    share: float
    per_positive: int
    step: int
    most: float = 1.0  # the share of the rows above which drawing is not worth it

    def n_hard(self, n_rows: int, n_positive: int) -> int:
        return min(n_rows - n_positive, max(self.per_positive * n_positive, int(self.share * n_rows)))

    def n_drawn(self, n_rows: int, n_positive: int) -> int:
        n_hard = self.n_hard(n_rows, n_positive)
        return n_positive + n_hard + (n_rows - n_positive - n_hard) // self.step


# On a large corpus, each classifier is fitted twice. Four times as fast as all of 50,000 articles, for .0002 less F1 of a tag.
OF_LARGE = (_Draw(0.05, 3, 20), _Draw(0.1, 3, 10))
# With --fast and MANY_ARTICLES, once. Two thirds of the time of a fit on all of 7,770, with values that correlate by .996.
OF_FAST = (_Draw(0.05, 10, 5, most=1 / 3),)
MANY_ARTICLES = 3_000


class _How(NamedTuple):
    """How to fit a classifier."""

    c: float
    tolerance: float
    seed: int
    least: float  # the size below which weights are left out
    draws: tuple[_Draw, ...]  # see `_fit_on_drawn`; none if it is fitted on all rows


class OutOfFold(NamedTuple):
    """Values of classifiers that were fitted on other folds, (n_articles, n_tags) float32; 0 where there is none."""

    values: np.ndarray
    n_positive: np.ndarray  # (n_folds, n_tags) int32, on how many positives each was fitted, 0 if there is none


@contextmanager
def fitting_beside(
    data: TrainingSet, min_positives: int, track: Track, description: str
) -> Iterator[Callable[[], LinearClassifiers]]:
    """Begin to fit the classifiers of all articles, and yield a function that waits for them: see `fit_classifiers`.

    They are fitted beside other steps of this process where they are too few to be shared out, and not so few that it would
    not be worth it.
    """
    n_values = data.corpus.X.nnz * data.labels.shape[1]
    is_worth_it = data.settings.n_jobs != 1 and FEWEST_VALUES < n_values <= FEW_VALUES and not in_cluster()
    if not is_worth_it:
        yield lambda: fit_classifiers(data, min_positives, track, description)
        return
    with beside(lambda: fit_classifiers(data, min_positives, untracked, description)) as fitted:

        def waited() -> LinearClassifiers:
            for _ in track([None], 1, description):
                classifiers = fitted()
            return classifiers

        yield waited


def fit_classifiers(data: TrainingSet, min_positives: int, track: Track, description: str) -> LinearClassifiers:
    """Fit a classifier for each tag with enough positives, on all articles and on the tags' own names."""
    tags = _fittable(data.labels, min_positives)
    X, jobs, n_jobs = _jobs(data, data.all_rows, tags)
    fitted = track(_in_turn(_fit_classifier, X, jobs, n_jobs, data), len(tags), description)
    if _least_weight(data) > 0.0:
        weights, intercepts = _in_rows(fitted, X.shape[1], len(tags))
        return LinearClassifiers(weights, intercepts, tags)
    dense, intercepts = np.zeros((X.shape[1], len(tags)), dtype=np.float32), np.zeros(len(tags))
    for column, (rows, values, intercept) in enumerate(fitted):
        dense[rows, column], intercepts[column] = values, intercept
    return LinearClassifiers(dense, intercepts, tags)


def _in_turn(
    work: Callable[..., Any], shared: Any, jobs: Iterator[tuple[Any, ...]], n_jobs: int, data: TrainingSet
) -> Iterator[Any]:
    """Yield what each job gives, in order. Of a large corpus several go to a process at once: each time it is mapped anew."""
    n_at_once = JOBS_AT_ONCE if data.corpus.X.nnz > LARGE_CORPUS else 1
    parts = iter(lambda: list(islice(jobs, n_at_once)), [])
    for results in map_parts(_work_on_all, (work, shared), ((part,) for part in parts), n_jobs):
        yield from results


def _work_on_all(work_and_shared: tuple[Callable[..., Any], Any], jobs: list[tuple[Any, ...]]) -> list[Any]:
    work, shared = work_and_shared
    return [work(shared, *job) for job in jobs]


def _in_rows(
    fitted: Iterable[tuple[np.ndarray, np.ndarray, float]], n_rows: int, n_columns: int
) -> tuple[SparseWeights, np.ndarray]:
    """Return the weights of all columns, row by row, and the intercepts."""
    rows, values, intercepts = zip(*fitted, strict=True)
    ends = np.cumsum([len(column) for column in rows])
    by_column = sparse.csc_matrix(
        (np.concatenate(values), np.concatenate(rows), np.concatenate([[0], ends])), shape=(n_rows, n_columns)
    )
    by_row = by_column.tocsr()
    by_row.sort_indices()
    columns = by_row.indices.astype(np.uint16 if n_columns <= np.iinfo(np.uint16).max else np.int32)
    weights = SparseWeights(by_row.indptr.astype(np.int64), columns, by_row.data.astype(np.float16), n_columns)
    return weights, np.array(intercepts)


def _least_weight(data: TrainingSet) -> float:
    """Return the size below which weights are left out."""
    return MIN_WEIGHT if data.corpus.X.shape[1] * data.labels.shape[1] > LARGE_WEIGHTS else 0.0


def _draws(data: TrainingSet) -> tuple[_Draw, ...]:
    """Return what each classifier of a corpus is fitted on: nothing is drawn from few articles."""
    if data.corpus.X.nnz > LARGE_CORPUS:
        return OF_LARGE
    return OF_FAST if data.settings.fast and data.corpus.X.shape[0] >= MANY_ARTICLES else ()


def _fittable(labels: np.ndarray, min_positives: int) -> list[int]:
    tags: list[int] = np.flatnonzero((count(labels, 1) >= min_positives) & (labels == 0).any(axis=0)).tolist()
    return tags


def _jobs(data: TrainingSet, inside: np.ndarray, tags: Sequence[int]) -> tuple[sparse.csr_matrix, Iterator[Any], int]:
    """Return what classifiers are fitted on, the articles of a mask and the names, what each needs, and how many processes."""
    settings = data.settings
    X, names = data.corpus.X if inside.all() else data.corpus.X[inside], not settings.fast
    if names:
        X = sparse.vstack([X, data.corpus.names]).tocsr()
    X.sort_indices()
    # The name of a tag without aliases is unknown to all tags.
    unlabelled = np.array([names and not tag.aliases for tag in data.taxonomy.tags], dtype=bool)
    no_name = np.where(unlabelled, np.int8(UNKNOWN), np.int8(0)) if names else np.zeros(0, dtype=np.int8)

    def labels_of(tag: int) -> np.ndarray:
        name_labels = no_name.copy()
        if names and not unlabelled[tag]:
            name_labels[tag] = 1
        return np.concatenate([data.labels[inside, tag], name_labels])

    tolerance = FAST_TOLERANCE if settings.fast else TOLERANCE
    how = _How(settings.c, tolerance, settings.seed, _least_weight(data), _draws(data))
    jobs = ((labels_of(tag), how) for tag in tags)
    return X, jobs, settings.n_jobs if X.nnz * len(tags) > FEW_VALUES else 1


def _fit_classifier(X: sparse.csr_matrix, labels: np.ndarray, how: _How) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit one tag on the rows whose label is known; return its weights that are not small, their terms, and its intercept."""
    is_known = labels != UNKNOWN
    rows, positive = (X, labels == 1) if is_known.all() else (X[is_known], labels[is_known] == 1)
    build = partial(LinearSVC, C=how.c, tol=how.tolerance, random_state=how.seed)
    # Hundreds of fits share one matrix, which was checked once.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        fitted = _fit_on_drawn(rows, positive, build, how.draws)
    weights = fitted.coef_[0].astype(np.float32)
    terms = np.flatnonzero(np.abs(weights) >= max(how.least, SMALLEST))
    return terms.astype(np.int32), weights[terms], float(fitted.intercept_[0])


def _fit_on_drawn(
    X: sparse.csr_matrix, positive: np.ndarray, build: Callable[[], LinearSVC], draws: Sequence[_Draw]
) -> LinearSVC:
    """Fit one tag on its positives, the negatives that are most like them, and a sample of the others that weighs more.

    Most negatives decide nothing. What is like the positives is told by their mean, and then by the classifier of the draw
    before. A tag of which a draw would take too many rows is fitted on all.
    """
    n_positive = int(np.count_nonzero(positive))
    if not draws or any(draw.n_drawn(len(positive), n_positive) > draw.most * len(positive) for draw in draws):
        return build().fit(X, positive)
    likeness = np.asarray(X[positive].mean(axis=0)).ravel()
    for draw in draws:
        rows, weights = _drawn(positive, X @ likeness, draw)
        fitted = build().fit(X[rows], positive[rows], sample_weight=weights)
        likeness = fitted.coef_[0]
    return fitted


def _drawn(positive: np.ndarray, values: np.ndarray, draw: _Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that a classifier is fitted on, in rising order, and their weights.

    They are all positives, the negatives with the highest values, and a sample of the others that weighs as much as they do.
    """
    negatives = np.flatnonzero(~positive)
    n_hard = draw.n_hard(len(positive), len(positive) - len(negatives))
    order = np.argpartition(-values[negatives], n_hard - 1)
    easy = np.sort(negatives[order[n_hard:]])
    drawn = easy[:: draw.step]
    weights = np.zeros(len(positive))
    weights[positive], weights[negatives[order[:n_hard]]] = 1.0, 1.0
    weights[drawn] = len(easy) / max(1, len(drawn))
    rows = np.flatnonzero(weights)
    return rows, weights[rows]


def _judge(matrices: tuple[sparse.csr_matrix, sparse.csr_matrix], labels: np.ndarray, how: _How) -> np.ndarray:
    """Fit one tag on the first matrix, and return its values for the rows of the second, (n_rows,) float32."""
    terms, values, intercept = _fit_classifier(matrices[0], labels, how)
    weights = np.zeros(matrices[1].shape[1])
    weights[terms] = values
    return np.asarray(matrices[1] @ weights + intercept, dtype=np.float32)


def out_of_fold(data: TrainingSet, track: Track) -> OutOfFold:
    """Return the value of each article and tag by a classifier that was fitted on the other folds.

    The processes that fit judge, too: the weights of a fold would be as large as those of the whole model.
    """
    values = pair_zeros(data.labels.shape)
    n_positive = np.zeros((data.n_folds, data.labels.shape[1]), dtype=np.int32)
    for number, out in enumerate(track(data.held_out_masks(), data.n_folds, FOLDS)):
        if not out.any():
            continue
        labels, rows = data.labels[~out], np.flatnonzero(out)
        tags = _fittable(labels, 1)
        n_positive[number, tags] = count(labels, 1)[tags]
        X, jobs, n_jobs = _jobs(data, ~out, tags)
        judged = _in_turn(_judge, (X, data.corpus.X[out]), jobs, n_jobs, data)
        for tag, column in zip(tags, track(judged, len(tags), "tags"), strict=True):
            values[rows, tag] = column
    return OutOfFold(values, n_positive)
