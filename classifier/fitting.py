"""Examples -> TagModel: TF-IDF, one linear separator per tag, out-of-fold scores, one pooled stack, thresholds.

Thresholds, calibration and the stack are learned from scores of articles that the scorer has not seen. Whatever is
chosen here is chosen by cross-validation on the examples given; the same examples give the same arrays in any order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from scipy.stats import beta
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from classifier import evaluation
from classifier.aboutness import CATEGORIES, FEATURES, HINTED, NOWHERE, Naming, NamingWeights, crossed
from classifier.articles import Article
from classifier.duplicates import group_near_duplicates
from classifier.errors import TooFewExamples
from classifier.examples import UNKNOWN, labels_of
from classifier.mentions import ReadText, read_text
from classifier.model import TITLE_WEIGHT, Parameters, TagModel
from classifier.reading import ArticleReader, Reading, is_english
from classifier.stack import calibrated, one_of_each_kind, sigmoid, stack_decision, stack_features
from classifier.taxonomy import Taxonomy, taxonomy_of
from classifier.terms import text_terms, title_terms

MIN_ARTICLES = 10
MIN_POSITIVES = 2  # a tag with fewer has no separator
KAPPA = 4.0  # examples that the average over tags counts for where a tag's own naming is learned
SHRINKS = (1.0, 3.0, 8.0, 20.0)  # positives that the pooled threshold may count for; cross-validation chooses
REACH = 3.0  # how far, in decision values, a tag's own threshold may lie from the pooled one
MIN_KIND_POSITIVES = 200  # a kind with fewer shares the stack of all tags
HIDDEN_WEIGHT = 0.05  # of a pair whose tag is treated as if it had no examples
MAX_PAIRS = 1_500_000  # easy pairs beyond this are sampled and weighted
AUTO_PRECISION = 0.95
AUTO_ERROR = 0.05  # one-sided


@dataclass(frozen=True)
class FitSettings:
    """How to fit; the defaults are the product."""

    seed: int = 0
    n_folds: int = 5
    c: float = 1.0
    n_jobs: int = -1
    always_one: bool | None = None  # None: learned from the examples


class Fitted(NamedTuple):
    """A fitted model and what cross-validation says of it."""

    model: TagModel
    card: dict[str, Any]


Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def untracked(things: Iterable[Any], total: int, what: str) -> Iterable[Any]:
    """Show no progress."""
    return things


def fit(
    articles: Sequence[Article],
    taxonomy: Taxonomy | None = None,
    settings: FitSettings | None = None,
    track: Track = untracked,
) -> Fitted:
    """Fit a model to articles with known tags.

    Without a taxonomy the tags are those of the articles. `track` is handed the long loops, to show progress.

    Raises:
        TooFewExamples: if there is not enough to learn from, or two articles have one id.
    """
    settings = settings or FitSettings()
    articles = sorted(articles, key=lambda article: article.id)
    taxonomy = taxonomy or taxonomy_of(tag for article in articles for tag in article.tags or ())
    labels = labels_of(articles, taxonomy)
    _check(articles, labels)
    return _Fit(articles, taxonomy, labels, settings, track).run()


def _check(articles: Sequence[Article], labels: np.ndarray) -> None:
    for before, after in itertools.pairwise(articles):
        if before.id == after.id:
            raise TooFewExamples(f"Two articles have the id {after.id!r}. Give each its own.")
    n_positive = (labels == 1).sum(axis=0)
    if len(articles) < MIN_ARTICLES or not (n_positive >= MIN_POSITIVES).any():
        raise TooFewExamples(
            f"{len(articles)} articles with {int((n_positive > 0).sum())} tags are too few to learn from: at least "
            f"{MIN_ARTICLES} articles and one tag with {MIN_POSITIVES} positives are needed."
        )


# --- folds ------------------------------------------------------------------------------------------------------


def make_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Return a fold for each article, (n_articles,) int8: groups stay whole, and each tag is spread evenly.

    Iterative stratification (Sechidis et al. 2011) over groups: the rarest tag is dealt first, each of its groups to
    the fold that has fewest of it.
    """
    n_groups = int(groups.max()) + 1
    n_tags = labels.shape[1]
    positive = sparse.csr_matrix(labels == 1, dtype=np.float64)
    members = sparse.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(n_groups, len(groups)))
    by_group = (members @ positive).tocsr()
    by_tag = by_group.tocsc()
    sizes = np.bincount(groups, minlength=n_groups)
    order = np.random.default_rng(seed).permutation(n_groups)
    rank = np.empty(n_groups, dtype=np.int64)
    rank[order] = np.arange(n_groups)
    fold = np.full(n_groups, -1, dtype=np.int8)
    have, filled = np.zeros((n_folds, n_tags)), np.zeros(n_folds)

    def deal(group: int, tag: int | None) -> None:
        wanted = have[:, tag] if tag is not None else np.zeros(n_folds)
        chosen = min(range(n_folds), key=lambda f: (wanted[f], filled[f], f))
        fold[group] = chosen
        start, end = by_group.indptr[group], by_group.indptr[group + 1]
        have[chosen, by_group.indices[start:end]] += by_group.data[start:end]
        filled[chosen] += sizes[group]

    for tag in np.argsort(np.asarray(by_tag.sum(axis=0)).ravel(), kind="stable").tolist():
        with_tag = by_tag.indices[by_tag.indptr[tag] : by_tag.indptr[tag + 1]]
        for group in sorted(with_tag.tolist(), key=rank.__getitem__):
            if fold[group] < 0:
                deal(group, tag)
    for group in order.tolist():
        if fold[group] < 0:
            deal(group, None)
    folds: np.ndarray = fold[groups]
    return folds


