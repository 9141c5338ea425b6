"""TagModel: a fitted model as plain arrays, and what it says of an article. numpy only; this is the serving path.

The decision value of a tag is one sum, in float64: its terms, its mentions, a prior, and the tags that compete with it.
`explain` returns the parts of that sum with their places in the text; nothing is left unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from classifier.aboutness import HINTED, LEAD, NOWHERE, SCATTERED
from classifier.articles import Article
from classifier.evidence import Evidence, Part, TermGroups, mention_parts, strongest
from classifier.furniture import Removed
from classifier.mentions import BODY, ReadText
from classifier.reading import ArticleReader, Reading, is_english
from classifier.stack import HEARD, STACK, calibrated, one_of_each_kind, stack_decision, stack_features
from classifier.taxonomy import Tag, Taxonomy
from classifier.terms import TermPlaces, TermRows

TITLE_WEIGHT = 0.5
N_EVIDENCE = 4
MIN_FOREIGN_WORDS = 8
# What became of a tag that is asked for: suggested; under its threshold; over it, but another tag of its exclusive kind fits
# better; muted or retired; or the text itself says nothing that could be trusted (see the reason of the answer).
OUTCOMES = ("suggested", "below_threshold", "another_of_its_kind", "muted", "retired", "text")
FEW_KNOWN = 0.6  # a text with a smaller share of known terms may be in another language


@dataclass(frozen=True)
class Parameters:
    """Everything that fitting learned, as arrays over the tags of the taxonomy and the terms.

    weights: (n_terms + n_title_terms, n_separators) float32; separators: (n_separators,) int32, their tags;
    idf, title_idf: (n_terms,), (n_title_terms,) float32; intercepts: (n_separators,) float64;
    n_positive: (n_tags,) int32; thresholds, auto_thresholds: (n_tags,) float64, in decision values, inf for never;
    naming_weights: (len(FEATURES),) float64; naming_offsets: (n_tags, len(CATEGORIES)) float64;
    stack: (n_tags, len(STACK)) float64, alike for the tags of a kind; stack_intercepts: (n_tags,) float64;
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


@dataclass(frozen=True)
class Explanation:
    """Why a tag has its decision value; the weights of the parts add up to it."""

    tag: Tag
    score: float
    threshold: float
    decision_value: float
    outcome: str
    parts: list[Part]


@dataclass(frozen=True)
class Suggestion:
    """A tag that the model suggests for an article."""

    tag: Tag
    score: float
    band: str
    aboutness: str
    source: str
    evidence: list[Evidence] = field(default_factory=list)
    evidence_against: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True)
class Mentioned:
    """A tag that the article names and that is not suggested."""

    tag: Tag
    score: float
    n_mentions: int


@dataclass(frozen=True)
class Judgement:
    """All that a model says of one article."""

    suggestions: list[Suggestion]
    mentioned: list[Mentioned]
    removed: list[dict[str, Any]]
    reason: str | None


