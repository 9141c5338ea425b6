"""What a model says of an article, as plain JSON; the last answers are remembered."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import orjson

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.model.evidence import Evidence
from classifier.model.tag_model import Explanation, Judgement, TagModel
from classifier.text.reading import Reading

SCORE_DIGITS = 4
WEIGHT_DIGITS = 4
MAX_REMOVED = 200  # parts that an answer lists
MAX_BYTES = 32 << 20  # of answers that a process remembers
ENTRY_BYTES = 400  # of a remembered answer besides its JSON: its key, its margin, its place in the table
LONG = 50_000  # characters of a text that takes so long that others need not wait for it, and that is not remembered


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
        "removed": judgement.removed[:MAX_REMOVED],
        "removed_more": max(0, len(judgement.removed) - MAX_REMOVED),
        "reason": judgement.reason,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "field": evidence.field,
        "start": evidence.start,
        "end": evidence.end,
        "text": evidence.text,
        "plain": evidence.plain,
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
            places.append({"field": TEXT_FIELDS[number], "start": source_start, "end": source_end})
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

    They are kept as JSON, so that their length is what they take of the memory, and only up to `max_bytes` of it.
    Texts are not kept, nor what was said of long ones.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes, self.n_bytes = max_bytes, 0
        self._kept: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def answer(self, article: Article, model: TagModel) -> tuple[dict[str, Any], float]:
        """Return the answer to an article, and its margin.

        Threads take turns: side by side they would hand Python's one lock to each other at every call of numpy, and each
        wait five milliseconds to get it back. A long text takes no turn.
        """
        text = "\0".join((model.version, article.body_format, *article.texts))
        if len(text) > LONG:
            return _judged(article, model)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if remembered := self._remembered(key):
            return remembered
        with self._turn:
            if remembered := self._remembered(key):
                return remembered
            answer, margin = _judged(article, model)
        # Copied: what orjson returns holds up to twice as much memory as its length says.
        self._remember(key, memoryview(orjson.dumps(answer)).tobytes(), margin)
        return answer, margin

    def brief(self, article: Article, model: TagModel) -> tuple[list[dict[str, Any]], float]:
        """Return tag, kind, score and band of the suggestions for an article, and its margin; nothing is remembered.

        It takes a turn among the answers, so that a request waits for one article at most; a long text takes none.
        """
        with nullcontext() if sum(map(len, article.texts)) > LONG else self._turn:
            judgement = model.suggest(article, n_evidence=0)
        rows = [
            {"tag": one.tag.id, "kind": one.tag.kind, "score": round(one.score, SCORE_DIGITS), "band": one.band}
            for one in judgement.suggestions
        ]
        return rows, judgement.margin

    def _remembered(self, key: bytes) -> tuple[dict[str, Any], float] | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            answer, margin = self._kept[key]
        return orjson.loads(answer), margin

    def _remember(self, key: bytes, answer: bytes, margin: float) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = answer, margin
                self.n_bytes += len(answer) + ENTRY_BYTES
            while self.n_bytes > self.max_bytes:
                _, (oldest, _) = self._kept.popitem(last=False)
                self.n_bytes -= len(oldest) + ENTRY_BYTES


def _judged(article: Article, model: TagModel) -> tuple[dict[str, Any], float]:
    judgement = model.suggest(article)
    return answer_of(judgement, model), judgement.margin
