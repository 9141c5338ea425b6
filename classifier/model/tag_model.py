"""TagModel: a fitted model as plain arrays, and what it says of an article. numpy only; this is the serving path.

The decision value of a tag is one sum, in float64: its terms, its mentions, a prior, and the tags that compete with it.
`explain` returns the parts of that sum with their places in the text; nothing is left unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import DIGITS, Answer, Explanation, Mention, Part, RemovedPart, Suggestion
from classifier.model.decision import Choice, Doubts, StackingModel, calibrated
from classifier.model.evidence import ForAndAgainst, Writings, mention_parts, strongest
from classifier.model.precedents import Precedents, no_precedents
from classifier.text.fields import BODY
from classifier.text.mention_features import HINTED, LEAD, NOWHERE, SCATTERED, Naming, NamingWeights
from classifier.text.reading import ArticleReader, Reading, is_foreign
from classifier.text.terms import FoundTerms, TermRows
from classifier.text.words import once

TITLE_WEIGHT = 0.5
N_EVIDENCE = 4
N_PRECEDENTS = 3
EVEN = 0.5  # the score at which a tag is as likely right as wrong
MAX_REMOVED = 200  # parts that an answer lists
MAX_SUMMED = 100_000  # words times tags, whose evidence is summed at once
FEW_KNOWN = 0.6  # a text with a smaller share of known terms may be in another language


@dataclass(frozen=True)
class Parameters:
    """Everything that fitting learned, as arrays over the tags of the taxonomy and the terms.

    weights: (n_terms + n_title_terms, n_separators) float32; separators: (n_separators,) int32, their tags;
    idf, title_idf: (n_terms,), (n_title_terms,) float32; intercepts: (n_separators,) float64;
    n_positive: (n_tags,) int32; thresholds, auto_thresholds: (n_tags,) float64, in decision values, inf for never;
    naming_weights: (len(FEATURES),) float64; naming_offsets: (n_tags, len(CATEGORIES)) float64;
    stack: (n_tags, len(STACKING_FEATURES)) float64, alike for the tags of a kind that has a stack of its own; stack_intercepts: (n_tags,) float64;
    calibration: (4,) float64.
    """

    weights: np.ndarray
    separators: np.ndarray
    idf: np.ndarray
    title_idf: np.ndarray
    intercepts: np.ndarray
    n_positive: np.ndarray
    thresholds: np.ndarray
    auto_thresholds: np.ndarray
    pooled_threshold: float
    naming_weights: np.ndarray
    naming_offsets: np.ndarray
    naming_intercept: float
    nowhere_intercept: float
    stack: np.ndarray
    stack_intercepts: np.ndarray
    calibration: np.ndarray
    always_one: bool
    language: str | None
    blocks: Sequence[str] = ()  # folded texts that stand on many pages of the site


class _Scored(NamedTuple):
    """Values of some articles over all tags, with what is needed to take them apart again."""

    terms: FoundTerms
    values: np.ndarray  # (n_rows,) TF-IDF values of the terms that occur, article after article
    named: Naming
    separator: np.ndarray  # (n_articles, n_separators)
    naming: np.ndarray  # (n_articles, n_tags)
    decision: np.ndarray  # (n_articles, n_tags)


@dataclass(frozen=True)
class _Read:
    """One article with all that was found in it: what its suggestions and explanations are made from."""

    article: Article
    reading: Reading
    scored: _Scored  # of this article alone
    telling: np.ndarray  # (n_rows,) bool, which of its terms are no common words

    @once
    def writings(self) -> Writings:
        """The words that write the article's terms."""
        return Writings(self.reading.text, self.scored.terms, self.telling)

    @once
    def categories(self) -> dict[int, int]:
        """Where the article names the tags that it names (see `aboutness.CATEGORIES`)."""
        named = self.scored.named
        return dict(zip(named.tags.tolist(), named.categories.tolist(), strict=True))

    def category(self, tag: int) -> int:
        """Return where the article names a tag."""
        return self.categories.get(tag, NOWHERE)


