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

from classifier.aboutness import CATEGORIES, FEATURES, HINTED, LEAD, NOWHERE, SCATTERED, Naming, NamingReader
from classifier.articles import Article, CleanText, clean_body, clean_title
from classifier.furniture import Removed, blank, find_furniture
from classifier.mentions import BODY, TITLE, Mention, MentionFinder, ReadText, read_text
from classifier.taxonomy import Tag, Taxonomy
from classifier.terms import places_of_terms, text_terms, title_terms
from classifier.words import fold, spell

TITLE_WEIGHT = 0.5
N_EVIDENCE = 4
MIN_FOREIGN_WORDS = 8
ENGLISH_SHARE = 0.4
FIELD_NAMES = ("title", "body")
STACK = (
    "separator",
    "gap to the best tag",
    "is the best tag",
    "is the second tag",
    "examples",
    "examples and separator",
    "naming",
    "naming and few examples",
)
# How far a separator that was fitted on n positives is heard: n / (n + HEARD). None for a tag without examples.
HEARD = 3.0


# --- reading an article -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """An article as the model sees it: clean text without furniture, its words, mentions and naming."""

    text: ReadText
    title: CleanText
    body: CleanText
    removed: list[Removed]
    mentions: list[Mention]
    naming: Naming

    def source_span(self, field_number: int, start: int, end: int) -> tuple[int, int]:
        """Return the span of a clean span in the field as it was sent."""
        clean = self.title if field_number == TITLE else self.body
        return clean.source.span(start, end)


class ArticleReader:
    """Reads articles the way of one taxonomy; training and serving share it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._finder = MentionFinder(taxonomy)
        self._naming = NamingReader(taxonomy)
        self._names = frozenset(
            spell(name) for tag in taxonomy.tags for name in (tag.label, *(alias.text for alias in tag.aliases))
        )

    def read(self, article: Article) -> Reading:
        """Return the reading of an article."""
        title, body = clean_title(article), clean_body(article)
        removed = find_furniture(body.text, self._names.__contains__)
        text = read_text(title.text, blank(body.text, removed))
        mentions = self._finder.find(text)
        return Reading(text, title, body, removed, mentions, self._naming.read(mentions, text))


# --- the stack: from separators and naming to decision values ---------------------------------------------------


def stack_features(separator: np.ndarray, n_positive: np.ndarray, naming: np.ndarray) -> np.ndarray:
    """Return the features from which one pooled linear model makes decision values.

    Args:
        separator: (n_articles, n_tags) float64, decision values of the tags' separators; any number where
            `n_positive` is 0, because such a tag has none.
        n_positive: (n_articles, n_tags) or (n_tags,), positives that the separator was fitted on.
        naming: (n_articles, n_tags) float64, the naming logit.

    Returns:
        (n_articles, n_tags, len(STACK)) float64.
    """
    n = np.broadcast_to(np.asarray(n_positive, dtype=np.float64), separator.shape)
    fitted = np.where(n > 0, separator, -np.inf)
    best, second = _two_best(fitted)
    heard = n / (n + HEARD)
    log_n = np.log1p(n)
    value = np.where(n > 0, separator, 0.0)
    features = (
        heard * value,
        np.where(n > 0, heard * (value - best), 0.0),
        heard * (fitted == best),
        heard * (fitted == second),
        log_n,
        heard * log_n * value,
        naming,
        naming / (n + 1.0),
    )
    return np.stack(features, axis=-1)


def _two_best(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and second highest value of each row, as columns; 0 where a row has none."""
    if fitted.shape[1] < 2:
        best = fitted.max(axis=1, keepdims=True)
        return np.where(np.isfinite(best), best, 0.0), np.full_like(best, np.nan)
    top = np.partition(fitted, -2, axis=1)[:, -2:]
    best, second = top[:, 1:], top[:, :1]
    return np.where(np.isfinite(best), best, 0.0), np.where(second < best, second, np.nan)


def sigmoid(value: np.ndarray) -> np.ndarray:
    """Return the logistic function of decision values."""
    odds: np.ndarray = np.exp(-np.clip(value, -500, 500))
    return 1.0 / (1.0 + odds)


# --- what a model holds -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """Everything that fitting learned, as arrays over the tags of the taxonomy and the terms.

    weights: (n_terms + n_title_terms, n_separators) float32; separators: (n_separators,) int32, their tags;
    idf, title_idf: (n_terms,), (n_title_terms,) float32; intercepts: (n_separators,) float64;
    n_positive: (n_tags,) int32; thresholds, auto_thresholds: (n_tags,) float64, in decision values, inf for never;
    naming_weights: (len(FEATURES),) float64; naming_offsets: (n_tags, len(CATEGORIES)) float64;
    stack: (len(STACK),) float64; calibration: (3,) float64.
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
    stack_intercept: float
    calibration: np.ndarray
    always_one: bool
    language: str | None


