"""The training set: articles with known tags, read once and dealt into folds for cross-validation."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.dates import in_utc
from classifier.domain.examples import UNKNOWN, labels_of, read_through
from classifier.domain.progress import Track
from classifier.domain.sentences import FEW, NONE_WRONG, SAME_ID
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.errors import TooFewExamples
from classifier.texts import english
from classifier.training.corpus import Corpus, read_corpus
from classifier.training.folds import UNDEALT, make_folds
from classifier.training.pair_arrays import count
from classifier.training.settings import FitSettings

MIN_ARTICLES = 10
MIN_POSITIVES = 2  # a tag with fewer has no linear classifier
MIN_KIND_POSITIVES = 200  # a kind with fewer shares the stacking model of all tags
# Above so many values in the matrix three folds are as good as five, and take half the time.
LARGE_CORPUS = 10_000_000
N_LARGE_FOLDS = 3
N_FAST_FOLDS = 2


@dataclass(frozen=True)
class TrainingSet:
    """The articles of a fitting in the order of their ids, with everything that its steps share."""

    articles: Sequence[Article]
    taxonomy: Taxonomy
    labels: np.ndarray  # (n_articles, n_tags) int8
    corpus: Corpus
    folds: np.ndarray  # (n_articles,) int8, numbers below n_folds
    n_folds: int
    settings: FitSettings
    dates: Sequence[str | None]
    passing: frozenset[tuple[str, str]] = frozenset()  # (article id, tag id) that editors rejected as passing mentions

    @property
    def all_rows(self) -> np.ndarray:
        """The mask of all articles, (n_articles,) bool."""
        return np.ones(len(self.labels), dtype=bool)

    def held_out_masks(self) -> Iterator[np.ndarray]:
        """Yield the mask of the articles of each fold, (n_articles,) bool."""
        return (self.folds == fold for fold in range(self.n_folds))

    @cached_property
    def always_one(self) -> bool:
        """Whether every article gets at least one tag: as the settings say, else if all completely tagged articles have one.

        A tag that is younger than an article does not make its tags incomplete: else a new tag would decide for all.
        """
        if self.settings.always_one is not None:
            return self.settings.always_one
        articles = self.articles
        complete = np.array([a.tags is not None and a.tags_complete and not a.unknown for a in articles], dtype=bool)
        return bool(complete.any() and (self.labels[complete] == 1).any(axis=1).all())


def has_others(data: TrainingSet) -> np.ndarray:
    """Return whether other folds than one have positives of a tag, (n_folds, n_tags) bool."""
    in_fold = np.stack([count(data.labels, 1, out) for out in data.held_out_masks()])
    return np.asarray(in_fold.sum(axis=0) > in_fold)


def read_training_set(
    articles: Sequence[Article],
    taxonomy: Taxonomy | None,
    settings: FitSettings,
    track: Track,
    blocks: Sequence[str] = (),
    timeless: Collection[str] = (),
    passing: Collection[tuple[str, str]] = (),
    kept_folds: Mapping[str, int] | None = None,
) -> TrainingSet:
    """Deal the articles that can be read into folds. Raises `TooFewExamples`, also if two have the same id.

    The dates of the articles whose ids are `timeless` do not count. `passing` are (article id, tag id) of rejections as passing
    mentions. `kept_folds` are the folds that articles keep, by id.
    """
    articles = sorted(articles, key=lambda article: article.id)
    taxonomy = taxonomy or taxonomy_of(tag for article in articles for tag in article.tags or ())
    articles = [read_through(article, taxonomy) for article in articles]
    labels = labels_of(articles, taxonomy)
    labels[:, [tag.retired for tag in taxonomy.tags]] = UNKNOWN  # the tags in their place learn from them
    _check(articles, labels)
    corpus = read_corpus(articles, taxonomy, track, plain=settings.fast, blocks=blocks, n_jobs=settings.n_jobs)
    if corpus.unreadable:
        articles, labels = [articles[row] for row in corpus.rows], labels[corpus.rows]
        _check(articles, labels)
    most = N_LARGE_FOLDS if corpus.X.nnz > LARGE_CORPUS else settings.n_folds
    n_folds = min(settings.n_folds, N_FAST_FOLDS if settings.fast else most)
    kept = np.array([(kept_folds or {}).get(article.id, UNDEALT) for article in articles], dtype=np.int64)
    folds = make_folds(labels, corpus.groups, n_folds, settings.seed, kept)
    dates = [None if article.id in timeless else _date_of(article) for article in articles]
    return TrainingSet(articles, taxonomy, labels, corpus, folds, n_folds, settings, dates, frozenset(passing))


def _date_of(article: Article) -> str | None:
    return None if article.published_at is None else in_utc(article.published_at)


def _check(articles: Sequence[Article], labels: np.ndarray) -> None:
    for before, after in itertools.pairwise(articles):
        if before.id == after.id:
            raise TooFewExamples(english(SAME_ID, id=after.id))
    n_positive = (labels == 1).sum(axis=0)
    if len(articles) >= MIN_ARTICLES and not (labels == 0).any():
        raise TooFewExamples(NONE_WRONG)
    if len(articles) < MIN_ARTICLES or not (n_positive >= MIN_POSITIVES).any():
        n_tags = int((n_positive > 0).sum())
        raise TooFewExamples(english(FEW, n=len(articles), tags=n_tags, least=MIN_ARTICLES, positives=MIN_POSITIVES))
