"""Examples -> TagModel: TF-IDF, one linear classifier per tag, the stacking model, thresholds and calibration.

Thresholds, calibration and the stacking model are learned from out-of-fold values. All choices are made by
cross-validation on the examples, and the same examples give the same arrays in any order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from classifier.domain.articles import Article
from classifier.domain.dates import in_utc
from classifier.domain.progress import Track, untracked
from classifier.domain.sentences import FITTING
from classifier.domain.snapshots import CrossValidated
from classifier.domain.taxonomy import Taxonomy
from classifier.gate.languages import language_rows, learned_languages
from classifier.model import evaluation
from classifier.model.parameters import Parameters
from classifier.model.precedents import Precedents, keep_precedents, no_precedents
from classifier.model.tag_model import TagModel
from classifier.training.aboutness import Aboutness, fit_aboutness, no_aboutness
from classifier.training.held_out_tags import hold_out_tags, nothing_held_out
from classifier.training.linear_classifiers import LinearClassifiers, fitting_beside, out_of_fold
from classifier.training.pair_arrays import count
from classifier.training.settings import FitSettings
from classifier.training.stacking import Stacked, classifiers_alone, stack
from classifier.training.thresholds import Suggesting, fit_suggesting
from classifier.training.training_set import MIN_POSITIVES, TrainingSet, read_training_set

N_BOOTSTRAP = 200  # draws for the intervals of the card
FEW_NEGATIVES = 20  # a tag with fewer is named in the card


class HeldOut(NamedTuple):
    """The judgements on each article by models that have not learned from it, in the order of the ids."""

    ids: list[str]
    scores: np.ndarray  # (n_articles, n_tags) float32
    suggested: np.ndarray  # (n_articles, n_tags) bool
    labels: np.ndarray  # (n_articles, n_tags) int8
    folds: np.ndarray  # (n_articles,) int8
    languages: list[str | None]


class Fitted(NamedTuple):
    """A fitted model, its card, and the judgements of its cross-validation."""

    model: TagModel
    card: dict[str, Any]
    held_out: HeldOut

    @property
    def validated(self) -> dict[str, CrossValidated]:
        """The judgement of each article's tags, as a snapshot keeps it, by the id of the article."""
        ids, held_out = np.array([tag.id for tag in self.model.taxonomy.tags], dtype=object), self.held_out
        rows = zip(held_out.ids, held_out.folds.tolist(), held_out.suggested, strict=True)
        return {article_id: CrossValidated(fold, tuple(sorted(ids[tags]))) for article_id, fold, tags in rows}


def fit(
    articles: Sequence[Article],
    taxonomy: Taxonomy | None = None,
    settings: FitSettings | None = None,
    track: Track = untracked,
    blocks: Sequence[str] = (),
    timeless: Collection[str] = (),
    passing: Collection[tuple[str, str]] = (),
    kept_folds: Mapping[str, int] | None = None,
) -> Fitted:
    """Fit a model to articles with known tags. Raises `TooFewExamples` if there is not enough to learn from.

    Without a taxonomy the tags are those of the articles. Articles that cannot be read are named under `set_aside` of the
    card. `blocks` are the folded texts of repeated blocks, which are left out. `timeless` are the ids of articles whose dates
    say nothing of the desk's habits, as those of the starter articles. `passing` are the
    pairs of article id and tag id that editors rejected as passing mentions. `kept_folds` are the folds that articles had in
    an earlier fitting, by id. `track` shows the progress of the long loops.
    """
    settings, timeless = settings or FitSettings(), frozenset(timeless)
    # The matrices have few columns: threads of BLAS would wait for each other, and change the last bits of sums.
    with threadpool_limits(1):
        data = read_training_set(articles, taxonomy, settings, track, sorted(blocks), timeless, passing, kept_folds)
        with fitting_beside(data, MIN_POSITIVES, track, FITTING) as classifiers:
            validated = out_of_fold(data, track)
            stacked = classifiers_alone(data, validated) if data.settings.fast else stack(data, validated)
            held_out = nothing_held_out(data) if data.settings.fast else hold_out_tags(data, stacked.stacking)
            suggesting = fit_suggesting(data, stacked.decision, held_out)
            aboutness = no_aboutness() if settings.fast else fit_aboutness(data, stacked.decision, suggesting)
            return joined(data, classifiers(), stacked, suggesting, aboutness, sorted(blocks))


def cross_validated_micro_f1(
    articles: Sequence[Article], taxonomy: Taxonomy, settings: FitSettings, track: Track = untracked
) -> float:
    """Return the micro-F1 of the cross-validation of a fast `fit`, without fitting the model itself. Raises as `fit` does."""
    with threadpool_limits(1):
        data = read_training_set(articles, taxonomy, replace(settings, fast=True), track)
        decision = classifiers_alone(data, out_of_fold(data, track)).decision
        suggesting = fit_suggesting(data, decision, nothing_held_out(data))
        return evaluation.micro_f1(suggesting.suggested, data.labels)