# --- naming: the pooled aboutness model and what single tags add to it -------------------------------------------


class NamingModel(NamedTuple):
    """The pooled model over naming features and each tag's own offsets per category."""

    weights: np.ndarray
    intercept: float
    nowhere: float
    offsets: np.ndarray

    def pooled(self, named: Naming, use: np.ndarray) -> np.ndarray:
        """Return the logits that are shared by all tags, of the pairs of a mask."""
        return NamingWeights(self.weights, self.intercept).logits(named.kinds[use], named.shared[use])


def _fit_naming(named: Naming, labels: np.ndarray, inside: np.ndarray) -> NamingModel:
    """Fit on the articles of the mask `inside`.

    A tag's offset in a category is the logit of how often the category was right for it, shrunk with KAPPA to what
    the pooled model expects, less that expectation.
    """
    known = labels[named.articles, named.tags]
    use = inside[named.articles] & (known != UNKNOWN)
    tags, categories, right = named.tags[use], named.categories[use], known[use] == 1
    weights, intercept = np.zeros(len(FEATURES)), -1.0
    if right.any() and not right.all():
        fitted = LogisticRegression(C=1.0, solver="newton-cholesky").fit(
            crossed(named.shared[use], named.kinds[use]), right
        )
        weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    expected = sigmoid(NamingWeights(weights, intercept).logits(named.kinds[use], named.shared[use]))
    shape = (labels.shape[1], len(CATEGORIES))
    n, hits, sums = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for total, amount in ((n, 1.0), (hits, right), (sums, expected)):
        np.add.at(total, (tags, categories), amount)
    n[:, NOWHERE] = (labels[inside] != UNKNOWN).sum(axis=0) - n.sum(axis=1)
    hits[:, NOWHERE] = (labels[inside] == 1).sum(axis=0) - hits.sum(axis=1)
    nowhere = (hits[:, NOWHERE].sum() + 0.5) / (n[:, NOWHERE].sum() + 1.0)
    sums[:, NOWHERE] = n[:, NOWHERE] * nowhere
    usual = np.clip(np.divide(sums, n, out=np.full(shape, 0.5), where=n > 0), 1e-6, 1 - 1e-6)
    own = np.clip((hits + KAPPA * usual) / (n + KAPPA), 1e-6, 1 - 1e-6)
    return NamingModel(weights, intercept, float(_logit(nowhere)), np.where(n > 0, _logit(own) - _logit(usual), 0.0))


def _naming_logits(model: NamingModel, named: Naming, inside: np.ndarray, n_tags: int) -> np.ndarray:
    """Return (n_inside, n_tags) float64 for the articles of the mask."""
    row = np.cumsum(inside) - 1
    logits = np.tile(model.nowhere + model.offsets[:, NOWHERE], (int(inside.sum()), 1))
    use = inside[named.articles]
    rows, tags, categories = row[named.articles[use]], named.tags[use], named.categories[use]
    logits[rows, tags] = model.pooled(named, use) + model.offsets[tags, categories]
    return logits


class Stack(NamedTuple):
    """From separators and naming to decision values: weights (n_tags, len(STACK)) and intercepts (n_tags,)."""

    weights: np.ndarray
    intercepts: np.ndarray