class _Scored(NamedTuple):
    """Values of one article over all tags, with what is needed to take them apart again."""

    terms: TermPlaces
    values: np.ndarray  # (n_rows,) TF-IDF values of the terms that occur
    weights: np.ndarray  # (n_rows, n_separators), their weights
    separator: np.ndarray  # (n_tags,)
    naming: np.ndarray  # (n_tags,)
    features: np.ndarray  # (n_tags, len(STACK))
    decision: np.ndarray  # (n_tags,)


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
    ) -> None:
        self.parameters = parameters
        self.terms = terms
        self.title_terms = title_terms
        self.taxonomy = taxonomy
        self.version = version
        self.card = card or {}
        self.reader = ArticleReader(taxonomy)
        self._rows = TermRows(terms, title_terms)
        self._weights = parameters.weights.view(
            np.ndarray
        )  # indexing through the memmap class costs three times as much
        self._idf = np.concatenate([parameters.idf, parameters.title_idf]).astype(np.float64)
        # Words in more than a quarter of the articles say nothing alone.
        self._telling = np.concatenate([parameters.idf > np.log(4.0) + 1.0, np.zeros(len(title_terms), dtype=bool)])
        self._position = {tag.id: position for position, tag in enumerate(taxonomy.tags)}
        self._active = np.array([tag.active for tag in taxonomy.tags], dtype=bool)

    @cached_property
    def _column(self) -> dict[int, int]:
        """The column of `weights` of a tag that has a separator."""
        return {int(tag): column for column, tag in enumerate(self.parameters.separators)}

    # --- suggesting ---

    def suggest(self, article: Article, n_evidence: int = N_EVIDENCE) -> Judgement:
        """Return the suggestions for an article with up to `n_evidence` places for and against each."""
        reading = self.reader.read(article)
        scored = self._score(reading)
        chosen, reason = self._choose(reading, scored)
        scores = calibrated(scored.decision, self.parameters.calibration)
        order = sorted(chosen, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))
        suggestions = [self._suggestion(tag, reading, scored, float(scores[tag])) for tag in order]
        if n_evidence and order:
            groups = self._groups(scored)
            suggestions = [
                self._with_evidence(one, tag, article, reading, scored, groups, n_evidence)
                for one, tag in zip(suggestions, order, strict=True)
            ]
        removed = [_removed(reading, part) for part in reading.removed]
        return Judgement(suggestions, self._mentioned(reading, scores, set(order)), removed, reason)

    def judge(self, article: Article) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of all tags, (n_tags,) float64, and which are suggested, (n_tags,) bool."""
        reading = self.reader.read(article)
        scored = self._score(reading)
        suggested = np.zeros(len(self.taxonomy.tags), dtype=bool)
        suggested[self._choose(reading, scored)[0]] = True
        return calibrated(scored.decision, self.parameters.calibration), suggested

    def rank(self, article: Article, n_tags: int | None = None) -> list[tuple[str, float]]:
        """Return (tag id, score) in falling order: what passed its threshold, or the best `n_tags` whatever they are."""
        reading = self.reader.read(article)
        scored = self._score(reading)
        scores = calibrated(scored.decision, self.parameters.calibration)
        if n_tags is None:
            chosen: Iterable[int] = self._choose(reading, scored)[0]
        else:
            chosen = [tag for tag in np.argsort(-scored.decision, kind="stable").tolist() if self._active[tag]][:n_tags]
        order = sorted(chosen, key=lambda tag: (-scored.decision[tag], self.taxonomy.tags[tag].id))
        return [(self.taxonomy.tags[tag].id, float(scores[tag])) for tag in order]

    def _score(self, reading: Reading) -> _Scored:
        p = self.parameters
        terms = self._rows.find(reading.text)
        values = self._tf_idf(terms)
        weights = self._weights[terms.rows].astype(np.float64)
        separator = np.zeros(len(self.taxonomy.tags))
        separator[p.separators] = p.intercepts + values @ weights
        named = reading.naming
        naming = p.nowhere_intercept + p.naming_offsets[:, NOWHERE]
        naming[named.tags] = (
            p.naming_intercept + named.features @ p.naming_weights + p.naming_offsets[named.tags, named.categories]
        )
        features = stack_features(separator[None], p.n_positive, naming[None])[0]
        decision = stack_decision(features, p.stack, p.stack_intercepts)
        return _Scored(terms, values, weights, separator, naming, features, decision)

    def _tf_idf(self, terms: TermPlaces) -> np.ndarray:
        """Return the TF-IDF values of the terms that occur, (n_rows,) float64; each of the two views has its own norm."""
        values = (1.0 + np.log(terms.counts)) * self._idf[terms.rows]
        n_text = int(np.searchsorted(terms.rows, len(self.terms)))
        return np.concatenate([_unit(values[:n_text]), TITLE_WEIGHT * _unit(values[n_text:])])

    def _choose(self, reading: Reading, scored: _Scored) -> tuple[list[int], str | None]:
        """Return the tags to suggest, or none and the reason."""
        if not self._says_something(scored.terms):
            return [], "empty"
        p = self.parameters
        passed = (scored.decision >= p.thresholds) & self._active
        foreign = self._foreign(reading.text, scored.terms)
        if foreign:  # only a name that is written out can be trusted there
            named = np.zeros_like(passed)
            named[reading.naming.tags[reading.naming.categories > HINTED]] = True
            passed &= named
        elif p.always_one and not passed.any():
            passed[int(np.where(self._active, scored.decision, -np.inf).argmax())] = self._active.any()
        chosen = np.flatnonzero(
            one_of_each_kind(passed[None], scored.decision[None], self.taxonomy.exclusive_kinds)[0]
        ).tolist()
        if chosen:
            return chosen, None
        return [], "language" if foreign else "below_threshold"

    def _says_something(self, terms: TermPlaces) -> bool:
        """Whether there is any word but those that stand in many articles."""
        text_rows = terms.rows[terms.rows < len(self.terms)]
        return terms.n_known < terms.n_terms or bool(self._telling[text_rows].any())

    def _foreign(self, text: ReadText, terms: TermPlaces) -> bool:
        """Whether the text is not in the model's language; asked only where the model knows few of its terms."""
        if self.parameters.language != "en" or terms.n_known > FEW_KNOWN * terms.n_terms:
            return False
        n_words = sum(len(word) > 1 for words in (text.title_words, text.body_words) for word in words.spelling)
        return n_words >= MIN_FOREIGN_WORDS and not is_english(f"{text.title}\n{text.body}")

    def _suggestion(self, tag: int, reading: Reading, scored: _Scored, score: float) -> Suggestion:
        p = self.parameters
        category = reading.category(tag)
        is_named = category >= HINTED
        source = "alias" if p.n_positive[tag] == 0 else "model+alias" if is_named else "model"
        band = "auto" if scored.decision[tag] >= p.auto_thresholds[tag] else "suggest"
        main = category >= LEAD or (not is_named and score >= 0.7)
        return Suggestion(self.taxonomy.tags[tag], score, band, "main" if main else "secondary", source)

    def _with_evidence(
        self, one: Suggestion, tag: int, article: Article, reading: Reading, scored: _Scored, groups: TermGroups, n: int
    ) -> Suggestion:
        named = self._mention_parts(tag, reading, scored)
        pros, cons = strongest(groups, groups.sums(self._term_weights(tag, scored)), named, article, reading, n)
        return replace(one, evidence=pros, evidence_against=cons)

    def _mentioned(self, reading: Reading, scores: np.ndarray, suggested: set[int]) -> list[Mentioned]:
        counts: dict[int, int] = defaultdict(int)
        for mention in reading.mentions:
            counts[mention.tag] += not mention.weak
        found = [
            Mentioned(self.taxonomy.tags[tag], float(scores[tag]), n)
            for tag, n in counts.items()
            if n and tag not in suggested and self._active[tag]
        ]
        return sorted(found, key=lambda m: (-m.score, m.tag.id))

    # --- explaining ---

    def explain(self, article: Article, tag_id: str) -> Explanation:
        """Return why a tag has its decision value for an article, whether it is suggested or not.

        Raises:
            UnknownTag: if the taxonomy has no such tag.
        """
        return self.explain_all(self.reader.read(article), [tag_id])[0]

    def explain_all(self, reading: Reading, tag_ids: Sequence[str]) -> list[Explanation]:
        """Return an explanation for each tag from one reading of an article.

        Raises:
            UnknownTag: if the taxonomy lacks one of the tags.
        """
        tags = [self._position[self.taxonomy.tag(tag_id).id] for tag_id in tag_ids]
        scored = self._score(reading)
        scores = calibrated(scored.decision, self.parameters.calibration)
        suggested = set(self._choose(reading, scored)[0])
        groups = self._groups(scored)
        explanations = []
        for tag in tags:
            parts = self._parts(tag, reading, scored, groups)
            parts.sort(key=lambda part: (-abs(part.weight), part.text))
            explanations.append(
                Explanation(
                    self.taxonomy.tags[tag],
                    float(scores[tag]),
                    self.threshold_score(self.taxonomy.tags[tag].id),
                    float(scored.decision[tag]),
                    self._outcome(tag, scored, suggested),
                    parts,
                )
            )
        return explanations

    def _outcome(self, tag: int, scored: _Scored, suggested: set[int]) -> str:
        """Return what became of a tag, one of OUTCOMES."""
        if tag in suggested:
            return "suggested"
        if not self._active[tag]:
            return self.taxonomy.tags[tag].status
        if scored.decision[tag] < self.parameters.thresholds[tag]:
            return "below_threshold"
        rivals = next((members for members in self.taxonomy.exclusive_kinds if tag in members), [])
        return "another_of_its_kind" if suggested.intersection(rivals) else "text"

    def threshold_score(self, tag_id: str) -> float:
        """Return the threshold of a tag as a score."""
        threshold = self.parameters.thresholds[self._position[tag_id]]
        return float(calibrated(np.array([threshold]), self.parameters.calibration)[0])

    def _parts(self, tag: int, reading: Reading, scored: _Scored, groups: TermGroups) -> list[Part]:
        p = self.parameters
        n = float(p.n_positive[tag])
        stack = dict(zip(STACK, p.stack[tag], strict=True))
        features = dict(zip(STACK, scored.features[tag], strict=True))
        prior = p.stack_intercepts[tag] + stack["examples"] * np.log1p(n)
        competing = sum(stack[name] * features[name] for name in ("is the best tag", "is the second tag"))
        parts = self._mention_parts(tag, reading, scored)
        if tag in self._column:
            prior += self._slope(tag) * p.intercepts[self._column[tag]]
            competing -= n / (n + HEARD) * stack["gap to the best tag"] * scored.separator[p.separators].max()
            parts += groups.parts(self._term_weights(tag, scored))
        parts.append(Part("prior", f"{int(n)} examples", float(prior), ()))
        if competing:
            parts.append(Part("competing", "the other tags", float(competing), ()))
        return parts

    def _groups(self, scored: _Scored) -> TermGroups:
        return TermGroups(scored.terms, self._telling[scored.terms.rows])

    def _slope(self, tag: int) -> float:
        """Return how much a tag's decision value changes with the value of its separator."""
        n = float(self.parameters.n_positive[tag])
        stack = dict(zip(STACK, self.parameters.stack[tag], strict=True))
        slope = stack["separator"] + stack["gap to the best tag"] + stack["examples and separator"] * np.log1p(n)
        return float(slope * n / (n + HEARD))

    def _term_weights(self, tag: int, scored: _Scored) -> np.ndarray:
        """Return what each term that occurs adds to a tag's decision value, (n_rows,)."""
        if tag not in self._column:
            return np.zeros(len(scored.values))
        weights: np.ndarray = self._slope(tag) * scored.values * scored.weights[:, self._column[tag]]
        return weights

    def _mention_parts(self, tag: int, reading: Reading, scored: _Scored) -> list[Part]:
        stack = dict(zip(STACK, self.parameters.stack[tag], strict=True))
        few = stack["naming and few examples"] / (self.parameters.n_positive[tag] + 1.0)
        weight = float((stack["naming"] + few) * scored.naming[tag])
        unnamed = "its words are scattered" if reading.category(tag) == SCATTERED else "not named"
        return mention_parts((m for m in reading.mentions if m.tag == tag), weight, reading, unnamed)


def _removed(reading: Reading, part: Removed) -> dict[str, Any]:
    start, end = reading.source_span(BODY, part.start, part.end)
    return {"field": "body", "start": start, "end": end, "kind": part.kind}


def _unit(values: np.ndarray) -> np.ndarray:
    norm = float(np.sqrt(values @ values))
    scaled: np.ndarray = values / norm if norm else values
    return scaled


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
        stack=_by_kind(model.taxonomy, taxonomy, p.stack),
        stack_intercepts=_by_kind(model.taxonomy, taxonomy, p.stack_intercepts),
    )
    card = {
        **model.card,
        "n_tags": len(taxonomy.tags),
        "taxonomy_version": taxonomy.version,
        "retagged_from": model.version,
    }
    return TagModel(parameters, model.terms, model.title_terms, taxonomy, card=card)


def _by_kind(old: Taxonomy, new: Taxonomy, values: np.ndarray) -> np.ndarray:
    """Return for each tag of the new taxonomy the values that the old one's tags of its kind share."""
    first = {tag.kind: position for position, tag in reversed(list(enumerate(old.tags)))}
    rows: np.ndarray = values[[first.get(tag.kind, 0) for tag in new.tags]]
    return rows
