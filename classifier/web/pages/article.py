"""The pages: try an article and see why it gets its tags; the API described. Server-rendered, and whole without script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, render_template, request

from classifier.domain.articles import Article, article_from_text
from classifier.errors import TaggerError, UnknownTag
from classifier.model.answer import Explanation
from classifier.model.protocol import Model
from classifier.serving.tagger import Tagger
from classifier.text.fields import BODY, TITLE
from classifier.text.markup import html_to_text
from classifier.web.api.openapi import Endpoint, document
from classifier.web.guard.auth import WRITERS, Gate
from classifier.web.pages.forms import read_form
from classifier.web.pages.showing import (
    ABOUTNESS,
    REASONS_TEXT,
    card_of,
    controls_of,
    left_out,
    marks_of,
    paragraphs_of,
    pieces_of,
)
from classifier.web.problems import CATALOGUE, ApiProblem, problem_of


class Pages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate, endpoints: Sequence[Endpoint], max_body_bytes: int) -> None:
        self.tagger, self.gate, self.endpoints, self.limit = tagger, gate, endpoints, max_body_bytes
        self.blueprint = Blueprint("pages", __name__)
        self.blueprint.add_url_rule("/", "try_article", self.form)
        self.blueprint.add_url_rule("/", "show_article", self.show, methods=["POST"])
        self.blueprint.add_url_rule("/docs", "docs", self.docs)

    def form(self) -> str:
        return self._page({}, example=request.args.get("example") == "1")

    def show(self) -> str | tuple[str, int]:
        self.gate.open()  # before anything is read
        form = read_form(self.limit)
        is_allowed = False
        try:
            self.gate.check_secret(form.get("key", ""), WRITERS)
            is_allowed = True
            result = self._result(_article_of(form), form.get("why", "").strip())
            return self._page(form, is_allowed, result=result)
        except (ApiProblem, TaggerError) as error:
            problem = error if isinstance(error, ApiProblem) else problem_of(error)
            told = (
                "A key is needed. Enter one, or sign in under Review." if problem.slug == "no-key" else problem.detail
            )
            return self._page(form, is_allowed, problem=told), CATALOGUE[problem.slug].status

    def _titles(self, explained: Iterable[Explanation]) -> dict[str, str]:
        """Return the titles of all precedents that the store knows."""
        return self.tagger.store.titles({article_id for one in explained for article_id, _ in one.precedents})

    def docs(self) -> str:
        return render_template("docs.html", api=document(self.endpoints), catalogue=CATALOGUE, **self._signed_in())

    def _page(self, given: dict[str, str], is_allowed: bool = False, **more: Any) -> str:
        """Return the page; `is_allowed` says that what was sent came with a key, or needs none."""
        try:
            model: Model | None = self.tagger.serving.model()
            missing = None
        except TaggerError as error:
            model, missing = None, str(error)
        needs_key = not self.gate.open() and self.gate.session() is None
        tags = [tag for tag in model.taxonomy.tags if tag.active] if model else []
        return render_template(
            "article.html",
            given=given,
            model=model,
            missing=missing,
            n_tags=len(tags),
            labels=[] if needs_key and not is_allowed else [(tag.label, tag.kind) for tag in tags],
            needs_key=needs_key,
            **self._signed_in(),
            reasons_text=REASONS_TEXT,
            **more,
        )

    def _signed_in(self) -> dict[str, str | None]:
        """Return who is signed in, for the head of the page."""
        session = self.gate.session()
        return {"editor": session.editor if session else None, "csrf": session.csrf if session else None}

    def _result(self, article: Article, why: str) -> dict[str, Any]:
        model = self.tagger.serving.model()
        reading = model.reader.read(article)
        answer = model.suggest(article, n_evidence=0)
        explained = model.explain(article, [s.tag for s in answer.suggestions], reading)
        titles = self._titles(explained)
        cards = [
            card_of(explanation, titles, s.band, ABOUTNESS[s.aboutness], s.source)
            for s, explanation in zip(answer.suggestions, explained, strict=True)
        ]
        asked, unknown = None, None
        if why:
            try:
                explanation = model.explain(article, [_tag_id(why, model)], reading)[0]
                asked = card_of(explanation, self._titles([explanation]))
            except UnknownTag:
                unknown = why
        marks = marks_of(explained)
        removed, n_more_removed = left_out(reading)
        return {
            "cards": cards,
            "asked": asked,
            "unknown": unknown,
            "answer": answer,
            "title": pieces_of(reading.title.text, marks[TITLE], controls_of(reading.title, article.title)),
            "paragraphs": paragraphs_of(reading, article.body, marks[BODY]),
            "removed": removed,
            "n_more_removed": n_more_removed,
        }


def _article_of(form: dict[str, str]) -> Article:
    """Return the article that was pasted."""
    text = form.get("text", "").replace("\r\n", "\n")
    return _html_article(text) if form.get("format") == "html" else article_from_text(text)


_HEADINGS = [
    (re.compile(rf"<{name}(?=[\s/>])", re.IGNORECASE), re.compile(rf"</{name}\s*>", re.IGNORECASE))
    for name in ("h1", "title")
]


def _html_article(markup: str) -> Article:
    """Return the article of pasted HTML: its title is its first heading, or the text before the first element."""
    places = [place for opening, closing in _HEADINGS if (place := _heading(markup, opening, closing))]
    start, begin, stop, end = min(places, default=(0, 0, len(markup.partition("<")[0]), 0))
    title, body = markup[begin:stop], markup[:start] + markup[end or stop :]
    return Article(title=html_to_text(title).text.strip(), body=body, body_format="html")


def _heading(markup: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> tuple[int, int, int, int] | None:
    """Return where the first heading of a name starts, where its text begins and stops, and where it ends.

    Only the first opening tag is tried: where nothing closes that one, nothing closes those behind it.
    """
    opened = opening.search(markup)
    begin = markup.find(">", opened.end()) + 1 if opened else 0
    closed = closing.search(markup, begin) if begin else None
    return (opened.start(), begin, closed.start(), closed.end()) if opened and closed else None


def _tag_id(name: str, model: Model) -> str:
    """Return the tag that a person means by an id or a label."""
    for tag in model.taxonomy.tags:
        if name in (tag.id, tag.label) or name.casefold() == tag.label.casefold():
            return tag.id
    return name