def _logit(p: Any) -> Any:
    return np.log(p) - np.log1p(-np.asarray(p))


# --- thresholds -------------------------------------------------------------------------------------------------


def best_threshold(decision: np.ndarray, positive: np.ndarray) -> float:
    """Return the decision value with the best F1 for all at or above it; halfway to the next lower value."""
    if not positive.any():
        return float("inf")
    order = np.argsort(-decision, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + positive.sum())
    last = int(f1.argmax())
    at, below = decision[order[last]], decision[order[min(last + 1, len(order) - 1)]]
    return float((at + below) / 2.0)


def fit_thresholds(decision: np.ndarray, labels: np.ndarray, shrink: float) -> tuple[np.ndarray, float]:
    """Return a threshold per tag, (n_tags,), shrunk by n / (n + shrink) to the pooled one, and the pooled one.

    A tag's own best threshold counts no further than REACH from the pooled one: with a single positive that scored low
    it would be so low that everything passes.
    """
    known = labels != UNKNOWN
    pooled = best_threshold(decision[known], labels[known] == 1)
    thresholds = np.full(labels.shape[1], pooled)
    for tag in np.flatnonzero((labels == 1).any(axis=0)).tolist():
        use = known[:, tag]
        n = float((labels[use, tag] == 1).sum())
        own = best_threshold(decision[use, tag], labels[use, tag] == 1)
        thresholds[tag] = (n * np.clip(own, pooled - REACH, pooled + REACH) + shrink * pooled) / (n + shrink)
    return thresholds, pooled


def sure_threshold(decision: np.ndarray, positive: np.ndarray) -> float:
    """Return the lowest decision value at or above which precision is shown to be AUTO_PRECISION; inf if none is.

    Shown: the one-sided Clopper-Pearson lower bound (1934) reaches it.
    """
    order = np.argsort(-decision, kind="stable")
    n = np.arange(1, len(order) + 1)
    hits = np.cumsum(positive[order])
    with np.errstate(invalid="ignore"):
        bound = np.where(hits > 0, beta.ppf(AUTO_ERROR, hits, n - hits + 1), 0.0)
    good = np.flatnonzero(bound >= AUTO_PRECISION)
    return float(decision[order[good[-1]]]) if len(good) else float("inf")


def fit_auto_thresholds(
    decision: np.ndarray, labels: np.ndarray, folds: np.ndarray, at_least: np.ndarray
) -> np.ndarray:
    """Return the auto threshold per tag, (n_tags,): chosen on the other folds, and shown on the fold held out."""
    thresholds = np.full(labels.shape[1], np.inf)
    known = labels != UNKNOWN
    for tag in np.flatnonzero((labels == 1).sum(axis=0) >= 30).tolist():
        n = hits = 0
        for fold in np.unique(folds):
            out, rest = (folds == fold) & known[:, tag], (folds != fold) & known[:, tag]
            chosen = sure_threshold(decision[rest, tag], labels[rest, tag] == 1)
            passed = decision[out, tag] >= chosen
            n, hits = n + int(passed.sum()), hits + int((labels[out, tag][passed] == 1).sum())
        if hits and beta.ppf(AUTO_ERROR, hits, n - hits + 1) >= AUTO_PRECISION:
            use = known[:, tag]
            thresholds[tag] = max(sure_threshold(decision[use, tag], labels[use, tag] == 1), at_least[tag])
    return thresholds


