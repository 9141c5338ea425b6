"""Examples -> TagModel: TF-IDF, one linear separator per tag, out-of-fold scores, one pooled stack, thresholds.

Thresholds, calibration and the stack are learned from scores of articles that the scorer has not seen. Whatever is
chosen here is chosen by cross-validation on the examples given; the same examples give the same arrays in any order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from classifier.domain.articles import Article
from classifier.domain.dates import in_utc
from classifier.domain.examples import UNKNOWN, labels_of
from classifier.domain.progress import Track, untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.errors import TooFewExamples
from classifier.model import evaluation
from classifier.model.decision import (
    SHRINKAGE,
    STACKING_FEATURES,
    Choice,
    calibrated,
    stacked_decision,
    stacking_features,
)
from classifier.model.parameters import Parameters
from classifier.model.precedents import Precedents, keep_precedents, no_precedents
from classifier.model.tag_model import TagModel
from classifier.parallel.cluster import map_parts
from classifier.text.mention_features import HINTED
from classifier.training.corpus import read_corpus
from classifier.training.folds import make_folds
from classifier.training.mention_fitting import NamingModel, fit_naming, naming_logits, no_naming
from classifier.training.thresholds import Thresholds, fit_auto_thresholds, fit_calibration, fit_thresholds

MIN_ARTICLES = 10
MIN_POSITIVES = 2  # a tag with fewer has no separator
SHRINKS = (1.0, 3.0, 8.0, 20.0)  # positives that the pooled threshold may count for; cross-validation chooses
MIN_KIND_POSITIVES = 200  # a kind with fewer shares the stack of all tags
HIDDEN_WEIGHT = 0.05  # of a pair whose tag is treated as if it had no examples
N_BOOTSTRAP = 200  # draws for the intervals of the card
# Above so many values in the matrix three folds are as good as five, and take half the time.
LARGE_CORPUS = 10_000_000
N_LARGE_FOLDS = 3
N_FAST_FOLDS = 2
TOLERANCE = (
    0.01  # of a separator; ten times scikit-learn's changes no F1 in the fourth digit and saves a fifth of the time
)
UNHEARD = 100.0  # how far below all others a tag without examples stays where names are not heard
FEW_VALUES = 50_000_000  # of the matrix, times tags: fewer are fitted before other processes have started
MAX_PAIRS = 1_500_000  # easy pairs beyond this are sampled and weighted


@dataclass(frozen=True)
class FitSettings:
    """How to fit; the defaults are the product."""

    seed: int = 0
    n_folds: int = 5
    c: float = 1.0
    n_jobs: int = -1
    always_one: bool | None = None  # None: learned from the examples
    fast: bool = False  # plain TF-IDF and cross-fitted thresholds: no stems, naming, stack or precedents; two folds


class HeldOut(NamedTuple):
    """What cross-validation says of each article by models that have not seen it; the articles in the order of their ids.

    ids: (n_articles,); scores: (n_articles, n_tags) float64; suggested: the same shape, bool; labels: the same, int8.
    """

    ids: list[str]
    scores: np.ndarray
    suggested: np.ndarray
    labels: np.ndarray


class Fitted(NamedTuple):
    """A fitted model and what cross-validation says of it."""

    model: TagModel
    card: dict[str, Any]
    held_out: HeldOut


def fit(
    articles: Sequence[Article],
    taxonomy: Taxonomy | None = None,
    settings: FitSettings | None = None,
    track: Track = untracked,
    blocks: Sequence[str] = (),
) -> Fitted:
    """Fit a model to articles with known tags.

    Without a taxonomy the tags are those of the articles. Articles that cannot be read are set aside, and named under
    `set_aside` of the card. `blocks` are the folded texts of repeated blocks, which are left out. `track` is handed the long loops, to show progress.

    Raises:
        TooFewExamples: if there is not enough to learn from, or two articles have one id.
    """
    settings = settings or FitSettings()
    articles = sorted(articles, key=lambda article: article.id)
    taxonomy = taxonomy or taxonomy_of(tag for article in articles for tag in article.tags or ())
    labels = labels_of(articles, taxonomy)
    _check(articles, labels)
    return _Fit(articles, taxonomy, labels, settings, track, sorted(blocks)).run()


def _check(articles: Sequence[Article], labels: np.ndarray) -> None:
    for before, after in itertools.pairwise(articles):
        if before.id == after.id:
            raise TooFewExamples(f"Two articles have the id {after.id!r}. Give each its own.")
    n_positive = (labels == 1).sum(axis=0)
    if len(articles) >= MIN_ARTICLES and not (labels == 0).any():
        raise TooFewExamples("No tag is known to be wrong for any article. See `tags_complete` and `rejected`.")
    if len(articles) < MIN_ARTICLES or not (n_positive >= MIN_POSITIVES).any():
        raise TooFewExamples(
            f"{len(articles)} articles with {int((n_positive > 0).sum())} tags are too few to learn from: at least "
            f"{MIN_ARTICLES} articles and one tag with {MIN_POSITIVES} positives are needed."
        )


class Stack(NamedTuple):
    """From separators and naming to decision values: weights (n_tags, len(STACKING_FEATURES)) and intercepts (n_tags,)."""

    weights: np.ndarray
    intercepts: np.ndarray


# --- the whole --------------------------------------------------------------------------------------------------


def _dated_at(article: Article) -> str | None:
    """Return when an article counts as dated: as it says, or when it was tagged if its date was still ahead then."""
    if article.published_at is None:
        return None
    published_at = in_utc(article.published_at)
    return min(published_at, article.tagged_at or published_at)


def _separator(
    X: sparse.csr_matrix, known: np.ndarray, c: float, tolerance: float, seed: int
) -> tuple[np.ndarray, float]:
    """Fit one tag on the rows whose label is known; return its weights and its intercept."""
    use = known != UNKNOWN
    rows = X if use.all() else X[use]
    with config_context(
        assume_finite=True, skip_parameter_validation=True
    ):  # what was checked once, hundreds of fits see
        fitted = LinearSVC(C=c, tol=tolerance, random_state=seed).fit(rows, known[use])
    return fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0])


@dataclass
class _Fit:
    """One fitting, step by step; each step reads what the steps before it left."""

    articles: Sequence[Article]
    taxonomy: Taxonomy
    labels: np.ndarray
    settings: FitSettings
    track: Track
    blocks: Sequence[str] = ()

    def run(self) -> Fitted:
        self.corpus = read_corpus(
            self.articles, self.taxonomy, self.track, plain=self.settings.fast, blocks=self.blocks
        )
        if self.corpus.unreadable:
            self.articles, self.labels = [self.articles[row] for row in self.corpus.rows], self.labels[self.corpus.rows]
            _check(self.articles, self.labels)
        self.named = self.corpus.named
        large = self.corpus.X.nnz > LARGE_CORPUS
        most = N_FAST_FOLDS if self.settings.fast else N_LARGE_FOLDS if large else self.settings.n_folds
        self.n_folds = min(self.settings.n_folds, most)
        self.folds = make_folds(self.labels, self.corpus.groups, self.n_folds, self.settings.seed)
        separators = self._out_of_fold()
        if self.settings.fast:
            naming, (decision, stack) = no_naming(len(self.taxonomy.tags)), self._no_stack(separators)
        else:
            naming = fit_naming(self.named, self.labels, np.ones(len(self.labels), dtype=bool))
            decision, stack = self._stack(separators)
        return self._finish(decision, stack, naming)

    def _separators(self, inside: np.ndarray, tags: Sequence[int], what: str) -> tuple[np.ndarray, np.ndarray]:
        """Fit the separators of tags on the articles of a mask and on the tags' own names."""
        X = self.corpus.X[inside]
        own = np.zeros(0)
        if not self.settings.fast:
            X = sparse.vstack([X, self.corpus.names]).tocsr()
            own = np.where(np.array([bool(tag.aliases) for tag in self.taxonomy.tags]), 0, UNKNOWN)
        X.sort_indices()
        tolerance = TOLERANCE if not self.settings.fast else 10.0 * TOLERANCE
        jobs = []
        for tag in tags:
            of_names = own.copy()
            of_names[tag : tag + 1] = 1 if self.taxonomy.tags[tag].aliases else UNKNOWN
            known = np.concatenate([self.labels[inside, tag], of_names]).astype(np.int8)
            jobs.append((known, self.settings.c, tolerance, self.settings.seed))
        n_jobs = self.settings.n_jobs if X.nnz * len(tags) > FEW_VALUES else 1
        results = map_parts(_separator, X, jobs, n_jobs)
        weights = np.zeros((X.shape[1], len(tags)), dtype=np.float32)
        intercepts = np.zeros(len(tags))
        for column, (weight, intercept) in enumerate(self.track(results, len(tags), what)):
            weights[:, column], intercepts[column] = weight, intercept
        return weights, intercepts

    def _fittable(self, inside: np.ndarray, at_least: int) -> list[int]:
        labels = self.labels[inside]
        return np.flatnonzero(((labels == 1).sum(axis=0) >= at_least) & (labels == 0).any(axis=0)).tolist()

    def _out_of_fold(self) -> np.ndarray:
        """Return (n_articles, n_tags) separator values of articles held out; `n_inside` says how many positives taught."""
        values = np.zeros(self.labels.shape)
        self.n_inside = np.zeros(self.labels.shape, dtype=np.int32)
        for fold in range(self.n_folds):
            out = self.folds == fold
            if not out.any():
                continue
            tags = self._fittable(~out, 1)
            weights, intercepts = self._separators(~out, tags, f"fold {fold + 1} of {self.n_folds}")
            values[np.ix_(out, tags)] = self.corpus.X[out] @ weights.astype(np.float64) + intercepts
            self.n_inside[np.ix_(out, tags)] = (self.labels[~out][:, tags] == 1).sum(axis=0)
        return values

    def _no_stack(self, separators: np.ndarray) -> tuple[np.ndarray, Stack]:
        """Return the separators' own values as decision values, and the stack that makes them so.

        A tag without examples has no value of its own; its prior keeps it under every threshold.
        """
        fitted = self.n_inside > 0
        lowest = np.where(fitted, separators, np.inf).min(axis=0)
        decision = np.where(fitted, separators, np.where(np.isfinite(lowest), lowest, -UNHEARD))
        n = np.maximum(1, (self.labels == 1).sum(axis=0)).astype(np.float64)
        weights = np.zeros((len(n), len(STACKING_FEATURES)))
        weights[:, STACKING_FEATURES.index("classifier")] = (n + SHRINKAGE) / n
        weights[:, STACKING_FEATURES.index("examples")] = UNHEARD / np.log1p(n)
        return decision, Stack(weights, np.full(len(n), -UNHEARD))

    def _stack(self, separators: np.ndarray) -> tuple[np.ndarray, Stack]:
        """Return cross-fitted decision values, (n_articles, n_tags), and the stack fitted on all."""
        n_tags = self.labels.shape[1]
        naming = np.zeros(self.labels.shape)
        hidden = np.zeros(len(self.named.tags))
        for fold in range(self.n_folds):
            out = self.folds == fold
            model = fit_naming(self.named, self.labels, ~out)
            naming[out] = naming_logits(model, self.named, out, n_tags)
            pairs = out[self.named.articles]
            hidden[pairs] = model.pooled(self.named, pairs)
        features = stacking_features(separators, self.n_inside, naming)
        decision = np.zeros(self.labels.shape)
        for fold in range(self.n_folds):
            out = self.folds == fold
            stack = self._fit_stack(features, hidden, ~out)
            decision[out] = stacked_decision(features[out], stack.weights, stack.intercepts)
        return decision, self._fit_stack(features, hidden, np.ones(len(self.labels), dtype=bool))

    def _fit_stack(self, features: np.ndarray, hidden: np.ndarray, inside: np.ndarray) -> Stack:
        """Fit a pooled logistic regression for each kind over known pairs, and over named pairs as if without examples.

        A kind with few positives shares the fit over all tags.
        """
        weight = self._pair_weights((self.labels != UNKNOWN) & inside[:, None])
        kinds = np.array([tag.kind for tag in self.taxonomy.tags])
        every = np.ones(len(kinds), dtype=bool)
        pooled = self._fit_pooled(features, hidden, inside, weight, every)
        weights = np.tile(pooled[0], (len(kinds), 1))
        intercepts = np.full(len(kinds), pooled[1])
        for kind in sorted(set(kinds)):
            of_kind = kinds == kind
            n_positive = int((self.labels[inside][:, of_kind] == 1).sum())
            if n_positive >= MIN_KIND_POSITIVES and not of_kind.all():
                weights[of_kind], intercepts[of_kind] = self._fit_pooled(features, hidden, inside, weight, of_kind)
        return Stack(weights, intercepts)

    def _fit_pooled(
        self, features: np.ndarray, hidden: np.ndarray, inside: np.ndarray, weight: np.ndarray, tags: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Fit one logistic regression over the pairs of some tags; return its weights and intercept."""
        chosen = (weight > 0) & tags
        known = self.labels[self.named.articles, self.named.tags]
        alone = (
            inside[self.named.articles] & (known != UNKNOWN) & (self.named.categories >= HINTED) & tags[self.named.tags]
        )
        zeros = np.zeros((int(alone.sum()), 1))
        without = stacking_features(zeros, zeros, hidden[alone][:, None])[:, 0, :]
        X = np.concatenate([features[chosen], without])
        y = np.concatenate([self.labels[chosen] == 1, known[alone] == 1])
        weights = np.concatenate([weight[chosen], np.full(len(without), HIDDEN_WEIGHT)])
        mean, spread = X.mean(axis=0), X.std(axis=0) + 1e-9
        fitted = LogisticRegression(C=100.0, solver="newton-cholesky").fit(
            (X - mean) / spread, y, sample_weight=weights
        )
        coefficients = fitted.coef_[0] / spread
        return coefficients, float(fitted.intercept_[0] - coefficients @ mean)

    def _pair_weights(self, pairs: np.ndarray) -> np.ndarray:
        """Return a weight per pair, 0 for those left out: all where there is room, else a sample of the easy ones."""
        weight = pairs.astype(np.float64)
        n_pairs = int(pairs.sum())
        if n_pairs <= MAX_PAIRS:
            return weight
        hard = self.labels == 1
        hard[self.named.articles, self.named.tags] = True
        keep = MAX_PAIRS / n_pairs
        drawn = np.random.default_rng(self.settings.seed).random(pairs.shape) < keep
        return np.where(hard, weight, np.where(drawn, weight / keep, 0.0))

    def _finish(self, decision: np.ndarray, stack: Stack, naming: NamingModel) -> Fitted:
        labels = self.labels
        everywhere = np.ones(len(labels), dtype=bool)
        tags = self._fittable(everywhere, MIN_POSITIVES)
        weights, intercepts = self._separators(everywhere, tags, "fitting all tags")
        n_positive = np.zeros(labels.shape[1], dtype=np.int32)
        n_positive[tags] = (labels[:, tags] == 1).sum(axis=0)
        always_one = self._always_one()
        shrink, suggested = self._choose_shrink(decision, always_one)
        fitted = fit_thresholds(decision, labels)
        thresholds = fitted.shrunk(shrink)
        judged = suggested & (labels != UNKNOWN)
        calibration = fit_calibration(decision[judged], labels[judged] == 1)
        parameters = Parameters(
            weights=weights,
            separators=np.array(tags, dtype=np.int32),
            idf=self.corpus.idf,
            title_idf=self.corpus.title_idf,
            intercepts=intercepts,
            n_positive=n_positive,
            thresholds=thresholds,
            auto_thresholds=fit_auto_thresholds(decision, labels, suggested, self.folds, thresholds),
            pooled_threshold=fitted.pooled,
            naming_weights=naming.weights,
            naming_offsets=naming.offsets,
            naming_intercept=naming.intercept,
            nowhere_intercept=naming.nowhere,
            stack=stack.weights,
            stack_intercepts=stack.intercepts,
            calibration=calibration,
            always_one=always_one,
            language=self.corpus.language,
            blocks=self.blocks,
        )
        scores = calibrated(decision, calibration)
        held_out = HeldOut([article.id for article in self.articles], scores, suggested, labels)
        measured = evaluation.report(scores, suggested, labels, [tag.id for tag in self.taxonomy.tags], N_BOOTSTRAP)
        card = {"shrink": shrink} | self._card(parameters, measured)
        terms, title_terms = self.corpus.terms, self.corpus.title_terms
        model = TagModel(parameters, terms, title_terms, self.taxonomy, card=card, precedents=self._precedents())
        return Fitted(model, card, held_out)

    def _precedents(self) -> Precedents:
        if self.settings.fast:
            return no_precedents(len(self.taxonomy.tags))
        ids, published = zip(*((one.id, _dated_at(one)) for one in self.articles), strict=True)
        return keep_precedents(self.corpus.X[:, : len(self.corpus.terms)].tocsr(), self.labels == 1, ids, published)

    def _always_one(self) -> bool:
        """Whether every article of which all tags are known has one: then each is given at least one."""
        if self.settings.always_one is not None:
            return self.settings.always_one
        complete = (self.labels != UNKNOWN).all(axis=1)
        return bool(complete.any() and (self.labels[complete] == 1).any(axis=1).all())

    def _choose_shrink(self, decision: np.ndarray, always_one: bool) -> tuple[float, np.ndarray]:
        """Return the shrinkage of thresholds with the best sum of micro- and macro-F1, and what it would suggest."""
        of_others = [
            fit_thresholds(decision[self.folds != fold], self.labels[self.folds != fold])
            for fold in range(self.n_folds)
        ]
        tried = [(shrink, self._nested(decision, always_one, of_others, shrink)) for shrink in SHRINKS]
        return max(tried, key=lambda t: evaluation.micro_f1(t[1], self.labels) + evaluation.macro_f1(t[1], self.labels))

    def _nested(
        self, decision: np.ndarray, always_one: bool, of_others: Sequence[Thresholds], shrink: float
    ) -> np.ndarray:
        """Return what would be suggested with thresholds of the other folds: the honest estimate."""
        thresholds = np.stack([one.shrunk(shrink) for one in of_others])
        every = np.ones(len(self.taxonomy.tags), dtype=bool)
        return Choice(every, self.taxonomy.exclusive_kinds, always_one).suggested(decision, thresholds[self.folds])

    def _card(self, parameters: Parameters, cross_validation: dict[str, Any]) -> dict[str, Any]:
        n_positive = (self.labels == 1).sum(axis=0)
        n_negative = (self.labels == 0).sum(axis=0)
        fitted = set(parameters.separators.tolist())
        tags = [
            {
                "tag": tag.id,
                "positives": int(p),
                "negatives": int(n),
                "separator": position in fitted,
                "auto": bool(np.isfinite(parameters.auto_thresholds[position])),
            }
            for position, (tag, p, n) in enumerate(zip(self.taxonomy.tags, n_positive, n_negative, strict=True))
        ]
        return {
            "n_articles": len(self.articles),
            "n_tags": len(self.taxonomy.tags),
            "n_terms": len(parameters.idf),
            "n_title_terms": len(parameters.title_idf),
            "n_near_duplicates": int(len(self.corpus.groups) - len(np.unique(self.corpus.groups))),
            "taxonomy_version": self.taxonomy.version,
            "language": parameters.language,
            "always_one": parameters.always_one,
            "settings": asdict(self.settings),
            "n_folds": self.n_folds,
            "left_out": [row["tag"] for row in tags if not row["separator"]],
            "set_aside": self.corpus.unreadable.to_json(),
            "few_negatives": [tag.id for tag, n in zip(self.taxonomy.tags, n_negative, strict=True) if n < 20],
            "tags": tags,
            "cross_validation": cross_validation,
        }
