"""TagModel: a fitted model, and what it says of an article. numpy only; this is the serving path.

The decision value of a tag is one sum, in float64: its terms, its mentions, a prior, and the tags that compete with it.
`explain` returns the parts of that sum with their places in the text, and leaves nothing out.
"""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.redeciding import SPLIT
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.aboutness import EVEN, AboutnessModel, aboutness_by_rule
from classifier.model.answer import (
    DIGITS,
    N_EVIDENCE,
    Answer,
    Explanation,
    Mentioned,
    Suggestion,
    TagName,
    ToChoose,
)
from classifier.model.evidence import Explainer, ForAndAgainst
from classifier.model.live import Followed, labels_to_follow, live_move
from classifier.model.parameters import Parameters
from classifier.model.precedents import Precedents, no_precedents
from classifier.model.scoring import Scored, ScoredArticle, Scorer
from classifier.model.voices import Spoken, Voices
from classifier.text.fields import BODY
from classifier.text.mention_features import HINTED, LEAD
from classifier.text.reading import ArticleReader, Reading

N_PRECEDENTS = 3
MAX_REMOVED = 200  # parts that an answer lists


class _Judged(NamedTuple):
    """What a model says of articles, (n_articles, n_tags) of each."""

    scores: np.ndarray  # float64
    suggested: np.ndarray  # bool
    is_sure: np.ndarray  # bool, which of these are in the band auto


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
        self.followed: Followed | None = None  # nothing, until `following`
        self.card = card or {}
        self.precedents = precedents or no_precedents(len(taxonomy.tags))
        self._fitted: TagModel | None = None
        self._head: Taxonomy | None = None
        self._use(Scorer(parameters, terms, title_terms, taxonomy))

    def _use(self, scorer: Scorer) -> None:
        p = self.parameters
        self._scorer, self.reader = scorer, scorer.reader
        self._explainer = Explainer(scorer, self.taxonomy)
        self._aboutness = AboutnessModel(
            p.aboutness_weights, p.aboutness_intercepts, p.thresholds, self.taxonomy.positions_by_kind
        )
        self._position = {tag.id: position for position, tag in enumerate(self.taxonomy.tags)}

    @property
    def fitted(self) -> "TagModel":
        """The model as it was fitted: itself, unless it is a `seen` one."""
        return self._fitted or self

    @property
    def head(self) -> Taxonomy:
        """The taxonomy of now, without the tags that only the model has."""
        return self._head or self.taxonomy

    def seen(self, head: Taxonomy, taxonomy: Taxonomy, parameters: Parameters, voices: Voices, named: Taxonomy) -> Self:
        """Return this model for other tags, the first in the places of its own.

        Args:
            head: the taxonomy through which it is seen.
            taxonomy: its tags in the places of the model's.
            parameters: with the same linear classifiers.
            voices: which tags speak for others.
            named: the tags with the names by which texts are read.
        """
        model = copy(self)
        model._fitted, model._head, model.followed = self.fitted, head, None
        model.taxonomy, model.parameters = taxonomy, parameters
        behind = [-1] * (len(taxonomy.tags) - len(self.taxonomy.tags))
        model.precedents = self.precedents.moved([*range(len(self.taxonomy.tags)), *behind])
        reader = self.reader if _read_alike(self.taxonomy, named) else ArticleReader(named, parameters.blocks)
        model._use(self._scorer.seen(taxonomy, parameters, voices, reader))
        return model

    @property
    def live_state(self) -> int | None:
        """The number of the labels that the constants have followed, None if they are those of the training."""
        return self.followed.number if self.followed is not None else None

    @property
    def n_auto_tags(self) -> int:
        """How many tags are ever sure enough for the band auto."""
        return int(np.isfinite(self.parameters.auto_thresholds).sum())

    def decisions(self, articles: Sequence[Article]) -> np.ndarray:
        """Return the decision values of articles by the constants of the training, for `following`.

        (n_articles, n_tags) float64, NaN for an article whose text says nothing of its tags or is in another language.
        """
        readings = self.reader.read_all(articles)
        return self._scorer.with_recency(self.parameters.recency).decisions(readings)

    def following(self, articles: Sequence[Article], decisions: np.ndarray, number: int) -> Self:
        """Return this model with constants that have followed the labels of articles that it has not learned, oldest first.

        The two models share everything else. `decisions` are those of the articles, `number` names their labels.
        """
        labels = labels_to_follow(articles, self.taxonomy, decisions)
        moved = live_move(self.parameters, self._scorer.active, self._scorer.choose, labels)
        return self._moved(Followed(number, len(articles), moved))

    def as_followed_by(self, other: "TagModel") -> Self:
        """Return this model with the constants of another one that was fitted as it was, if they have followed labels."""
        if other.fitted is not self.fitted or other.followed is None:
            return self
        moved = np.zeros(len(self.taxonomy.tags))
        known = other.followed.moved[: len(moved)]
        moved[: len(known)] = known
        return self._moved(other.followed._replace(moved=moved))

    def _moved(self, followed: Followed) -> Self:
        model, moved = copy(self), followed.moved
        model._fitted, model.followed = self.fitted, followed
        model._scorer = self._scorer.with_recency(self.parameters.recency + moved)
        model._explainer = Explainer(model._scorer, self.taxonomy)
        return model

    def suggest(self, article: Article, n_evidence: int = N_EVIDENCE) -> Answer:
        """Return what the model says of an article, with up to `n_evidence` places for and against each suggestion."""
        scored = self._scorer.score_article(article)
        if scored.scored.is_foreign[0]:
            names = self._of_names
            return names._suggest(names._scorer.score_article(article, scored.reading), n_evidence)
        return self._suggest(scored, n_evidence)

    def _suggest(self, scored: ScoredArticle, n_evidence: int) -> Answer:
        reading, parts = scored.reading, scored.reading.removed[:MAX_REMOVED]
        spoken = self._scorer.spoken(scored.scored.decision)
        suggested, reasons = self._scorer.suggested([reading], scored.scored, spoken)
        scores = spoken.scores[0]
        tags = self._in_order(suggested[0].nonzero()[0].tolist(), scores)
        voices = [spoken.voice_of(0, tag) for tag in tags]
        aboutness = self._aboutness_of(tags, voices, scored, scores)
        told = zip(tags, voices, self._explainer.evidence(voices, scored, n_evidence), aboutness, strict=True)
        suggestions = [self._suggestion(tag, voice, float(scores[tag]), scored, e, a) for tag, voice, e, a in told]
        margins, doubts = self._open_questions(spoken)
        places = [(*reading.source_span(BODY, *span), kind) for *span, kind in parts]
        return Answer(
            model_version=self.version,
            taxonomy_version=self.taxonomy.version,
            live_state=self.live_state,
            suggestions=suggestions,
            mentioned=self._mentioned(reading, scores, set(tags)),
            unknown_tags=[],
            removed=[{"field": "body", "start": start, "end": end, "kind": kind} for start, end, kind in places],
            removed_more=len(reading.removed) - len(parts),
            reason=reasons[0],
            margin=float(margins[0]),
            doubt=float(doubts[0]),
            language=self._scorer.language_of(scored),
            choices=self._choices(scored, scores, set(tags)),
        )

    def judge(self, articles: Sequence[Article]) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of all tags, (n_articles, n_tags) float64, and which are suggested, the same shape, bool."""
        judged = self._judged(articles)
        return judged.scores, judged.suggested

    def _judged(self, articles: Sequence[Article]) -> "_Judged":
        readings = self.reader.read_all(articles)
        scored, judged = self._judged_by(self._scorer, readings)
        rows = np.flatnonzero(scored.is_foreign)
        if len(rows):
            _, of_names = self._judged_by(self._scorer.of_names, [readings[row] for row in rows.tolist()])
            for values, others in zip(judged, of_names, strict=True):
                values[rows] = others
        return judged

    def _judged_by(self, scorer: Scorer, readings: Sequence[Reading]) -> "tuple[Scored, _Judged]":
        scored = scorer.score(readings)
        spoken = scorer.spoken(scored.decision)
        suggested = scorer.suggested(readings, scored, spoken)[0]
        is_sure = spoken.decision >= spoken.of_voice(scorer.parameters.auto_thresholds)
        return scored, _Judged(spoken.scores, suggested, suggested & is_sure)

    @property
    def _of_names(self) -> Self:
        """The model for texts in languages that it has not learned."""
        model = copy(self)
        model.parameters = self._scorer.of_names.parameters
        model._use(self._scorer.of_names)
        return model

    def open_questions(self, articles: Sequence[Article]) -> tuple[np.ndarray, np.ndarray]:
        """Return the margin and the doubt of each article, both (n_articles,) float64 (see `Answer`)."""
        return self._open_questions(self._scorer.spoken(self._scorer.score(self.reader.read_all(articles)).decision))

    def _open_questions(self, spoken: Spoken) -> tuple[np.ndarray, np.ndarray]:
        active, scores = self._scorer.active, spoken.scores
        thresholds, n = spoken.of_voice(self._scorer.threshold_scores), spoken.of_voice(self.parameters.n_positive)
        margins = np.abs(scores - thresholds).min(axis=1, initial=1.0, where=active)
        doubts = (scores * (1.0 - scores) / (n + 1.0)).sum(axis=1, where=active)
        return margins, doubts

    def rank(
        self, articles: Sequence[Article], n_tags: int | None = None, band: str = "suggest"
    ) -> list[list[tuple[str, float]]]:
        """Return (tag id, score) in falling order for each article: what passed for the band, or the best `n_tags`."""
        judged = self._judged(articles)
        scores = judged.scores
        if n_tags is None:
            rows, tags = np.nonzero(judged.is_sure if band == "auto" else judged.suggested)
        else:
            order = np.argsort(-scores, axis=1, kind="stable")
            best = [row[self._scorer.active[row]][:n_tags] for row in order]
            rows = np.arange(len(best)).repeat(np.array([len(of_row) for of_row in best], dtype=np.int64))
            tags = np.concatenate([np.zeros(0, dtype=np.int64), *best])
        ids = [self.taxonomy.tags[tag].id for tag in tags.tolist()]
        ranked: list[list[tuple[str, float]]] = [[] for _ in articles]
        for row, value, tag_id in sorted(zip(rows.tolist(), (-scores[rows, tags]).tolist(), ids, strict=True)):
            ranked[row].append((tag_id, -value))
        return ranked

    def explain(self, article: Article, tag_ids: Sequence[str], reading: Reading | None = None) -> list[Explanation]:
        """Return why tags have their decision values for an article, whether they are suggested or not.

        It is read unless its reading is handed over. Raises `UnknownTag` if the taxonomy lacks one of the tags.
        """
        tags = [self._position[self.taxonomy.tag(tag_id).id] for tag_id in tag_ids]
        scored = self._scorer.score_article(article, reading)
        if scored.scored.is_foreign[0] and not self._scorer.is_of_names:
            return self._of_names.explain(article, tag_ids, scored.reading)
        decision = scored.scored.decision[0]
        spoken = self._scorer.spoken(scored.scored.decision)
        suggested = set(np.flatnonzero(self._scorer.suggested([scored.reading], scored.scored, spoken)[0][0]).tolist())
        passed = decision >= self.parameters.thresholds
        return [
            Explanation(
                tag=self.taxonomy.tags[tag],
                score=float(spoken.scores[0, tag]),
                threshold=float(self._scorer.threshold_scores[voice]),
                decision_value=float(decision[voice]),
                outcome=self._explainer.outcome(tag, bool(passed[voice]), suggested),
                parts=self._explainer.parts(voice, scored),
                precedents=self._precedents(voice, scored.scored),
            )
            for tag, voice in ((tag, spoken.voice_of(0, tag)) for tag in tags)
        ]

    def _in_order(self, tags: Sequence[int], scores: np.ndarray) -> list[int]:
        return sorted(tags, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))

    def _aboutness_of(
        self, tags: Sequence[int], voices: Sequence[int], scored: ScoredArticle, scores: np.ndarray
    ) -> list[str]:
        """Return what suggested tags, the surest first, are to the article: as the model says, or else by rule.

        `voices` are the tags that speak for them.
        """
        best = {self.taxonomy.tags[tag].kind: tag for tag in reversed(tags)}.values()
        suggested = np.zeros(len(self.taxonomy.tags), dtype=bool)
        suggested[voices] = True
        learned = self._aboutness.of_named(scored.scored.named, scored.scored.decision, suggested)
        told = []
        for tag, voice in zip(tags, voices, strict=True):
            # Of a tag that the model does not hold for passing, the rule only tells whether it is the main subject.
            score = max(EVEN, scores[tag]) if voice in learned else scores[tag]
            by_rule = aboutness_by_rule(score, scored.category(voice) >= LEAD, tag in best)
            told.append(learned.get(voice) or by_rule)
        return told

    def _suggestion(
        self, tag: int, voice: int, score: float, scored: ScoredArticle, evidence: ForAndAgainst, aboutness: str
    ) -> Suggestion:
        p, entry = self.parameters, self.taxonomy.tags[tag]
        category = scored.category(voice)
        source = "alias" if p.n_positive[voice] == 0 else "model+alias" if category >= HINTED else "model"
        band = "auto" if scored.scored.decision[0, voice] >= p.auto_thresholds[voice] else "suggest"
        return {
            "tag": entry.id,
            "label": entry.label,
            "kind": entry.kind,
            "score": round(score, DIGITS),
            "band": band,
            "aboutness": aboutness,
            "source": source,
            "evidence": evidence[0],
            "evidence_against": evidence[1],
        }

    def _mentioned(self, reading: Reading, scores: np.ndarray, suggested: set[int]) -> list[Mentioned]:
        strong = self._scorer.by_heir(Counter([mention.tag for mention in reading.mentions if not mention.weak]))
        named = [tag for tag in strong if tag not in suggested and self._scorer.active[tag]]
        rows = [(tag, self.taxonomy.tags[tag]) for tag in self._in_order(named, scores)]
        return [
            {"tag": entry.id, "label": entry.label, "score": round(float(scores[t]), DIGITS), "mentions": strong[t]}
            for t, entry in rows
        ]

    def _choices(self, scored: ScoredArticle, scores: np.ndarray, suggested: set[int]) -> list[ToChoose]:
        """Return the split tags that an article would get, where none of their parts is suggested."""
        choices: list[ToChoose] = []
        asked = set(suggested)
        for tag in self._in_order(self._scorer.split_tags(scored.reading, scored.scored), scores):
            parts = self._scorer.parts_of(tag)
            if asked.isdisjoint(parts):
                asked.update(parts)
                score, between = round(float(scores[tag]), DIGITS), [self._name(part) for part in parts]
                choices.append({**self._name(tag), "score": score, "cause": SPLIT, "between": between})
        return choices

    def _name(self, tag: int) -> TagName:
        entry = self.taxonomy.tags[tag]
        return {"tag": entry.id, "label": entry.label}

    def _precedents(self, tag: int, scored: Scored) -> list[tuple[str, float]]:
        in_text = slice(0, int(np.searchsorted(scored.terms.rows, len(self.terms))))  # without the title's own view
        return self.precedents.nearest(scored.terms.rows[in_text], scored.tf_idf[in_text], tag, N_PRECEDENTS)


def _read_alike(taxonomy: Taxonomy, named: Taxonomy) -> bool:
    """Return whether texts are read alike for two taxonomies: the first tags have the same names, and no other has any."""
    n = len(taxonomy.tags)
    same = (_names_of(tag) == _names_of(other) for tag, other in zip(taxonomy.tags, named.tags, strict=False))
    return all(same) and not any(tag.aliases for tag in named.tags[n:])


def _names_of(tag: Tag) -> tuple[object, ...]:
    return () if tag.retired else (tag.kind, tag.label, tag.broader, tag.aliases)