def fit_calibration(decision: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Fit a logistic curve (Platt 1999) with one bend, at the median, to out-of-fold decision values of suggestions.

    A score is read off suggestions, so it is fitted on them: on three corpora that gave half the calibration error of a
    fit on all pairs near the threshold, and no worse likelihood than isotonic regression.
    """
    if right.sum() < 10 or (~right).sum() < 10:
        return np.array([0.0, 1.0, 0.0, 1.0])
    bend = float(np.median(decision))
    columns = np.stack([np.minimum(decision, bend), np.maximum(decision - bend, 0.0)], axis=1)
    fitted = LogisticRegression(C=10.0, solver="newton-cholesky").fit(columns, right)
    slope, behind = np.maximum(fitted.coef_[0], 0.05)  # a score never falls as the decision value rises
    return np.array([fitted.intercept_[0], slope, bend, behind])


# --- the whole --------------------------------------------------------------------------------------------------


def _separator(X: sparse.csr_matrix, known: np.ndarray, c: float, seed: int) -> tuple[np.ndarray, float]:
    """Fit one tag on the rows whose label is known; return its weights and its intercept."""
    use = known != UNKNOWN
    rows = X if use.all() else X[use]
    fitted = LinearSVC(C=c, random_state=seed).fit(rows, known[use])
    return fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0])


class _View:
    """TF-IDF over one way to take terms from an article; empty where no term stands in two articles."""

    def __init__(self, analyzer: Callable[[ReadText], list[str]], texts: Sequence[ReadText]) -> None:
        self._vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=2)
        self.terms: list[str] = []
        self.idf = np.zeros(0, dtype=np.float32)
        with suppress(ValueError):  # an empty vocabulary
            self._vectorizer.fit(texts)
            self.terms = self._vectorizer.get_feature_names_out().tolist()
            self.idf = self._vectorizer.idf_.astype(np.float32)

    def transform(self, texts: Sequence[ReadText]) -> sparse.csr_matrix:
        """Return (n_texts, n_terms) float64 CSR."""
        return self._vectorizer.transform(texts) if self.terms else sparse.csr_matrix((len(texts), 0))


@dataclass
class _Fit:
    """One fitting, step by step; each step reads what the steps before it left."""

    articles: Sequence[Article]
    taxonomy: Taxonomy
    labels: np.ndarray
    settings: FitSettings
    track: Track

    def run(self) -> Fitted:
        self.readings = self._read()
        self.named = ArticleReader(self.taxonomy).naming(self.readings)
        words = [[*r.text.title_words.spelling, *r.text.body_words.spelling] for r in self.readings]
        self.groups = group_near_duplicates(words)
        self.folds = make_folds(self.labels, self.groups, self.settings.n_folds, self.settings.seed)
        self._vectorize()
        separators = self._out_of_fold()
        naming_model = _fit_naming(self.named, self.labels, np.ones(len(self.labels), dtype=bool))
        decision, stack = self._stack(separators)
        return self._finish(decision, stack, naming_model)

    def _read(self) -> list[Reading]:
        reader = ArticleReader(self.taxonomy)
        return [reader.read(article) for article in self.track(self.articles, len(self.articles), "reading articles")]

    def _vectorize(self) -> None:
        """Make `X`, (n_articles, n_terms + n_title_terms) float64 CSR, and `names`, the rows of the tags' own names."""
        texts = [reading.text for reading in self.readings]
        names = [
            read_text(", ".join([tag.label, *(a.text for a in tag.aliases if not a.weak)]), "")
            for tag in self.taxonomy.tags
        ]
        self.text_view = _View(text_terms, texts)
        self.title_view = _View(title_terms, texts)
        if not self.text_view.terms:
            raise TooFewExamples("No word stands in two articles. Are the bodies empty?")
        self.X, self.names = (
            sparse.hstack([self.text_view.transform(some), TITLE_WEIGHT * self.title_view.transform(some)]).tocsr()
            for some in (texts, names)
        )

    def _separators(self, inside: np.ndarray, tags: Sequence[int], what: str) -> tuple[np.ndarray, np.ndarray]:
        """Fit the separators of tags on the articles of a mask and on the tags' own names."""
        X = sparse.vstack([self.X[inside], self.names]).tocsr()
        X.sort_indices()
        own = np.where(np.array([bool(tag.aliases) for tag in self.taxonomy.tags]), 0, UNKNOWN)
        jobs = []
        for tag in tags:
            of_names = own.copy()
            of_names[tag] = 1 if self.taxonomy.tags[tag].aliases else UNKNOWN
            known = np.concatenate([self.labels[inside, tag], of_names]).astype(np.int8)
            jobs.append(delayed(_separator)(X, known, self.settings.c, self.settings.seed))
        results = Parallel(n_jobs=self.settings.n_jobs, return_as="generator")(jobs)
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
        for fold in range(self.settings.n_folds):
            out = self.folds == fold
            if not out.any():
                continue
            tags = self._fittable(~out, 1)
            weights, intercepts = self._separators(~out, tags, f"fold {fold + 1} of {self.settings.n_folds}")
            values[np.ix_(out, tags)] = self.X[out] @ weights.astype(np.float64) + intercepts
            self.n_inside[np.ix_(out, tags)] = (self.labels[~out][:, tags] == 1).sum(axis=0)
        return values

    def _stack(self, separators: np.ndarray) -> tuple[np.ndarray, Stack]:
        """Return cross-fitted decision values, (n_articles, n_tags), and the stack fitted on all."""
        n_tags = self.labels.shape[1]
        naming = np.zeros(self.labels.shape)
        hidden = np.zeros(len(self.named.tags))
        for fold in range(self.settings.n_folds):
            out = self.folds == fold
            model = _fit_naming(self.named, self.labels, ~out)
            naming[out] = _naming_logits(model, self.named, out, n_tags)
            pairs = out[self.named.articles]
            hidden[pairs] = model.pooled(self.named, pairs)
        features = stack_features(separators, self.n_inside, naming)
        decision = np.zeros(self.labels.shape)
        for fold in range(self.settings.n_folds):
            out = self.folds == fold
            stack = self._fit_stack(features, hidden, ~out)
            decision[out] = stack_decision(features[out], stack.weights, stack.intercepts)
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
        without = stack_features(zeros, zeros, hidden[alone][:, None])[:, 0, :]
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
        thresholds, pooled = fit_thresholds(decision, labels, shrink)
        judged = suggested & (labels != UNKNOWN)
        calibration = fit_calibration(decision[judged], labels[judged] == 1)
        parameters = Parameters(
            weights=weights,
            separators=np.array(tags, dtype=np.int32),
            idf=self.text_view.idf,
            title_idf=self.title_view.idf,
            intercepts=intercepts,
            n_positive=n_positive,
            thresholds=thresholds,
            auto_thresholds=fit_auto_thresholds(decision, labels, self.folds, thresholds),
            pooled_threshold=pooled,
            naming_weights=naming.weights,
            naming_offsets=naming.offsets,
            naming_intercept=naming.intercept,
            nowhere_intercept=naming.nowhere,
            stack=stack.weights,
            stack_intercepts=stack.intercepts,
            calibration=calibration,
            always_one=always_one,
            language=self._language(),
        )
        card = {"shrink": shrink} | self._card(
            parameters,
            evaluation.report(
                calibrated(decision, calibration), suggested, labels, [tag.id for tag in self.taxonomy.tags], 200
            ),
        )
        return Fitted(TagModel(parameters, self.text_view.terms, self.title_view.terms, self.taxonomy, card=card), card)

    def _always_one(self) -> bool:
        """Whether every article of which all tags are known has one: then each is given at least one."""
        if self.settings.always_one is not None:
            return self.settings.always_one
        complete = (self.labels != UNKNOWN).all(axis=1)
        return bool(complete.any() and (self.labels[complete] == 1).any(axis=1).all())

    def _choose_shrink(self, decision: np.ndarray, always_one: bool) -> tuple[float, np.ndarray]:
        """Return the shrinkage of thresholds with the best sum of micro- and macro-F1, and what it would suggest."""
        tried = [(shrink, self._nested(decision, always_one, shrink)) for shrink in SHRINKS]
        return max(tried, key=lambda t: evaluation.micro_f1(t[1], self.labels) + evaluation.macro_f1(t[1], self.labels))

    def _nested(self, decision: np.ndarray, always_one: bool, shrink: float) -> np.ndarray:
        """Return what would be suggested with thresholds of the other folds: the honest estimate."""
        suggested = np.zeros(decision.shape, dtype=bool)
        for fold in range(self.settings.n_folds):
            out = self.folds == fold
            thresholds, _ = fit_thresholds(decision[~out], self.labels[~out], shrink)
            suggested[out] = decision[out] >= thresholds
        if always_one:
            suggested[np.arange(len(decision)), decision.argmax(axis=1)] |= ~suggested.any(axis=1)
        return one_of_each_kind(suggested, decision, self.taxonomy.exclusive_kinds)

    def _language(self) -> str | None:
        sample = self.readings[:: max(1, len(self.readings) // 50)]
        english = sum(is_english(f"{r.text.title}\n{r.text.body}") for r in sample)
        return "en" if english > 0.6 * len(sample) else None

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
            "n_near_duplicates": int(len(self.groups) - len(np.unique(self.groups))),
            "taxonomy_version": self.taxonomy.version,
            "language": parameters.language,
            "always_one": parameters.always_one,
            "settings": asdict(self.settings),
            "left_out": [row["tag"] for row in tags if not row["separator"]],
            "few_negatives": [tag.id for tag, n in zip(self.taxonomy.tags, n_negative, strict=True) if n < 20],
            "tags": tags,
            "cross_validation": cross_validation,
        }