def calibrated(decision: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Return scores for decision values: a logistic curve with one bend, learned from out-of-fold suggestions.

    calibration: intercept, slope, and the place of the bend with the slope behind it in the last two entries.
    """
    intercept, slope, bend, slope_behind = calibration
    return sigmoid(intercept + slope * np.minimum(decision, bend) + slope_behind * np.maximum(decision - bend, 0.0))


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
    )
    card = {
        **model.card,
        "n_tags": len(taxonomy.tags),
        "taxonomy_version": taxonomy.version,
        "retagged_from": model.version,
    }
    return TagModel(parameters, model.terms, model.title_terms, taxonomy, card=card)


class Part(NamedTuple):
    """One part of a decision value: what it is, its weight in the sum, and where it stands in the clean text."""

    kind: str  # term, mention, prior, competing
    text: str
    weight: float
    places: tuple[tuple[int, int, int], ...]  # field, start, end


@dataclass(frozen=True)
class Evidence:
    """A place in the article as it was sent that speaks for or against a tag, and by how much."""

    field: str
    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True)
class Explanation:
    """Why a tag has its decision value; the weights of the parts add up to it."""

    tag: Tag
    score: float
    threshold: float
    decision_value: float
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

    rows: np.ndarray  # rows of `weights` that occur
    values: np.ndarray  # their TF-IDF values, float64
    separator: np.ndarray  # (n_tags,)
    naming: np.ndarray  # (n_tags,)
    features: np.ndarray  # (n_tags, len(STACK))
    decision: np.ndarray  # (n_tags,)
    n_known: int  # words of the text that the model knows
    has_content: bool


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
        self._row = {term: row for row, term in enumerate(terms)}
        self._title_row = {term: row for row, term in enumerate(title_terms, start=len(terms))}
        self._position = {tag.id: position for position, tag in enumerate(taxonomy.tags)}
        self._active = np.array([tag.active for tag in taxonomy.tags], dtype=bool)
        # Words in more than a quarter of the articles say nothing alone.
        self._common_idf = float(np.log(4.0) + 1.0)
        self._exclusive: dict[str, list[int]] = defaultdict(list)
        for position, tag in enumerate(taxonomy.tags):
            if taxonomy.exclusive(tag):
                self._exclusive[tag.kind].append(position)

    @cached_property
    def _column(self) -> dict[int, int]:
        """The column of `weights` of a tag that has a separator."""
        return {int(tag): column for column, tag in enumerate(self.parameters.separators)}

    # --- scoring ---

    def suggest(self, article: Article, n_evidence: int = N_EVIDENCE) -> Judgement:
        """Return the suggestions for an article with up to `n_evidence` places for and against each."""
        reading = self.reader.read(article)
        scored = self._score(reading)
        chosen, reason = self._choose(reading, scored)
        scores = calibrated(scored.decision, self.parameters.calibration)
        order = sorted(chosen, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))
        suggestions = [self._suggestion(tag, article, reading, scored, scores, n_evidence) for tag in order]
        removed = [self._removed(reading, part) for part in reading.removed]
        return Judgement(suggestions, self._mentioned(reading, scores, set(order)), removed, reason)

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
        rows, values, n_known, has_content = self._vector(reading.text)
        n_tags = len(self.taxonomy.tags)
        separator = np.zeros(n_tags)
        separator[p.separators] = p.intercepts + values @ p.weights[rows].astype(np.float64)
        naming = p.nowhere_intercept + p.naming_offsets[:, NOWHERE]
        named = reading.naming
        naming[named.tags] = (
            p.naming_intercept + named.features @ p.naming_weights + p.naming_offsets[named.tags, named.categories]
        )
        features = stack_features(separator[None], p.n_positive, naming[None])[0]
        decision = p.stack_intercept + features @ p.stack
        return _Scored(rows, values, separator, naming, features, decision, n_known, has_content)

    def _vector(self, text: ReadText) -> tuple[np.ndarray, np.ndarray, int, bool]:
        """Return the rows of the terms that occur, their TF-IDF values, how many words are known, and if any tells."""
        p = self.parameters
        terms = text_terms(text)
        body = [row for term in terms if (row := self._row.get(term)) is not None]
        title = [row for term in title_terms(text) if (row := self._title_row.get(term)) is not None]
        rows, counts = np.unique(np.array(body, dtype=np.int64), return_counts=True)
        values = (1.0 + np.log(counts)) * p.idf[rows]
        has_content = len(body) < len(terms) or bool((p.idf[rows] > self._common_idf).any())
        title_rows, title_counts = np.unique(np.array(title, dtype=np.int64), return_counts=True)
        title_values = (1.0 + np.log(title_counts)) * p.title_idf[title_rows - len(self.terms)]
        values = np.concatenate([_unit(values), TITLE_WEIGHT * _unit(title_values)])
        return np.concatenate([rows, title_rows]), values, len(body), has_content and bool(terms)

    def _choose(self, reading: Reading, scored: _Scored) -> tuple[list[int], str | None]:
        """Return the tags to suggest, or none and the reason."""
        text = reading.text
        if not scored.has_content:
            return [], "empty"
        p = self.parameters
        passed = (scored.decision >= p.thresholds) & self._active
        foreign = self._foreign(text, scored)
        if foreign:  # only a name that is written out can be trusted there
            named = np.zeros_like(passed)
            named[reading.naming.tags[reading.naming.categories > HINTED]] = True
            passed &= named
        elif p.always_one and not passed.any():
            passed[int(np.where(self._active, scored.decision, -np.inf).argmax())] = self._active.any()
        for members in self._exclusive.values():
            passing = [tag for tag in members if passed[tag]]
            if len(passing) > 1:
                passed[passing] = False
                passed[max(passing, key=lambda tag: scored.decision[tag])] = True
        chosen = np.flatnonzero(passed).tolist()
        if chosen:
            return chosen, None
        return [], "language" if foreign else "below_threshold"

    def _foreign(self, text: ReadText, scored: _Scored) -> bool:
        """Whether the text is not in the model's language; asked only where the model knows few of its words."""
        if self.parameters.language != "en":
            return False
        n_words = sum(len(word) > 1 for words in (text.title_words, text.body_words) for word in words.spelling)
        if n_words < MIN_FOREIGN_WORDS or scored.n_known > 1.2 * n_words:
            return False
        return not is_english(f"{text.title}\n{text.body}")

    # --- what a suggestion says ---

    def _suggestion(
        self, tag: int, article: Article, reading: Reading, scored: _Scored, scores: np.ndarray, n_evidence: int
    ) -> Suggestion:
        p = self.parameters
        named = {int(t): int(c) for t, c in zip(reading.naming.tags, reading.naming.categories, strict=True)}
        category = named.get(tag, NOWHERE)
        is_named = category >= HINTED
        source = "alias" if p.n_positive[tag] == 0 else "model+alias" if is_named else "model"
        band = "auto" if scored.decision[tag] >= p.auto_thresholds[tag] else "suggest"
        main = category >= LEAD or (not is_named and scores[tag] >= 0.7)
        evidence, against = self._evidence(tag, article, reading, scored, n_evidence) if n_evidence else ([], [])
        return Suggestion(
            self.taxonomy.tags[tag],
            float(scores[tag]),
            band,
            "main" if main else "secondary",
            source,
            evidence,
            against,
        )

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

    def _removed(self, reading: Reading, part: Removed) -> dict[str, Any]:
        start, end = reading.source_span(BODY, part.start, part.end)
        return {"field": "body", "start": start, "end": end, "kind": part.kind}

    def _evidence(
        self, tag: int, article: Article, reading: Reading, scored: _Scored, n_evidence: int
    ) -> tuple[list[Evidence], list[Evidence]]:
        parts = [part for part in self._parts(tag, reading, scored) if part.places]
        parts.sort(key=lambda part: (-abs(part.weight), part.text))
        pros = [self._evidence_of(part, article, reading) for part in parts if part.weight > 0][:n_evidence]
        cons = [self._evidence_of(part, article, reading) for part in parts if part.weight < 0][:n_evidence]
        return pros, cons

    def _evidence_of(self, part: Part, article: Article, reading: Reading) -> Evidence:
        field_number, clean_start, clean_end = part.places[0]
        start, end = reading.source_span(field_number, clean_start, clean_end)
        sent = article.title if field_number == TITLE else article.body
        return Evidence(FIELD_NAMES[field_number], start, end, sent[start:end], part.weight)

    # --- explaining ---

    def explain(self, article: Article, tag_id: str) -> Explanation:
        """Return why a tag has its decision value for an article, whether it is suggested or not.

        Raises:
            UnknownTag: if the taxonomy has no such tag.
        """
        self.taxonomy.tag(tag_id)
        tag = self._position[tag_id]
        reading = self.reader.read(article)
        scored = self._score(reading)
        parts = sorted(self._parts(tag, reading, scored), key=lambda part: (-abs(part.weight), part.text))
        score = calibrated(scored.decision[tag : tag + 1], self.parameters.calibration)[0]
        return Explanation(
            self.taxonomy.tags[tag], float(score), self.threshold_score(tag_id), float(scored.decision[tag]), parts
        )

    def threshold_score(self, tag_id: str) -> float:
        """Return the threshold of a tag as a score; 1 where it is never suggested."""
        threshold = self.parameters.thresholds[self._position[tag_id]]
        return (
            float(calibrated(np.array([threshold]), self.parameters.calibration)[0]) if np.isfinite(threshold) else 1.0
        )

    def _parts(self, tag: int, reading: Reading, scored: _Scored) -> list[Part]:
        p = self.parameters
        stack = dict(zip(STACK, p.stack, strict=True))
        n = float(p.n_positive[tag])
        features = dict(zip(STACK, scored.features[tag], strict=True))
        heard = n / (n + HEARD)
        slope = (
            heard * (stack["separator"] + stack["gap to the best tag"] + stack["examples and separator"] * np.log1p(n))
            if n
            else 0.0
        )
        column = self._column.get(tag)
        intercept = slope * p.intercepts[column] if column is not None else 0.0
        prior = p.stack_intercept + stack["examples"] * np.log1p(n) + intercept
        best = scored.separator[p.separators].max(initial=-np.inf)
        competing = sum(stack[name] * features[name] for name in ("is the best tag", "is the second tag"))
        if n:
            competing -= heard * stack["gap to the best tag"] * best
        parts = [Part("prior", f"{int(n)} examples", float(prior), ())]
        if competing:
            parts.append(Part("competing", "the other tags", float(competing), ()))
        parts += self._term_parts(slope, column, reading, scored)
        naming = (stack["naming"] + stack["naming and few examples"] / (n + 1.0)) * scored.naming[tag]
        return parts + self._mention_parts(tag, float(naming), reading)

    def _term_parts(self, slope: float, column: int | None, reading: Reading, scored: _Scored) -> list[Part]:
        """Give each term's share to its places, and add up the places that are written alike."""
        if column is None:
            return []
        weights = slope * scored.values * self.parameters.weights[scored.rows, column].astype(np.float64)
        share = dict(zip(scored.rows.tolist(), weights.tolist(), strict=True))
        places: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for place in places_of_terms(reading.text):
            where = (place.field, place.start, place.end)
            if (row := self._row.get(place.term)) is not None:
                places[row].append(where)
            if place.field == TITLE and (row := self._title_row.get(place.term)) is not None:
                places[row].append(where)
        sums: dict[tuple[int, int, int], float] = defaultdict(float)
        for row, found in places.items():
            for where in found:
                sums[where] += share[row] / len(found)
        return [Part("term", *rest) for rest in _alike(sums, reading)]

    def _mention_parts(self, tag: int, weight: float, reading: Reading) -> list[Part]:
        found = [m for m in reading.mentions if m.tag == tag]
        if not found:
            position = np.flatnonzero(reading.naming.tags == tag)
            scattered = len(position) and reading.naming.categories[position[0]] == SCATTERED
            return [Part("mention", "its words are scattered" if scattered else "not named", weight, ())]
        sums = {(m.field, m.start, m.end): weight / len(found) for m in found}
        return [Part("mention", *rest) for rest in _alike(sums, reading)]

    def naming_of(self, reading: Reading, tag_id: str) -> dict[str, float]:
        """Return the named features of how an article names a tag, those that are not zero."""
        position = np.flatnonzero(reading.naming.tags == self._position[tag_id])
        if not len(position):
            return {}
        row = reading.naming.features[position[0]]
        return {name: float(value) for name, value in zip(FEATURES, row, strict=True) if value}


def _alike(
    sums: dict[tuple[int, int, int], float], reading: Reading
) -> list[tuple[str, float, tuple[tuple[int, int, int], ...]]]:
    """Add up places that are written alike; return (text, weight, places) with the places in order."""
    groups: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for where in sorted(sums):
        content = reading.text.title if where[0] == TITLE else reading.text.body
        groups[fold(content[where[1] : where[2]])].append(where)
    return [(text, sum(sums[where] for where in places), tuple(places)) for text, places in groups.items()]


def _unit(values: np.ndarray) -> np.ndarray:
    norm = float(np.sqrt(values @ values))
    return values / norm if norm else values


def is_english(text: str) -> bool:
    """Whether a text is more likely English than not, from the share of its words that English has."""
    import simplemma  # its word list takes 0.4 s to load, and few articles need it

    return bool(simplemma.in_target_language(text[:2000], lang="en") > ENGLISH_SHARE)


__all__ = ["CATEGORIES", "ArticleReader", "Parameters", "TagModel"]
