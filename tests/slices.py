"""What must hold of every text: each clean character leads back to its place, and what is quoted is a slice of what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from classifier.domain.articles import Article
from classifier.model.tag_model import TagModel
from classifier.serving.views import answer_json, explanations_of
from classifier.text.fields import BODY
from classifier.text.reading import MAX_READ, Reading
from classifier.text.source_map import CleanText
from classifier.web.pages.showing import paragraphs_of


def assert_leads_back(clean: CleanText, source: str) -> None:
    """Hold the promises of a source map: inside and not empty, in order, and exact where nothing was changed."""
    if not clean.text:
        return
    starts, ends = clean.source.starts, clean.source.ends
    if starts is None or ends is None:
        assert len(clean.text) == len(source)
        starts = np.arange(len(source))
        ends = starts + 1
    assert len(starts) == len(ends) == len(clean.text)
    assert np.all(starts >= 0) and np.all(starts < ends) and np.all(ends <= len(source))
    assert np.all(np.diff(starts) >= 0) and np.all(np.diff(ends) >= 0)
    text, sent = _codes(clean.text), _codes(source)[starts]
    exact = (ends - starts == 1) & (sent < 128) & _is_plain(text)
    assert np.array_equal(text[exact], sent[exact])


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _is_plain(codes: np.ndarray) -> np.ndarray:
    """Return which characters are letters or digits of ASCII."""
    letters = codes | 32
    is_letter = (letters >= ord("a")) & (letters <= ord("z")) & (codes < 128)
    return np.asarray(is_letter | ((codes >= ord("0")) & (codes <= ord("9"))))


def assert_all_is_right(model: TagModel, article: Article, is_explained: bool = True) -> None:
    """Read, judge and explain an article, and hold what is promised of its slices."""
    reading = model.reader.read(article)
    assert_leads_back(reading.title, article.title)
    assert_leads_back(reading.body, article.body)
    assert len(reading.text.contents[BODY]) == min(len(reading.body.text), MAX_READ)
    _assert_shown_whole(reading, article)
    answer = answer_json(model.suggest(article))
    for suggestion in answer["suggestions"]:
        for evidence in (*suggestion["evidence"], *suggestion["evidence_against"]):
            slice_ = _slice(article, evidence)
            assert slice_
            assert slice_ == evidence["text"]
    for part in answer["removed"]:
        assert _slice(article, part)
    for earlier, later in zip(answer["removed"], answer["removed"][1:], strict=False):
        assert earlier["end"] <= later["start"]
    explanations = explanations_of(article, _tags(model, answer), model) if is_explained else []
    for explanation in explanations:
        total = sum(part["weight"] for part in explanation["parts"])
        assert abs(total - explanation["decision_value"]) < 1e-6
        assert all(_slice(article, place) for part in explanation["parts"] for place in part["places"])
    json.dumps([answer, explanations], allow_nan=False, ensure_ascii=False).encode()


def _assert_shown_whole(reading: Reading, article: Article) -> None:
    """Hold that a page shows every line of a body, whatever is marked or left out."""
    lines = paragraphs_of(reading.body, article.body, {}, reading.removed)
    shown = ["".join(piece.text for piece in line if not piece.control) for line in lines]
    assert shown == [line for line in reading.body.text.split("\n") if line and not line.isspace()]


def _slice(article: Article, place: dict[str, Any]) -> str:
    text: str = getattr(article, place["field"])
    assert 0 <= place["start"] < place["end"] <= len(text)
    return text[place["start"] : place["end"]]


def _tags(model: TagModel, answer: dict[str, Any]) -> Sequence[str]:
    """Return tags to explain: those of the answer, and one that is not in it."""
    named = [row["tag"] for row in (*answer["suggestions"], *answer["mentioned"])][:3]
    return list(dict.fromkeys([*named, model.taxonomy.tags[0].id]))