class TagModel:
    """A fitted model: suggests tags for an article and explains them. Safe to share between threads."""

    def __init__(
        self,
        parameters: Parameters,
        terms: Sequence[str],
        title_terms: Sequence[str],
        taxonomy: Taxonomy,
        version: str = "",
        card: dict[str, Any] | None = None,
        precedents: Precedents | None = None,
    ) -> None:
        self.parameters = parameters
        self.terms = terms
        self.title_terms = title_terms
        self.taxonomy = taxonomy
        self.version = version
        self.card = card or {}
        self.precedents = precedents or no_precedents(len(taxonomy.tags))
        self.reader = ArticleReader(taxonomy, parameters.blocks)
        self._rows = TermRows(terms, title_terms)
        self._weights = parameters.weights.view(
            np.ndarray
        )  # indexing through the memmap class costs three times as much
        self._idf = np.concatenate([parameters.idf, parameters.title_idf]).astype(np.float64)
        self._stack = StackingModel(
            parameters.stack, parameters.stack_intercepts, parameters.n_positive, parameters.separators
        )
        self._naming = NamingWeights(parameters.naming_weights, parameters.naming_intercept)
        self._unnamed = parameters.nowhere_intercept + parameters.naming_offsets[:, NOWHERE]
        # Words in more than a quarter of the articles say nothing alone.
        self._telling = np.concatenate([parameters.idf > np.log(4.0) + 1.0, np.zeros(len(title_terms), dtype=bool)])
        self._position = {tag.id: position for position, tag in enumerate(taxonomy.tags)}
        self._spelt: dict[int, frozenset[str]] = {}
        self._active = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
        self._choice = Choice(self._active, taxonomy.exclusive_kinds, parameters.always_one)

    @cached_property
    def _column(self) -> dict[int, int]:
        """The column of `weights` of a tag that has a separator."""
        return {int(tag): column for column, tag in enumerate(self.parameters.separators)}

    @cached_property
    def _threshold_scores(self) -> np.ndarray:
        """The thresholds as scores, (n_tags,) float64."""
        return calibrated(self.parameters.thresholds, self.parameters.calibration)

    # --- suggesting ---

    def suggest(self, article: Article, n_evidence: int = N_EVIDENCE) -> Answer:
        """Return what the model says of an article, with up to `n_evidence` places for and against each suggestion."""
        read = self._read(article)
        passed, reasons = self._choose([read.reading], read.scored)
        scores = calibrated(read.scored.decision[0], self.parameters.calibration)
        chosen = np.flatnonzero(passed[0]).tolist()
        order = sorted(chosen, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))
        best = {self.taxonomy.tags[tag].kind: tag for tag in reversed(order)}
        evidence = self._evidence(order, read, n_evidence)
        suggestions = [
            self._suggestion(tag, float(scores[tag]), read, own, tag in best.values())
            for tag, own in zip(order, evidence, strict=True)
        ]
        margin = float(np.abs(scores - self._threshold_scores)[self._active].min(initial=1.0))
        return Answer(
            self.version,
            self.taxonomy.version,
            suggestions,
            self._mentioned(read.reading, scores, set(order)),
            [],
            _removed_parts(read.reading),
            max(0, len(read.reading.removed) - MAX_REMOVED),
            reasons[0],
            margin,
        )

    def judge(self, articles: Sequence[Article]) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of all tags, (n_articles, n_tags) float64, and which are suggested, the same shape, bool."""
        readings = self.reader.read_all(articles)
        scored = self._score(readings)
        return calibrated(scored.decision, self.parameters.calibration), self._choose(readings, scored)[0]

    def rank(
        self, articles: Sequence[Article], n_tags: int | None = None, band: str = "suggest"
    ) -> list[list[tuple[str, float]]]:
        """Return (tag id, score) in falling order for each article.

        Those are what passed its threshold (of the band auto: what is sure enough for it), or the best `n_tags` whatever
        they are.
        """
        readings = self.reader.read_all(articles)
        scored = self._score(readings)
        scores = calibrated(scored.decision, self.parameters.calibration)
        if n_tags is None:
            passed = self._choose(readings, scored)[0]
            if band == "auto":
                passed &= scored.decision >= self.parameters.auto_thresholds
            rows, chosen = np.nonzero(passed)
        else:
            order = np.argsort(-scored.decision, axis=1, kind="stable")
            best = [row[self._active[row]][:n_tags] for row in order]
            rows = np.arange(len(best)).repeat(np.array([len(own) for own in best], dtype=np.int64))
            chosen = np.concatenate([np.zeros(0, dtype=np.int64), *best])
        found = zip(
            rows.tolist(),
            (-scored.decision[rows, chosen]).tolist(),
            [self.taxonomy.tags[tag].id for tag in chosen.tolist()],
            scores[rows, chosen].tolist(),
            strict=True,
        )
        ranked: list[list[tuple[str, float]]] = [[] for _ in articles]
        for row, _, tag_id, score in sorted(found):
            ranked[row].append((tag_id, score))
        return ranked

    def _read(self, article: Article, reading: Reading | None = None) -> _Read:
        reading = reading or self.reader.read(article)
        scored = self._score([reading])
        return _Read(article, reading, scored, self._telling[scored.terms.rows])

    def _score(self, readings: Sequence[Reading]) -> _Scored:
        p = self.parameters
        terms = self._rows.find([reading.text for reading in readings])
        values = self._tf_idf(terms)
        separator = np.empty((len(readings), len(p.separators)))
        for row, (begin, end) in enumerate(pairwise(terms.begins.tolist())):
            # float64 throughout: the parts of an explanation add up to the decision value to many digits.
            weights = self._weights.take(terms.rows[begin:end], axis=0, mode="clip").astype(np.float64)
            np.dot(values[begin:end], weights, out=separator[row])
        separator += p.intercepts
        named = self.reader.naming(readings)
        naming = np.repeat(self._unnamed[None], len(readings), axis=0)
        if len(named.tags):
            offsets = p.naming_offsets[named.tags, named.categories]
            naming[named.articles, named.tags] = self._naming.logits(named.kinds, named.shared) + offsets
        decision = self._stack.decision(separator, naming)
        return _Scored(terms, values, named, separator, naming, decision)

    def _tf_idf(self, terms: FoundTerms) -> np.ndarray:
        """Return the TF-IDF values of the terms that occur, (n_rows,) float64; each of the two views has its own norm."""
        values: np.ndarray = (1.0 + np.log(terms.counts)) * self._idf[terms.rows]
        view = 2 * terms.text_of_row + (terms.rows >= len(self.terms))
        norms = np.sqrt(np.bincount(view, values * values, minlength=2 * len(terms.n_terms)))
        norms[1::2] /= TITLE_WEIGHT
        values /= norms[view]
        return values

    def _choose(self, readings: Sequence[Reading], scored: _Scored) -> tuple[np.ndarray, list[str | None]]:
        """Return which tags to suggest, (n_articles, n_tags) bool, and the reason where there is none."""
        doubts = self._doubts(readings, scored)
        suggested = self._choice.suggested(scored.decision, self.parameters.thresholds, doubts)
        reasons: list[str | None] = [None] * len(readings)
        for row in np.flatnonzero(~suggested.any(axis=1)).tolist():
            doubt = "language" if doubts.is_foreign[row] else "below_threshold"
            reasons[row] = "empty" if doubts.is_silent[row] else doubt
        return suggested, reasons

    def _doubts(self, readings: Sequence[Reading], scored: _Scored) -> Doubts:
        """Return the reasons not to trust the words of some articles."""
        terms, named = scored.terms, scored.named
        foreign = np.zeros(len(readings), dtype=bool)
        if self.parameters.language == "en":
            for row in np.flatnonzero(terms.n_known <= FEW_KNOWN * terms.n_terms).tolist():
                foreign[row] = is_foreign(readings[row].text)
        written_out = np.zeros(scored.decision.shape, dtype=bool)
        names = named.categories > HINTED
        written_out[named.articles[names], named.tags[names]] = True
        telling = np.bincount(terms.text_of_row, self._telling[terms.rows], minlength=len(readings)) > 0
        return Doubts((terms.n_known >= terms.n_terms) & ~telling, foreign, written_out)

    def _evidence(self, tags: Sequence[int], read: _Read, n: int) -> list[ForAndAgainst]:
        """Return up to `n` pieces of evidence for each of some tags, and against it."""
        if not n or not tags:
            return [([], []) for _ in tags]
        entries, *_ = read.scored.terms.entries
        n_at_once = max(1, MAX_SUMMED // max(1, len(entries)))
        found = []
        for begin in range(0, len(tags), n_at_once):
            some = tags[begin : begin + n_at_once]
            sums = read.writings.sums(self._term_weights(some, read.scored))
            for tag, own in zip(some, sums, strict=True):
                parts = self._mention_parts(tag, read)
                found.append(strongest(read.writings, own, parts, self._names(tag), read.article, read.reading, n))
        return found

    def _names(self, tag: int) -> frozenset[str]:
        """Return how the names of a tag are spelt."""
        names = self._spelt.get(tag)
        if names is None:
            entry = self.taxonomy.tags[tag]
            names = self._spelt[tag] = frozenset(map(spell, (entry.label, *(alias.text for alias in entry.aliases))))
        return names

    def _suggestion(self, tag: int, score: float, read: _Read, evidence: ForAndAgainst, is_best: bool) -> Suggestion:
        """Return the suggestion of a tag; `is_best` says whether it is the surest of its kind."""
        p = self.parameters
        category = read.category(tag)
        is_named = category >= HINTED
        source = "alias" if p.n_positive[tag] == 0 else "model+alias" if is_named else "model"
        band = "auto" if read.scored.decision[0, tag] >= p.auto_thresholds[tag] else "suggest"
        aboutness = aboutness_of(score, category >= LEAD, is_best)
        entry = self.taxonomy.tags[tag]
        return Suggestion(entry.id, entry.label, entry.kind, round(score, DIGITS), band, aboutness, source, *evidence)

    def _mentioned(self, reading: Reading, scores: np.ndarray, suggested: set[int]) -> list[Mention]:
        n_mentions = {
            tag: n
            for tag, mentions in reading.mentions_of.items()
            if tag not in suggested and self._active[tag] and (n := sum(not mention.weak for mention in mentions))
        }
        order = sorted(n_mentions, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))
        entries = ((self.taxonomy.tags[tag], tag) for tag in order)
        return [
            Mention(entry.id, entry.label, round(float(scores[tag]), DIGITS), n_mentions[tag]) for entry, tag in entries
        ]

    # --- explaining ---

    def explain(self, article: Article, tag_ids: Sequence[str], reading: Reading | None = None) -> list[Explanation]:
        """Return why tags have their decision values for an article, whether they are suggested or not.

        Whoever has the article's reading already hands it over.

        Raises:
            UnknownTag: if the taxonomy lacks one of the tags.
        """
        tags = [self._position[self.taxonomy.tag(tag_id).id] for tag_id in tag_ids]
        read = self._read(article, reading)
        decision = read.scored.decision[0]
        scores = calibrated(decision, self.parameters.calibration)
        suggested = set(np.flatnonzero(self._choose([read.reading], read.scored)[0][0]).tolist())
        explanations = []
        for tag in tags:
            parts = self._parts(tag, read)
            parts.sort(key=lambda part: (-abs(part.weight), part.text))
            tag_id = self.taxonomy.tags[tag].id
            outcome = self._outcome(tag, float(decision[tag]), suggested)
            explanations.append(
                Explanation(
                    self.taxonomy.tags[tag],
                    float(scores[tag]),
                    self.threshold_score(tag_id),
                    float(decision[tag]),
                    outcome,
                    parts,
                    self._precedents(tag, read.scored),
                )
            )
        return explanations

    def _outcome(self, tag: int, decision: float, suggested: set[int]) -> str:
        """Return what became of a tag, one of OUTCOMES."""
        if tag in suggested:
            return "suggested"
        if not self._active[tag]:
            return self.taxonomy.tags[tag].status
        if decision < self.parameters.thresholds[tag]:
            return "below_threshold"
        rivals = next((members for members in self.taxonomy.exclusive_kinds if tag in members), [])
        return "another_of_its_kind" if suggested.intersection(rivals) else "text"

    def threshold_score(self, tag_id: str) -> float:
        """Return the threshold of a tag as a score."""
        threshold = self.parameters.thresholds[self._position[tag_id]]
        return float(calibrated(np.array([threshold]), self.parameters.calibration)[0])

    def _parts(self, tag: int, read: _Read) -> list[Part]:
        p, stack = self.parameters, self._stack
        prior, competing = float(stack.prior[tag]), 0.0
        parts = self._mention_parts(tag, read)
        if tag in self._column:
            column = self._column[tag]
            prior += float(stack.slope[column] * p.intercepts[column])
            competing = float(stack.competing(read.scored.separator)[0, column])
            parts += read.writings.parts(self._term_weights([tag], read.scored))
        parts.append(Part("prior", f"{int(p.n_positive[tag])} examples", prior, ()))
        if competing:
            parts.append(Part("competing", "the other tags", competing, ()))
        return parts

    def _term_weights(self, tags: Sequence[int], scored: _Scored) -> np.ndarray:
        """Return what each term of one article adds to the decision values of tags, (n_tags, n_rows)."""
        if not self._column:
            return np.zeros((len(tags), len(scored.values)))
        columns = np.array([self._column.get(tag, -1) for tag in tags])
        slopes = np.where(columns < 0, 0.0, self._stack.slope[columns])
        weights: np.ndarray = slopes[:, None] * scored.values * self._weights[scored.terms.rows[:, None], columns].T
        return weights

    def _precedents(self, tag: int, scored: _Scored) -> list[tuple[str, float]]:
        text = slice(0, int(np.searchsorted(scored.terms.rows, len(self.terms))))  # without the title's own view
        return self.precedents.nearest(scored.terms.rows[text], scored.values[text], tag, N_PRECEDENTS)

    def _mention_parts(self, tag: int, read: _Read) -> list[Part]:
        weight = float(self._stack.mention_weight[tag] * read.scored.naming[0, tag])
        unnamed = "its words are scattered" if read.category(tag) == SCATTERED else "not named"
        return mention_parts(read.reading.mentions_of.get(tag, ()), weight, read.reading, unnamed)


def aboutness_of(score: float, at_the_top: bool, is_best: bool) -> str:
    """Return what a suggested tag is to the article: main, secondary or passing.

    Main is what stands in headline or lead, and the surest tag of each kind; passing is what is more likely no tag of this
    article than one, and not at its top; its threshold lies low enough to show it all the same.
    """
    if score < EVEN:
        return "secondary" if at_the_top else "passing"
    return "main" if at_the_top or is_best else "secondary"


def _removed_parts(reading: Reading) -> list[RemovedPart]:
    """Return the first parts that were left out, as places in the article as it was sent."""
    return [
        RemovedPart("body", *reading.source_span(BODY, part.start, part.end), part.kind)
        for part in reading.removed[:MAX_REMOVED]
    ]


# --- a changed taxonomy -----------------------------------------------------------------------------------------


def retagged(model: TagModel, taxonomy: Taxonomy) -> TagModel:
    """Return the same model with a changed taxonomy: what was learned of a tag stays with its id.

    A new tag has no separator; it is suggested from its mentions, at the pooled threshold.
    """
    p = model.parameters
    old = {tag.id: position for position, tag in enumerate(model.taxonomy.tags)}
    source = np.array([old.get(tag.id, -1) for tag in taxonomy.tags])
    kept = source >= 0
    target = {int(before): after for after, before in enumerate(source) if before >= 0}
    columns = [column for column, tag in enumerate(p.separators.tolist()) if tag in target]

    stack_of = _stack_of(model.taxonomy, taxonomy)

    def moved(values: np.ndarray, new: float) -> np.ndarray:
        out = np.full((len(taxonomy.tags), *values.shape[1:]), new, dtype=values.dtype)
        out[kept] = values[source[kept]]
        return out

    parameters = replace(
        p,
        weights=p.weights[:, columns],
        separators=np.array([target[int(p.separators[column])] for column in columns], dtype=np.int32),
        intercepts=p.intercepts[columns],
        n_positive=moved(p.n_positive, 0),
        thresholds=moved(p.thresholds, p.pooled_threshold),
        auto_thresholds=moved(p.auto_thresholds, np.inf),
        naming_offsets=moved(p.naming_offsets, 0.0),
        stack=p.stack[stack_of],
        stack_intercepts=p.stack_intercepts[stack_of],
    )
    card = {
        **model.card,
        "n_tags": len(taxonomy.tags),
        "taxonomy_version": taxonomy.version,
        "retagged_from": model.version,
    }
    precedents = model.precedents.moved(source.tolist())
    return TagModel(parameters, model.terms, model.title_terms, taxonomy, card=card, precedents=precedents)


def _stack_of(old: Taxonomy, new: Taxonomy) -> list[int]:
    """Return for each new tag the old one whose stack it has: its own; where it is new or of another kind, one of its kind."""
    own = {(tag.id, tag.kind): position for position, tag in enumerate(old.tags)}
    first = {tag.kind: position for position, tag in reversed(list(enumerate(old.tags)))}
    return [own.get((tag.id, tag.kind), first.get(tag.kind, 0)) for tag in new.tags]
