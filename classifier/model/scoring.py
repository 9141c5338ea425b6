"""Articles -> decision values, scores and suggestions, with all that an explanation needs."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import TextLanguage
from classifier.model.calibration import calibrated
from classifier.model.decision import Choice, Doubts, StackingModel
from classifier.model.parameters import Parameters
from classifier.model.surface_forms import SurfaceForms
from classifier.model.unlearned import has_names, least_if_repeated, of_names
from classifier.model.voices import Spoken, Voices
from classifier.model.weights import reader_of
from classifier.text.fields import ReadText
from classifier.text.mention_features import HINTED, NOWHERE, MentionFeatures, MentionWeights
from classifier.text.once import once
from classifier.text.reading import ArticleReader, Reading, is_unlearned, kept_reader, seen_language
from classifier.text.stems import STEMS
from classifier.text.term_rows import CountedTerms, TermRows

TITLE_WEIGHT = 0.5
COMMON_IDF = np.log(4.0) + 1.0  # terms up to it are in more than a quarter of the articles, and inform of nothing


class Scored(NamedTuple):
    """Values of some articles over all tags, with what is needed to take them apart again."""

    terms: CountedTerms
    tf_idf: np.ndarray  # (n_rows,) values of the terms that occur, article after article
    named: MentionFeatures
    classifier: np.ndarray  # (n_articles, n_fitted), values of the linear classifiers
    mentions: np.ndarray  # (n_articles, n_tags), the logits by the mentions alone
    decision: np.ndarray  # (n_articles, n_tags)
    is_foreign: np.ndarray  # (n_articles,) bool, whether it is in a language that the model has not learned


@dataclass(frozen=True)
class ScoredArticle:
    """One article with its values: what its suggestions and explanations are made from."""

    article: Article
    reading: Reading
    scored: Scored  # of this article alone
    is_informative: np.ndarray  # (n_rows,) bool, which of its terms are not common ones

    @once
    def surface_forms(self) -> SurfaceForms:
        """The surface forms of the article's terms."""
        return SurfaceForms(self.reading.text, self.scored.terms, self.is_informative)

    @once
    def categories(self) -> dict[int, int]:
        """Where the article names the tags that it names (see `mention_features.CATEGORIES`)."""
        named = self.scored.named
        return dict(zip(named.tags.tolist(), named.categories.tolist(), strict=True))

    def category(self, tag: int) -> int:
        """Return where the article names a tag."""
        return self.categories.get(tag, NOWHERE)


