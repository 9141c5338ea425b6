"""What a model says of an article, as plain JSON; the last answers are remembered."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from classifier.articles import Article
from classifier.evidence import FIELD_NAMES, Evidence
from classifier.model import Explanation, Judgement, TagModel
from classifier.reading import Reading

SCORE_DIGITS = 4
WEIGHT_DIGITS = 4
N_KEPT = 500  # answers that a process remembers, some 10 kB each
LONG = 50_000  # characters of a text that takes so long that others need not wait for it


def answer_of(judgement: Judgement, model: TagModel) -> dict[str, Any]:
    """Return the answer to an article as plain JSON, but for `unknown_tags`, which are the caller's."""
    return {
        "model_version": model.version,
        "taxonomy_version": model.taxonomy.version,
        "suggestions": [
            {
                "tag": s.tag.id,
                "label": s.tag.label,
                "kind": s.tag.kind,
                "score": round(s.score, SCORE_DIGITS),
                "band": s.band,
                "aboutness": s.aboutness,
                "source": s.source,
                "evidence": [_evidence(e) for e in s.evidence],
                "evidence_against": [_evidence(e) for e in s.evidence_against],
            }
            for s in judgement.suggestions
        ],
        "mentioned": [
            {"tag": m.tag.id, "label": m.tag.label, "score": round(m.score, SCORE_DIGITS), "mentions": m.n_mentions}
            for m in judgement.mentioned
        ],
        "unknown_tags": [],
        "removed": judgement.removed,
        "reason": judgement.reason,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "field": evidence.field,
        "start": evidence.start,
        "end": evidence.end,
        "text": evidence.text,
        "weight": round(evidence.weight, WEIGHT_DIGITS),
    }


def explanations_of(article: Article, tags: Sequence[str], model: TagModel) -> list[dict[str, Any]]:
    """Return explanations as plain JSON, with places in the article as it was sent.

    The weights are not rounded: they add up to `decision_value`.

    Raises:
        UnknownTag: if the taxonomy lacks one of the tags.
    """
    reading = model.reader.read(article)
    return [_explanation(one, reading) for one in model.explain(article, tags, reading)]


def _explanation(explanation: Explanation, reading: Reading) -> dict[str, Any]:
    parts = []
    for part in explanation.parts:
        places = []
        for number, start, end in part.places:
            source_start, source_end = reading.source_span(number, start, end)
            places.append({"field": FIELD_NAMES[number], "start": source_start, "end": source_end})
        parts.append({"kind": part.kind, "text": part.text, "weight": part.weight, "places": places})
    return {
        "tag": explanation.tag.id,
        "label": explanation.tag.label,
        "score": round(explanation.score, SCORE_DIGITS),
        "threshold": round(explanation.threshold, SCORE_DIGITS),
        "decision_value": explanation.decision_value,
        "outcome": explanation.outcome,
        "parts": parts,
        "precedents": [
            {"article_id": article_id, "similarity": round(similarity, SCORE_DIGITS)}
            for article_id, similarity in explanation.precedents
        ],
    }


class Answers:
    """The last answers, by model version and digest of the text: an article is saved and opened many times.

    What is kept is bounded by number; the texts themselves are not kept.
    """

    def __init__(self, n_kept: int = N_KEPT) -> None:
        self._n_kept = n_kept
        self._kept: OrderedDict[bytes, tuple[dict[str, Any], float]] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def answer(self, article: Article, model: TagModel) -> tuple[dict[str, Any], float]:
        """Return the answer to an article, whose parts must not be changed, and its margin.

        Threads take turns: side by side they would hand Python's one lock to each other at every call of numpy, and each
        wait five milliseconds to get it back. A long text takes no turn.
        """
        text = "\0".join((model.version, article.body_format, article.title, article.body))
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if found := self._remembered(key):
            return found
        if len(text) > LONG:
            return self._judged(key, article, model)
        with self._turn:
            return self._remembered(key) or self._judged(key, article, model)

    def _remembered(self, key: bytes) -> tuple[dict[str, Any], float] | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            answer, margin = self._kept[key]
        return dict(answer), margin

    def _judged(self, key: bytes, article: Article, model: TagModel) -> tuple[dict[str, Any], float]:
        judgement = model.suggest(article)
        answer, margin = answer_of(judgement, model), judgement.margin
        with self._lock:
            self._kept[key] = answer, margin
            if len(self._kept) > self._n_kept:
                self._kept.popitem(last=False)
        return dict(answer), margin