def joined(
    data: TrainingSet,
    classifiers: LinearClassifiers,
    stacked: Stacked,
    suggesting: Suggesting,
    aboutness: Aboutness,
    blocks: Sequence[str],
) -> Fitted:
    """Return a model that joins what the steps have learned, with its card."""
    parameters = _parameters(data, classifiers, stacked, suggesting, aboutness, blocks)
    scores, kinds = suggesting.scores, [tag.kind for tag in data.taxonomy.tags]
    ids, languages = [article.id for article in data.articles], data.corpus.languages
    held_out = HeldOut(ids, scores, suggesting.suggested, data.labels, data.folds, languages)
    tag_ids = [tag.id for tag in data.taxonomy.tags]
    measured = evaluation.report(scores, suggesting.suggested, data.labels, tag_ids, N_BOOTSTRAP, kinds)
    measured["auto_lacks"] = dict(zip(tag_ids, suggesting.auto.lacking.tolist(), strict=True))
    card = {"shrink": suggesting.shrinkage, "aboutness": aboutness.card}
    card["languages"] = language_rows(suggesting.suggested, data.labels, languages)
    card |= _card(data, parameters, measured)
    terms, title_terms = data.corpus.terms, data.corpus.title_terms
    model = TagModel(parameters, terms, title_terms, data.taxonomy, card=card, precedents=_precedents(data))
    return Fitted(model, card, held_out)


def _parameters(
    data: TrainingSet,
    classifiers: LinearClassifiers,
    stacked: Stacked,
    suggesting: Suggesting,
    aboutness: Aboutness,
    blocks: Sequence[str],
) -> Parameters:
    n_positive = np.zeros(data.labels.shape[1], dtype=np.int32)
    n_positive[classifiers.tags] = count(data.labels, 1)[classifiers.tags]
    return Parameters(
        weights=classifiers.weights,
        separators=np.array(classifiers.tags, dtype=np.int32),
        idf=data.corpus.idf,
        title_idf=data.corpus.title_idf,
        intercepts=classifiers.intercepts,
        n_positive=n_positive,
        thresholds=suggesting.thresholds,
        auto_thresholds=suggesting.auto.thresholds,
        pooled_threshold=suggesting.pooled_threshold,
        naming_weights=stacked.mentions.weights,
        naming_offsets=stacked.mentions.offsets,
        naming_intercept=stacked.mentions.intercept,
        nowhere_intercept=stacked.mentions.nowhere,
        stack=stacked.stacking.weights,
        stack_intercepts=stacked.stacking.intercepts,
        recency_weights=stacked.stacking.recency,
        usual_rates=stacked.rates.usual,
        recent_rates=stacked.rates.recent,
        half_life=stacked.rates.half_life,
        calibration=suggesting.calibration,
        aboutness_weights=aboutness.weights,
        aboutness_intercepts=aboutness.intercepts,
        curves=suggesting.curves,
        alias_curves=suggesting.alias_curves,
        alias_thresholds=suggesting.alias_thresholds,
        always_one=data.always_one,
        language=data.corpus.language,
        blocks=blocks,
        stem=data.corpus.stem,
        learned=learned_languages(data.corpus.languages),
    )


def _precedents(data: TrainingSet) -> Precedents:
    if data.settings.fast:
        return no_precedents(len(data.taxonomy.tags))
    ids, dates = [article.id for article in data.articles], []
    for article in data.articles:  # when it was published, or when it was tagged if that was earlier
        published_at = in_utc(article.published_at) if article.published_at is not None else None
        dates.append(min(published_at, article.tagged_at or published_at) if published_at is not None else None)
    return keep_precedents(data.corpus.X[:, : len(data.corpus.terms)].tocsr(), data.labels == 1, ids, dates)


def _card(data: TrainingSet, parameters: Parameters, cross_validation: dict[str, Any]) -> dict[str, Any]:
    n_positive, n_negative = (count(data.labels, label).tolist() for label in (1, 0))
    fitted = set(parameters.separators.tolist())
    tags = data.taxonomy.tags
    return {
        "n_articles": len(data.articles),
        "n_tags": len(tags),
        "n_terms": len(parameters.idf),
        "n_title_terms": len(parameters.title_idf),
        "n_near_duplicates": int(len(data.corpus.groups) - len(np.unique(data.corpus.groups))),
        "taxonomy_version": data.taxonomy.version,
        "language": parameters.language,
        "stem": parameters.stem,
        "always_one": parameters.always_one,
        "settings": asdict(data.settings),
        "n_folds": data.n_folds,
        "left_out": [tag.id for number, tag in enumerate(tags) if number not in fitted],
        "set_aside": data.corpus.unreadable.to_json(),
        "few_negatives": [tag.id for tag, n in zip(tags, n_negative, strict=True) if n < FEW_NEGATIVES],
        "tags": [
            {
                "tag": tag.id,
                "positives": n_positive[number],
                "negatives": n_negative[number],
                "separator": number in fitted,
                "auto": bool(np.isfinite(parameters.auto_thresholds[number])),
            }
            for number, tag in enumerate(tags)
        ],
        "cross_validation": cross_validation,
    }
