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
from classifier.model.answer import DIGITS, Answer, Evidence, Explanation, Mention, RemovedPart, Suggestion
from classifier.model.protocol import Model
from classifier.text.reading import Reading

MAX_BYTES = 32 << 20  # of answers that a process remembers
ENTRY_BYTES = 400  # of a remembered answer besides its JSON: its key, its margin, its place in the table
LONG = 50_000  # characters of a text that takes so long that others need not wait for it, and that is not remembered


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as public JSON."""
    content = dict(vars(answer))
    del content["margin"]
    content["suggestions"] = [
        one._asdict()
        | {
            "evidence": [evidence._asdict() for evidence in one.evidence],
            "evidence_against": [evidence._asdict() for evidence in one.evidence_against],
        }
        for one in answer.suggestions
    ]
    for name in ("mentioned", "removed"):
        content[name] = [row._asdict() for row in content[name]]
    return content


def _answer_of(content: dict[str, Any], margin: float) -> Answer:
    """Return the answer whose public JSON is given."""
    suggestions = [
        Suggestion(**row)._replace(
            evidence=[Evidence(**evidence) for evidence in row["evidence"]],
            evidence_against=[Evidence(**evidence) for evidence in row["evidence_against"]],
        )
        for row in content["suggestions"]
    ]
    mentioned = [Mention(**row) for row in content["mentioned"]]
    removed = [RemovedPart(**row) for row in content["removed"]]
    rows = {"suggestions": suggestions, "mentioned": mentioned, "removed": removed}
    return Answer(**content | rows, margin=margin)


def explanations_of(article: Article, tags: Sequence[str], model: Model) -> list[dict[str, Any]]:
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
        "score": round(explanation.score, DIGITS),
        "threshold": round(explanation.threshold, DIGITS),
        "decision_value": explanation.decision_value,
        "outcome": explanation.outcome,
        "parts": parts,
        "precedents": [
            {"article_id": article_id, "similarity": round(similarity, DIGITS)}
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

    def answer(self, article: Article, model: Model) -> Answer:
        """Return the answer to an article.

        Threads take turns: side by side they would hand Python's one lock to each other at every call of numpy, and each
        wait five milliseconds to get it back. A long text takes no turn.
        """
        text = "\0".join((model.version, article.body_format, *article.texts))
        if len(text) > LONG:
            return model.suggest(article)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if remembered := self._remembered(key):
            return remembered
        with self._turn:
            if remembered := self._remembered(key):
                return remembered
            answer = model.suggest(article)
        # Copied: what orjson returns holds up to twice as much memory as its length says.
        self._remember(key, memoryview(orjson.dumps(answer_json(answer))).tobytes(), answer.margin)
        return answer

    def brief(self, article: Article, model: Model) -> Answer:
        """Return the answer to an article without evidence; nothing is remembered.

        It takes a turn among the answers, so that a request waits for one article at most; a long text takes none.
        """
        with nullcontext() if sum(map(len, article.texts)) > LONG else self._turn:
            return model.suggest(article, n_evidence=0)

    def _remembered(self, key: bytes) -> Answer | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            content, margin = self._kept[key]
        return _answer_of(orjson.loads(content), margin)

    def _remember(self, key: bytes, answer: bytes, margin: float) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = answer, margin
                self.n_bytes += len(answer) + ENTRY_BYTES
            while self.n_bytes > self.max_bytes:
                _, (oldest, _) = self._kept.popitem(last=False)
                self.n_bytes -= len(oldest) + ENTRY_BYTES
