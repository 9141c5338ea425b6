"""What a model says of an article, as plain JSON; the last answers are remembered."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import orjson

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.model.answer import DIGITS, Answer, Evidence, Mention, RemovedPart, Span, Suggestion
from classifier.model.protocol import Model
from classifier.text.reading import Reading

MAX_BYTES = 32 << 20  # of answers that a process remembers
ENTRY_BYTES = 400  # of a remembered answer besides its JSON: its key, its margin, its place in the table
LONG = 50_000  # characters of a text that takes so long that others need not wait for it, and that is not remembered


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as public JSON."""
    content = dict(vars(answer))
    del content["margin"]
    for name in ("suggestions", "mentioned", "removed"):
        content[name] = [row._asdict() for row in content[name]]
    for suggestion in content["suggestions"]:
        for name in ("evidence", "evidence_against"):
            suggestion[name] = [evidence._asdict() for evidence in suggestion[name]]
    return content


def _answer_of(content: bytes, margin: float) -> Answer:
    """Return the answer of which `answer_json` gave this content: the order of its fields is that of the tuples."""
    fields = orjson.loads(content)
    for suggestion in fields["suggestions"]:
        for name in ("evidence", "evidence_against"):
            suggestion[name] = [Evidence._make(evidence.values()) for evidence in suggestion[name]]
    for name, of_row in (("suggestions", Suggestion), ("mentioned", Mention), ("removed", RemovedPart)):
        fields[name] = [of_row._make(row.values()) for row in fields[name]]
    return Answer(**fields, margin=margin)


def explanations_of(article: Article, tags: Sequence[str], model: Model) -> list[dict[str, Any]]:
    """Return explanations as plain JSON, with spans of the article as it was sent.

    The weights are not rounded: they add up to `decision_value`.

    Raises:
        UnknownTag: if the taxonomy lacks one of the tags.
    """
    reading = model.reader.read(article)
    return [
        {
            "tag": explanation.tag.id,
            "label": explanation.tag.label,
            "score": round(explanation.score, DIGITS),
            "threshold": round(explanation.threshold, DIGITS),
            "decision_value": explanation.decision_value,
            "outcome": explanation.outcome,
            "parts": [
                {
                    "kind": part.kind,
                    "text": part.text,
                    "weight": part.weight,
                    "places": [_source_span(span, reading) for span in part.spans],
                }
                for part in explanation.parts
            ],
            "precedents": [
                {"article_id": article_id, "similarity": round(similarity, DIGITS)}
                for article_id, similarity in explanation.precedents
            ],
        }
        for explanation in model.explain(article, tags, reading)
    ]


def _source_span(span: Span, reading: Reading) -> dict[str, str | int]:
    start, end = reading.source_span(*span)
    return {"field": TEXT_FIELDS[span[0]], "start": start, "end": end}


class Answers:
    """The last answers, by model version and digest of the text: an article is saved and opened many times.

    They are kept as JSON, so that their length is what they take of the memory, and only up to `max_bytes` of it.
    Texts are not kept, nor what was said of long ones.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes, self.n_bytes = max_bytes, 0
        self._answers: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
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
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            content, margin = self._answers[key]
        return _answer_of(content, margin)

    def _remember(self, key: bytes, answer: bytes, margin: float) -> None:
        with self._lock:
            if key not in self._answers:
                self._answers[key] = answer, margin
                self.n_bytes += len(answer) + ENTRY_BYTES
            while self.n_bytes > self.max_bytes:
                _, (oldest, _) = self._answers.popitem(last=False)
                self.n_bytes -= len(oldest) + ENTRY_BYTES