class Scorer:
    """The parameters of a model, made ready to score articles. Safe to share between threads."""

    def __init__(
        self, parameters: Parameters, terms: Sequence[str], title_terms: Sequence[str], taxonomy: Taxonomy
    ) -> None:
        self.parameters = parameters
        self.reader = kept_reader(taxonomy, tuple(parameters.blocks))
        self.n_terms = len(terms)
        self._rows = TermRows(terms, title_terms, STEMS[parameters.stem])
        self._weights = reader_of(parameters.weights)
        self._idf = np.concatenate([parameters.idf, parameters.title_idf]).astype(np.float64)
        self._is_informative = np.concatenate([parameters.idf > COMMON_IDF, np.zeros(len(title_terms), dtype=bool)])
        self._mention_weights = MentionWeights(parameters.naming_weights, parameters.naming_intercept)
        # the mentions of a tag that is not named, (n_tags,)
        self.unnamed = parameters.nowhere_intercept + parameters.naming_offsets[:, NOWHERE]
        p = parameters
        self.stack = StackingModel(p.stack, p.stack_intercepts, p.n_positive, p.separators, p.recency)
        self.active = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
        self.choice = Choice(self.active, taxonomy.exclusive_kinds, parameters.always_one)
        self._voices = Voices({}, len(taxonomy.tags))  # nobody speaks for another tag, until `seen`
        self._taxonomy, self.is_of_names = taxonomy, False
        self._least_if_repeated: np.ndarray | None = None  # (n_tags,) mentions of a group that is named twice
        self.learned = frozenset(parameters.learned or filter(None, [parameters.language]))

    def seen(self, taxonomy: Taxonomy, parameters: Parameters, voices: Voices, reader: ArticleReader) -> Self:
        """Return a scorer of the same linear classifiers for other tags, whose names a reader finds."""
        scorer, p = copy(self), parameters
        for computed in ("column", "threshold_scores", "of_names"):
            vars(scorer).pop(computed, None)
        scorer.parameters, scorer.reader, scorer._voices, scorer._taxonomy = parameters, reader, voices, taxonomy
        scorer.unnamed = p.nowhere_intercept + p.naming_offsets[:, NOWHERE]
        scorer.stack = StackingModel(p.stack, p.stack_intercepts, p.n_positive, p.separators, p.recency)
        scorer.active = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
        scorer.choice = Choice(scorer.active, taxonomy.exclusive_kinds, p.always_one)
        return scorer

    def spoken(self, decision: np.ndarray) -> Spoken:
        """Return the values of tags from their own decision values, (n_articles, n_tags)."""
        scores = self.scores(decision)
        if not self._voices:
            return Spoken(decision, scores)
        return self._voices.spoken(decision, scores, self.parameters.thresholds)

    def with_recency(self, recency: np.ndarray) -> Self:
        """Return a scorer with the same parameters to which the recent rates add something else, (n_tags,) float64."""
        scorer = copy(self)
        scorer.stack = self.stack.with_recency(recency)
        return scorer

    @cached_property
    def of_names(self) -> Self:
        """The scorer of texts in other languages than those that were learned: see `unlearned`."""
        parameters = of_names(self.parameters)
        scorer = self.seen(self._taxonomy, parameters, self._voices, self.reader)
        scorer._weights, scorer.is_of_names = reader_of(parameters.weights), True
        scorer.active = scorer.active & has_names(self._taxonomy)
        scorer.choice = replace(scorer.choice, active=scorer.active)
        least = least_if_repeated(parameters.thresholds, self._taxonomy, self._voices.heir_of)
        scorer._least_if_repeated = scorer.stack.mentions_at(least)
        return scorer

    @cached_property
    def column(self) -> dict[int, int]:
        """The column of the weights of each tag that has a linear classifier."""
        return {int(tag): column for column, tag in enumerate(self.parameters.separators)}

    @cached_property
    def threshold_scores(self) -> np.ndarray:
        """The thresholds as scores, (n_tags,) float64."""
        return self.scores(self.parameters.thresholds)

    def scores(self, decision: np.ndarray) -> np.ndarray:
        """Return the scores of decision values, (…, n_tags)."""
        return calibrated(decision, self.parameters.curves)

    def score_article(self, article: Article, reading: Reading | None = None) -> ScoredArticle:
        """Return one article with its values."""
        reading = reading or self.reader.read(article)
        scored = self.score([reading])
        return ScoredArticle(article, reading, scored, self._is_informative[scored.terms.rows])

    def score(self, readings: Sequence[Reading]) -> Scored:
        """Return the values of articles over all tags."""
        p = self.parameters
        terms = self._rows.find([reading.text for reading in readings])
        tf_idf = self._tf_idf(terms)
        classifier = np.empty((len(readings), len(p.separators)))
        for row, (begin, end) in enumerate(pairwise(terms.begins.tolist())):
            classifier[row] = self._weights.sums(terms.rows[begin:end], tf_idf[begin:end])
        classifier += p.intercepts
        named = self.reader.mention_features(readings)
        mentions = np.repeat(self.unnamed[None], len(readings), axis=0)
        if len(named.tags):
            offsets = p.naming_offsets[named.tags, named.categories]
            logits = self._mention_weights.logits(named.kinds, named.shared) + offsets
            if self._least_if_repeated is not None:
                least = self._least_if_repeated[named.tags]
                logits = np.where(named.repeated_groups, np.maximum(logits, least), logits)
            mentions[named.articles, named.tags] = logits
        decision = self.stack.decision(classifier, mentions)
        return Scored(terms, tf_idf, named, classifier, mentions, decision, self._are_foreign(readings, terms))

    def _are_foreign(self, readings: Sequence[Reading], terms: CountedTerms) -> np.ndarray:
        """Return which articles are in languages that the model has not learned, (n_articles,) bool."""
        if self.is_of_names:
            return np.ones(len(readings), dtype=bool)
        pairs = zip(readings, terms.n_known.tolist(), terms.n_terms.tolist(), strict=True)
        return np.array([self.is_foreign(reading.text, *known) for reading, *known in pairs], dtype=bool)

    def language_of(self, scored: ScoredArticle) -> TextLanguage:
        """Return the language of one article."""
        text, terms = scored.reading.text, scored.scored.terms
        code, is_other = seen_language(text, self.learned, terms.n_known.item(), terms.n_terms.item())
        return {"code": code, "learned": not is_other, "told": text.told is not None}

    def is_foreign(self, text: ReadText, n_known: float, n_terms: float) -> bool:
        """Whether a text is in a language that the model has not learned, if it is known what that has learned."""
        return bool(self.learned) and is_unlearned(text, self.learned, n_known, n_terms)

    def decisions(self, readings: Sequence[Reading]) -> np.ndarray:
        """Return the decision values of articles, (n_articles, n_tags) float64, NaN where the words are not to be trusted."""
        scored = self.score(readings)
        doubts = self._doubts(readings, scored)
        scored.decision[doubts.is_silent | doubts.is_foreign] = np.nan
        return scored.decision

    def _tf_idf(self, terms: CountedTerms) -> np.ndarray:
        """Return the TF-IDF values of the terms that occur, (n_rows,) float64; each of the two views has its own norm."""
        values: np.ndarray = (1.0 + np.log(terms.counts)) * self._idf[terms.rows]
        view = 2 * terms.text_of_row + (terms.rows >= self.n_terms)
        norms = np.sqrt(np.bincount(view, values * values, minlength=2 * len(terms.n_terms)))
        norms[1::2] /= TITLE_WEIGHT
        values /= norms[view]
        return values

    def suggested(
        self, readings: Sequence[Reading], scored: Scored, spoken: Spoken
    ) -> tuple[np.ndarray, list[str | None]]:
        """Return which tags to suggest, (n_articles, n_tags) bool, and the reason where there is none."""
        doubts = self._doubts(readings, scored)
        suggested = self.chosen(spoken, doubts)
        reasons: list[str | None] = [None] * len(readings)
        for row in np.flatnonzero(~suggested.any(axis=1)).tolist():
            doubt = "language" if doubts.is_foreign[row] else "below_threshold"
            reasons[row] = "empty" if doubts.is_silent[row] else doubt
        return suggested, reasons

    def split_tags(self, reading: Reading, scored: Scored) -> list[int]:
        """Return the tags that were split and that one article would get if they were not."""
        if not self._voices.split:
            return []
        is_split = np.isin(np.arange(len(self.active)), list(self._voices.split))
        whole = Choice(is_split, (), always_one=False)
        passed = whole.suggested(scored.decision, self.parameters.thresholds, self._doubts([reading], scored))
        return [int(tag) for tag in np.flatnonzero(passed[0])]

    def parts_of(self, tag: int) -> Sequence[int]:
        """Return the tags into which a tag was split."""
        return self._voices.split.get(tag, ())

    def by_heir(self, counts: Mapping[int, int]) -> Mapping[int, int]:
        """Return counts of tags, each under the tag for which it speaks."""
        if not self._voices:
            return counts
        sums: dict[int, int] = {}
        for tag, n in counts.items():
            heir = int(self._voices.heir_of[tag])
            sums[heir] = sums.get(heir, 0) + n
        return sums

    def choose(self, decision: np.ndarray) -> np.ndarray:
        """Return which tags decision values suggest, (n_articles, n_tags) bool."""
        return self.chosen(self.spoken(decision) if self._voices else Spoken(decision, decision))

    def chosen(self, spoken: Spoken, doubts: Doubts | None = None) -> np.ndarray:
        """Return which tags to suggest, (n_articles, n_tags) bool."""
        return self.choice.suggested(spoken.decision, spoken.of_voice(self.parameters.thresholds), doubts)

    def _doubts(self, readings: Sequence[Reading], scored: Scored) -> Doubts:
        terms, named, foreign = scored.terms, scored.named, scored.is_foreign
        written_out = np.zeros(scored.decision.shape, dtype=bool)
        if foreign.any():
            names = named.categories > HINTED
            written_out[named.articles[names], self._voices.heir_of[named.tags[names]]] = True
        is_silent = terms.n_known >= terms.n_terms
        if is_silent.any():
            is_silent &= np.bincount(terms.text_of_row, self._is_informative[terms.rows], minlength=len(readings)) == 0
        return Doubts(is_silent, foreign, written_out)

    def term_weights(self, tags: Sequence[int], scored: Scored, places: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return what terms of one article add to the decision values of tags, (n_tags, n): all, or those at some places."""
        rows, tf_idf = scored.terms.rows[places], scored.tf_idf[places]
        if not self.column:
            return np.zeros((len(tags), len(rows)))
        columns = np.array([self.column.get(tag, -1) for tag in tags])
        slopes = np.where(columns < 0, 0.0, self.stack.slope[columns])
        return np.asarray(slopes[:, None] * tf_idf * self._weights.of_columns(rows, columns).T)
