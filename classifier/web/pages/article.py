"""The pages that try an article and describe the API. They are rendered by the server and work without scripts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.articles import Article, article_from_text, text_digest
from classifier.domain.taxonomy import Tag
from classifier.errors import BadArticle, TaggerError
from classifier.model.protocol import Model
from classifier.serving.tagger import Tagger
from classifier.text.markup import html_to_text, looks_like_html
from classifier.texts import _
from classifier.web.api.openapi import Endpoint, document
from classifier.web.bodies import read_form
from classifier.web.guard.auth import WRITERS, Gate
from classifier.web.pages.examples import EXAMPLE_VALUES, example_body
from classifier.web.pages.showing import WORDING, marked_text, marks_of, rejections, why_of
from classifier.web.problems import CATALOGUE, ApiProblem, problem_of

PASTED = "pasted"  # the source of articles that somebody adds to the queue here


class Pages:
    """The pages as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate, endpoints: Sequence[Endpoint], max_body_bytes: int) -> None:
        self.tagger, self.gate, self.endpoints, self.limit = tagger, gate, endpoints, max_body_bytes
        self.blueprint = Blueprint("pages", __name__)
        self.blueprint.add_url_rule("/", "try_article", self.form)
        self.blueprint.add_url_rule("/", "show_article", self.show, methods=["POST"])
        self.blueprint.add_url_rule("/docs", "docs", self.docs)
        self.blueprint.add_url_rule("/help", "help", self.help)

    def form(self) -> str:
        """Return the page with an empty form, or one that holds the example."""
        return self._page({}, example=request.args.get("example") == "1")

    def show(self) -> str | tuple[str, int] | WsgiResponse:
        """Return the page with the suggestions for what was pasted, or store it for review if that is asked for."""
        self.gate.open()  # before anything is read
        form = read_form(self.limit)
        is_allowed = False
        try:
            self.gate.check_secret(form.get("key", ""), WRITERS)
            is_allowed = True
            text = form.get("text", "").replace("\r\n", "\n")
            is_html = form.get("format") == "html" or (form.get("format") != "text" and looks_like_html(text))
            article = _html_article(text) if is_html else article_from_text(text)
            article = replace(article, standfirst=form.get("standfirst", "").strip())
            if form.get("add") == "1":
                return self._add(article, form)
            result = self._result(article, form.get("why", "").strip())
            return self._page(form, is_allowed, result=result)
        except (ApiProblem, TaggerError) as error:
            problem = error if isinstance(error, ApiProblem) else problem_of(error)
            needs_key = _("A key is needed. Enter one, or sign in under Review.")
            detail = needs_key if problem.slug == "no-key" else problem.detail
            return self._page(form, is_allowed, problem=detail), CATALOGUE[problem.slug].status

    def docs(self) -> str:
        """Return the page that describes the API."""
        return render_template(
            "docs.html", api=document(self.endpoints), catalogue=CATALOGUE, example=example_body, values=EXAMPLE_VALUES
        )

    def help(self) -> str:
        """Return the page that explains the work of an editor."""
        return render_template("help.html", reasons=rejections())

    def _add(self, article: Article, form: dict[str, str]) -> WsgiResponse:
        """Store what was pasted, under an id that follows from its text, and lead to where it is reviewed."""
        session = self.gate.session()
        if session is not None:
            self.gate.check_csrf(session, form.get("csrf", ""))
        if not article.title.strip() and not article.body.strip():
            raise BadArticle(_("The article is empty."), "text")
        article = replace(article, id=f"{PASTED}-{text_digest(article)[:12]}")
        self.tagger.put_article(article, source=PASTED)
        return redirect(f"/review/{article.id}", 303)

    def _page(
        self,
        form: dict[str, str],
        is_allowed: bool = False,
        *,
        result: Mapping[str, object] | None = None,
        problem: str | None = None,
        example: bool = False,
    ) -> str:
        """Return the page with what was sent. `is_allowed` says that it came with a key, or needs none."""
        try:
            model: Model | None = self.tagger.serving.model()
            missing = None
        except TaggerError as error:
            model, missing = None, str(error)
        needs_key = not self.gate.open() and self.gate.session() is None
        tags = [tag for tag in model.taxonomy.tags if tag.active] if model else []
        return render_template(
            "article.html",
            given=form,
            model=model,
            missing=missing,
            n_tags=len(tags),
            labels=[] if needs_key and not is_allowed else [(tag.label, tag.kind) for tag in tags],
            needs_key=needs_key,
            wording=WORDING,
            result=result,
            problem=problem,
            example=example,
            limit=self.limit,
            limit_mb=max(1, self.limit >> 20),
        )

    def _result(self, article: Article, asked_tag: str) -> dict[str, object]:
        """Return the suggestions for an article and its text with their evidence.

        `cards` are suggestions with their reasons, and `asked` is the tag that the form asks for. If the taxonomy does not have
        it, `unknown` is its name.
        """
        model = self.tagger.serving.model()
        reading = model.reader.read(article)
        answer = model.suggest(article, n_evidence=0)
        explained = model.explain(article, [row["tag"] for row in answer.suggestions], reading)
        tag = _tag_named(asked_tag, model)
        asked = model.explain(article, [tag.id], reading) if tag else []
        precedents = {article_id for each in (*explained, *asked) for article_id, _ in each.precedents}
        titles = self.tagger.store.titles(precedents)
        reasons = (why_of(each, titles) for each in explained)
        return {
            "answer": answer,
            "cards": list(zip(reasons, answer.suggestions, strict=True)),
            "asked": (why_of(asked[0], titles), {"kind": asked[0].tag.kind, "band": "hidden"}) if asked else None,
            "unknown": asked_tag if asked_tag and not tag else None,
            "text": marked_text(article, reading, marks_of(explained)),
        }


_HEADINGS = [
    (re.compile(rf"<{name}(?=[\s/>])", re.IGNORECASE), re.compile(rf"</{name}\s*>", re.IGNORECASE))
    for name in ("h1", "title")
]


def _html_article(markup: str) -> Article:
    """Return the article of pasted HTML: its title is its first heading, or the text before the first element."""
    headings = [spans for opening, closing in _HEADINGS if (spans := _heading(markup, opening, closing))]
    start, begin, stop, end = min(headings, default=(0, 0, len(markup.partition("<")[0]), 0))
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


def _tag_named(name: str, model: Model) -> Tag | None:
    """Return the tag that a person means by an id or a label."""
    tags = (tag for tag in model.taxonomy.tags if name == tag.id or tag.label.casefold() == name.casefold())
    return next(tags, None) if name else None
