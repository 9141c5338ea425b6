"""TagModel: a fitted model, and what it says of an article. numpy only; this is the serving path.

The decision value of a tag is one sum, in float64: its terms, its mentions, a prior, and the tags that compete with it.
`explain` returns the parts of that sum with their places in the text, and leaves nothing out.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.model.aboutness import EVEN, AboutnessModel, aboutness_by_rule
from classifier.model.answer import DIGITS, Answer, Explanation, Mentioned, Suggestion
from classifier.model.evidence import Explainer, ForAndAgainst
from classifier.model.live import Followed, labels_to_follow, live_move
from classifier.model.parameters import Parameters
from classifier.model.precedents import Precedents, no_precedents
from classifier.model.scoring import Scored, ScoredArticle, Scorer
from classifier.text.fields import BODY
from classifier.text.mention_features import HINTED, LEAD
from classifier.text.reading import Reading

N_EVIDENCE = 4
N_PRECEDENTS = 3
MAX_REMOVED = 200  # parts that an answer lists


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
        self._scorer = Scorer(parameters, terms, title_terms, taxonomy)
        self._explainer = Explainer(self._scorer, taxonomy)
        p = parameters
        self._aboutness = AboutnessModel(
            p.aboutness_weights, p.aboutness_intercepts, p.thresholds, taxonomy.positions_by_kind
        )
        self.reader = self._scorer.reader
        self._position = {tag.id: position for position, tag in enumerate(taxonomy.tags)}

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
        model = copy(self)
        moved = live_move(self.parameters, self._scorer.choice, labels_to_follow(articles, self.taxonomy, decisions))
        model.followed = Followed(number, len(articles), moved)
        model._scorer = self._scorer.with_recency(self.parameters.recency + moved)
        model._explainer = Explainer(model._scorer, self.taxonomy)
        return model

    def suggest(self, article: Article, n_evidence: int = N_EVIDENCE) -> Answer:
        """Return what the model says of an article, with up to `n_evidence` places for and against each suggestion."""
        scored = self._scorer.score_article(article)
        reading, parts = scored.reading, scored.reading.removed[:MAX_REMOVED]
        suggested, reasons = self._scorer.suggested([reading], scored.scored)
        scores = self._scorer.scores(scored.scored.decision[0])
        tags = self._in_order(np.flatnonzero(suggested[0]).tolist(), scores)
        aboutness = self._aboutness_of(suggested[0], tags, scored, scores)
        evidence = zip(tags, self._explainer.evidence(tags, scored, n_evidence), strict=True)
        suggestions = [self._suggestion(tag, float(scores[tag]), scored, e, aboutness[tag]) for tag, e in evidence]
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
            margin=float(np.abs(scores - self._scorer.threshold_scores)[self._scorer.active].min(initial=1.0)),
        )

    def judge(self, articles: Sequence[Article]) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of all tags, (n_articles, n_tags) float64, and which are suggested, the same shape, bool."""
        readings = self.reader.read_all(articles)
        scored = self._scorer.score(readings)
        return self._scorer.scores(scored.decision), self._scorer.suggested(readings, scored)[0]

    def rank(
        self, articles: Sequence[Article], n_tags: int | None = None, band: str = "suggest"
    ) -> list[list[tuple[str, float]]]:
        """Return (tag id, score) in falling order for each article: what passed for the band, or the best `n_tags`."""
        readings = self.reader.read_all(articles)
        scored = self._scorer.score(readings)
        scores = self._scorer.scores(scored.decision)
        if n_tags is None:
            passed = self._scorer.suggested(readings, scored)[0]
            if band == "auto":
                passed &= scored.decision >= self.parameters.auto_thresholds
            rows, tags = np.nonzero(passed)
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
        decision = scored.scored.decision[0]
        scores = self._scorer.scores(decision)
        suggested = set(np.flatnonzero(self._scorer.suggested([scored.reading], scored.scored)[0][0]).tolist())
        return [
            Explanation(
                tag=self.taxonomy.tags[tag],
                score=float(scores[tag]),
                threshold=float(self._scorer.threshold_scores[tag]),
                decision_value=float(decision[tag]),
                outcome=self._explainer.outcome(tag, float(decision[tag]), suggested),
                parts=self._explainer.parts(tag, scored),
                precedents=self._precedents(tag, scored.scored),
            )
            for tag in tags
        ]

    def _in_order(self, tags: Sequence[int], scores: np.ndarray) -> list[int]:
        return sorted(tags, key=lambda tag: (-scores[tag], self.taxonomy.tags[tag].id))

    def _aboutness_of(
        self, suggested: np.ndarray, tags: Sequence[int], scored: ScoredArticle, scores: np.ndarray
    ) -> dict[int, str]:
        """Return what suggested tags, the surest first, are to the article: as the model says, or else by rule."""
        best = {self.taxonomy.tags[tag].kind: tag for tag in reversed(tags)}.values()
        learned = self._aboutness.of_named(scored.scored.named, scored.scored.decision, suggested)
        told: dict[int, str] = {}
        for tag in tags:
            # Of a tag that the model does not hold for passing, the rule only tells whether it is the main subject.
            score = max(EVEN, scores[tag]) if tag in learned else scores[tag]
            by_rule = aboutness_by_rule(score, scored.category(tag) >= LEAD, tag in best)
            told[tag] = learned.get(tag) or by_rule
        return told

    def _suggestion(
        self, tag: int, score: float, scored: ScoredArticle, evidence: ForAndAgainst, aboutness: str
    ) -> Suggestion:
        p, entry = self.parameters, self.taxonomy.tags[tag]
        category = scored.category(tag)
        source = "alias" if p.n_positive[tag] == 0 else "model+alias" if category >= HINTED else "model"
        band = "auto" if scored.scored.decision[0, tag] >= p.auto_thresholds[tag] else "suggest"
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
        strong = {tag: sum(not mention.weak for mention in found) for tag, found in reading.mentions_of.items()}
        named = [tag for tag, n in strong.items() if n and tag not in suggested and self._scorer.active[tag]]
        rows = [(tag, self.taxonomy.tags[tag]) for tag in self._in_order(named, scores)]
        return [
            {"tag": entry.id, "label": entry.label, "score": round(float(scores[t]), DIGITS), "mentions": strong[t]}
            for t, entry in rows
        ]

    def _precedents(self, tag: int, scored: Scored) -> list[tuple[str, float]]:
        in_text = slice(0, int(np.searchsorted(scored.terms.rows, len(self.terms))))  # without the title's own view
        return self.precedents.nearest(scored.terms.rows[in_text], scored.tf_idf[in_text], tag, N_PRECEDENTS)
