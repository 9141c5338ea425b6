"""The pages: try an article and see why it gets its tags; the API described. Server-rendered, and whole without script."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from flask import Blueprint, render_template, request

from classifier.articles import Article, article_from_text, html_to_text
from classifier.errors import TaggerError, UnknownTag
from classifier.mentions import BODY, TITLE
from classifier.model import Explanation, TagModel
from classifier.reading import Reading
from classifier.tagger import Tagger
from classifier.web.api import WRITERS, read_body
from classifier.web.auth import Gate
from classifier.web.openapi import Endpoint, document
from classifier.web.problems import CATALOGUE, ApiProblem, problem_of

N_REASONS = 6
MARKED_SHARE = 0.15  # of the strongest reason; weaker ones are listed, not marked
_REASONS = {
    "empty": "There is no word in this text that could tell anything. Paste a whole article.",
    "language": "This text does not seem to be in English, the language that the model has learned. Only tags that are "
    "named outright would be suggested.",
    "below_threshold": "No tag reaches its threshold. That is the right answer for an article that is about none of the "
    "tags; ask for a tag below to see how near it came.",
}


_ABOUTNESS = {"main": "main subject", "secondary": "secondary subject", "passing": "perhaps only in passing"}
_OUTCOMES = {
    "suggested": "it is suggested, see above",
    "below_threshold": "not suggested: it is under its threshold",
    "another_of_its_kind": "not suggested: of its kind only the best is, and another tag fits better",
    "muted": "not suggested: the tag is muted in the taxonomy",
    "retired": "not suggested: the tag is retired in the taxonomy",
    "text": "not suggested: this text says too little that could be trusted",
}


@dataclass(frozen=True)
class Reason:
    """A word or name that speaks for or against a tag, how often it stands there, and its share of the bar."""

    text: str
    weight: float
    n_places: int
    width: int


@dataclass(frozen=True)
class Card:
    """A tag on the page with its reasons."""

    tag: Any
    score: float
    threshold: float
    decision_value: float
    outcome: str
    band: str
    aboutness: str
    source: str
    pros: list[Reason]
    cons: list[Reason]
    precedents: list[str]  # titles of past articles


@dataclass(frozen=True)
class Piece:
    """A stretch of text in which the same tags have evidence."""

    text: str
    tags: str
    removed: str | None = None


class Pages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate, endpoints: Sequence[Endpoint], max_body_bytes: int) -> None:
        self.tagger, self.gate, self.endpoints, self.limit = tagger, gate, endpoints, max_body_bytes
        self.blueprint = Blueprint("pages", __name__)
        self.blueprint.add_url_rule("/", "try_article", self.form)
        self.blueprint.add_url_rule("/", "show_article", self.show, methods=["POST"])
        self.blueprint.add_url_rule("/docs", "docs", self.docs)

    def form(self) -> str:
        self._check_host()
        return self._page({}, example=request.args.get("example") == "1")

    def show(self) -> str | tuple[str, int]:
        self._check_host()
        given = self._form()
        text = given.get("text", "").replace("\r\n", "\n")
        article = article_from_text(text)
        if given.get("format") == "html":
            article = _html_article(text)
        try:
            self._check_key(given.get("key", ""))
            return self._page(given, result=self._result(article, given.get("why", "").strip()))
        except (ApiProblem, TaggerError) as error:
            problem = error if isinstance(error, ApiProblem) else problem_of(error)
            return self._page(given, problem=problem.detail), CATALOGUE[problem.slug].status

    def _titles(self, explained: Iterable[Explanation]) -> dict[str, str]:
        """Return the titles of all precedents that the store knows."""
        return self.tagger.store.titles({article_id for one in explained for article_id, _ in one.precedents})

    def docs(self) -> str:
        return render_template("docs.html", api=document(self.endpoints), catalogue=CATALOGUE)

    def _page(self, given: dict[str, str], **more: Any) -> str:
        try:
            model: TagModel | None = self.tagger.serving.model()
            missing = None
        except TaggerError as error:
            model, missing = None, str(error)
        tags = [tag for tag in model.taxonomy.tags if tag.active] if model else []
        return render_template(
            "article.html",
            given=given,
            model=model,
            missing=missing,
            tags=tags,
            needs_key=not self.gate.open(),
            reasons_text=_REASONS,
            **more,
        )

    def _form(self) -> dict[str, str]:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise ApiProblem("not-json-type", "The page sends `application/x-www-form-urlencoded`.")
        try:
            fields = parse_qs(read_body(self.limit).decode("utf-8"), keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise ApiProblem("bad-request", "The form is not UTF-8, or has too many fields.") from None
        return {name: values[-1].replace("\x00", "") for name, values in fields.items()}

    def _check_host(self) -> None:
        if self.gate.open():
            self.gate.check_host()

    def _check_key(self, secret: str) -> None:
        if not self.gate.open():
            self.gate.allow(self.tagger.store.keys.of(secret), WRITERS)

    def _result(self, article: Article, why: str) -> dict[str, Any]:
        model = self.tagger.serving.model()
        reading = model.reader.read(article)
        judgement = model.suggest(article, n_evidence=0)
        explained = model.explain(article, [s.tag.id for s in judgement.suggestions], reading)
        titles = self._titles(explained)
        cards = [
            _card(explanation, s.band, _ABOUTNESS[s.aboutness], s.source, titles)
            for s, explanation in zip(judgement.suggestions, explained, strict=True)
        ]
        asked, unknown = None, None
        if why:
            try:
                explanation = model.explain(article, [_tag_id(why, model)], reading)[0]
                asked = _card(explanation, "hidden", "", "", self._titles([explanation]))
            except UnknownTag:
                unknown = why
        marks = _marks(explained)
        removed = [(part.kind, reading.body.text[part.start : part.end]) for part in reading.removed]
        return {
            "cards": cards,
            "asked": asked,
            "unknown": unknown,
            "judgement": judgement,
            "title": _pieces(reading.title.text, marks[TITLE], {}),
            "paragraphs": _paragraphs(reading, marks[BODY]),
            "removed": removed,
        }


def _html_article(markup: str) -> Article:
    """Return the article of pasted HTML: its title is its first heading, or the text before the first element."""
    heading = re.search(r"<(h1|title)\b[^>]*>(.*?)</\1\s*>", markup, re.IGNORECASE | re.DOTALL)
    title = heading[2] if heading else markup.partition("<")[0].strip()
    body = markup[: heading.start()] + markup[heading.end() :] if heading else markup[len(markup.partition("<")[0]) :]
    return Article(title=html_to_text(title).text.strip(), body=body, body_format="html")


def _tag_id(name: str, model: TagModel) -> str:
    """Return the tag that a person means by an id or a label."""
    for tag in model.taxonomy.tags:
        if name in (tag.id, tag.label) or name.casefold() == tag.label.casefold():
            return tag.id
    return name


def _card(explanation: Explanation, band: str, aboutness: str, source: str, titles: dict[str, str]) -> Card:
    widest = max((abs(part.weight) for part in explanation.parts), default=1.0) or 1.0

    def reasons(sign: int) -> list[Reason]:
        parts = [part for part in explanation.parts if part.weight * sign > 0 and abs(part.weight) >= 0.005]
        return [
            Reason(
                _shown(part.kind, part.text),
                part.weight,
                len(part.places),
                max(2, round(100 * abs(part.weight) / widest)),
            )
            for part in parts[:N_REASONS]
        ]

    return Card(
        explanation.tag,
        explanation.score,
        explanation.threshold,
        explanation.decision_value,
        _OUTCOMES[explanation.outcome],
        band,
        aboutness,
        source,
        reasons(1),
        reasons(-1),
        [titles.get(article_id) or article_id for article_id, _ in explanation.precedents],
    )


def _shown(kind: str, text: str) -> str:
    match kind:
        case "prior":
            return f"before reading ({text})"
        case "competing":
            return "other tags that fit better or worse"
        case "mention":
            return f"named: {text}" if text not in ("not named", "its words are scattered") else text
        case _:
            return text


def _marks(explanations: Iterable[Explanation]) -> dict[int, dict[tuple[int, int], list[str]]]:
    """Return the places of the strongest evidence for each tag, by field and span."""
    marks: dict[int, dict[tuple[int, int], list[str]]] = {TITLE: defaultdict(list), BODY: defaultdict(list)}
    for explanation in explanations:
        parts = [part for part in explanation.parts if part.weight > 0 and part.places][:N_REASONS]
        parts = [part for part in parts if part.weight >= MARKED_SHARE * parts[0].weight]
        for part in parts:
            for field, start, end in part.places:
                marks[field][start, end].append(explanation.tag.id)
    return marks


def _pieces(
    text: str, marks: dict[tuple[int, int], list[str]], removed: dict[tuple[int, int], str], offset: int = 0
) -> list[Piece]:
    """Cut a text at the ends of all marks; `offset` is where it begins in the field."""
    end = offset + len(text)
    inside = {span: tags for span, tags in marks.items() if offset <= span[0] and span[1] <= end}
    gone = {span: kind for span, kind in removed.items() if span[0] < end and span[1] > offset}
    cuts = sorted({offset, end, *(max(offset, min(end, cut)) for span in (*inside, *gone) for cut in span)})
    starts = sorted(inside)
    pieces = []
    for begin, stop in itertools.pairwise(cuts):
        covering = [span for span in starts if span[0] <= begin and stop <= span[1]]
        tags = sorted({tag for span in covering for tag in inside[span]})
        kind = next((kind for span, kind in gone.items() if span[0] <= begin and stop <= span[1]), None)
        pieces.append(Piece(text[begin - offset : stop - offset], " ".join(tags), kind))
    return pieces


def _paragraphs(reading: Reading, marks: dict[tuple[int, int], list[str]]) -> list[list[Piece]]:
    removed = {(part.start, part.end): part.kind for part in reading.removed}
    spans = sorted(marks)
    paragraphs, offset, first = [], 0, 0
    for line in reading.body.text.split("\n"):
        if line.strip():
            last = first
            while last < len(spans) and spans[last][0] < offset + len(line):
                last += 1
            here = {span: marks[span] for span in spans[first:last]}
            paragraphs.append(_pieces(line, here, removed, offset))
            first = last
        offset += len(line) + 1
    return paragraphs
