"""What happens when an article arrives: judged by the champion, answered as the contract has it, stored if it has an id."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from classifier.articles import Article, check_id
from classifier.evidence import FIELD_NAMES, Evidence
from classifier.model import Explanation, Judgement, TagModel
from classifier.reading import Reading
from classifier.registry import Serving
from classifier.store import Store, StoredArticle

SCORE_DIGITS = 4
WEIGHT_DIGITS = 4
N_KEPT = 500  # answers that a process remembers, some 10 kB each


def answer_of(judgement: Judgement, model: TagModel) -> dict[str, Any]:
    """Return the answer to an article as plain JSON."""
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
        self._kept: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, article: Article, model: TagModel) -> dict[str, Any]:
        """Return the answer to an article, whose parts must not be changed."""
        text = "\0".join((model.version, article.body_format, article.title, article.body))
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return dict(self._kept[key])
        answer = answer_of(model.suggest(article), model)
        with self._lock:
            self._kept[key] = answer
            if len(self._kept) > self._n_kept:
                self._kept.popitem(last=False)
        return dict(answer)


@dataclass(frozen=True)
class Tagger:
    """The model that serves and the store, and what they do together."""

    serving: Serving
    store: Store
    answers: Answers = field(default_factory=Answers)

    def suggest(self, article: Article, why: Sequence[str] = ()) -> dict[str, Any]:
        """Return the answer to a text; nothing is stored. `why` explains any tag besides.

        Raises:
            NoModel, BadModel: while nothing can serve.
            UnknownTag: if `why` names no tag of the taxonomy.
        """
        model = self.serving.model()
        answer = self.answers.answer(article, model)
        answer["unknown_tags"] = _unknown(article.tags or (), model)
        if why:
            answer["why"] = explanations_of(article, why, model)
        return answer

    def put_article(self, article: Article, source: str = "cms") -> dict[str, Any]:
        """Store an article and return its suggestions, without the tags that it has already."""
        check_id(article.id)
        model = self.serving.model()
        # What a CMS lists is what it has so far: silence on a tag is not a no.
        self.store.put_article(replace(article, tags_complete=False), source)
        return self._answer_stored(self.store.article(article.id), model)

    def article(self, article_id: str) -> dict[str, Any]:
        """Return a stored article with its tags and its suggestions by the model that serves now."""
        stored = self.store.article(article_id)
        answer = self._answer_stored(stored, self.serving.model())
        return {**_described(stored), **answer}

    def articles(
        self, cursor: tuple[str, str] | None, limit: int
    ) -> tuple[list[dict[str, Any]], tuple[str, str] | None]:
        """Return a page of stored articles, newest first and without their bodies, and the place of the next page."""
        page = self.store.articles(cursor, limit + 1)
        rows = [{key: value for key, value in _described(s).items() if key != "body"} for s in page[:limit]]
        last = page[limit - 1] if len(page) > limit else None
        return rows, (last.created_at, last.article.id) if last else None

    def delete_article(self, article_id: str) -> None:
        """Delete an article and all that hangs on it."""
        self.store.delete_article(article_id)

    def _answer_stored(self, stored: StoredArticle, model: TagModel) -> dict[str, Any]:
        article = stored.article
        answer = self.answers.answer(article, model)
        set_id = self.store.put_suggestion_set(article, model.version, model.taxonomy.version, answer)
        why = {**dict.fromkeys(article.rejected, "rejected"), **dict.fromkeys(article.tags or (), "already_tagged")}
        shown = [s for s in answer["suggestions"] if s["tag"] not in why]
        withheld = [s["tag"] for s in answer["suggestions"] if s["tag"] in why]
        self.store.put_impressions(set_id, [s["tag"] for s in shown])
        return {
            "article_id": article.id,
            "suggestion_set_id": set_id,
            **answer,
            "suggestions": shown,
            "withheld": [{"tag": tag, "reason": why[tag]} for tag in withheld],
            "unknown_tags": _unknown(article.tags or (), model),
        }


def _unknown(tags: Iterable[str], model: TagModel) -> list[str]:
    return [tag for tag in tags if tag not in model.taxonomy.by_id]


def _described(stored: StoredArticle) -> dict[str, Any]:
    article = stored.article
    return {
        "article_id": article.id,
        "title": article.title,
        "body": article.body,
        "body_format": article.body_format,
        "published_at": article.published_at,
        "url": article.url,
        "tags": list(article.tags or ()),
        "source": stored.source,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }
