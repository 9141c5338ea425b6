"""The pages on which editors decide: one article after the other, or one tag over many articles."""

from collections.abc import Iterable

from flask import Blueprint, Response, request

from classifier.domain.articles import check_stored_id
from classifier.errors import TaggerError
from classifier.serving.tagger import Tagger
from classifier.serving.views import is_hidden
from classifier.text.language import LANGUAGES
from classifier.texts import _
from classifier.web.api.queue_query import queue_wanted
from classifier.web.bodies import json_response
from classifier.web.guard.auth import EDITORS, Gate
from classifier.web.incoming import incoming
from classifier.web.pages import render
from classifier.web.pages.article_view import article_view
from classifier.web.pages.showing import rejections, why_of
from classifier.web.problems import ApiProblem
from classifier.web.texts import language_name

MAX_BULK = 500


class Review:
    """The pages of decisions, and the JSON that their scripts read, as a blueprint."""

    def __init__(self, tagger: Tagger, gate: Gate) -> None:
        self.tagger, self.gate, self.store = tagger, gate, tagger.store
        self.blueprint = Blueprint("review", __name__, url_prefix="/review")
        add = self.blueprint.add_url_rule
        add("", "queue", self.page)
        add("/<article_id>", "article", self.page)
        add("/articles/<article_id>", "view", self.view)
        add("/articles/<article_id>/why", "why", self.why)
        add("/bulk", "bulk", self.bulk)
        add("/bulk.json", "bulk_rows", self.bulk_rows)

    def page(self, article_id: str | None = None) -> str:
        """Return the review page, for a signed-in editor."""
        session = self.gate.require_editor()
        try:
            self.tagger.serving.model()
            missing = None
        except TaggerError as error:
            missing = str(error)
        return render(
            "review.html",
            session,
            reasons=rejections(),
            sources=self.store.queue.sources(),
            text_languages=_named(self.store.queue.languages()),
            all_languages=_named(LANGUAGES),
            article_id=article_id,
            missing=missing,
        )

    def view(self, article_id: str) -> Response:
        """Return an article as the page shows it."""
        viewer = self._viewer()
        return json_response(article_view(self.tagger, check_stored_id(article_id), viewer))

    def why(self, article_id: str) -> Response:
        """Return the reasons for and against one tag of an article."""
        viewer = self._viewer()
        stored = self.store.article(check_stored_id(article_id))
        if stored.blind and is_hidden(stored, self.store.log.read(stored.article.id).standing(), viewer):
            raise ApiProblem("not-allowed", _("This article is blind: its suggestions are shown when it is done."))
        explanation = self.tagger.serving.model().explain(stored.article, [request.args.get("tag", "")])[0]
        titles = self.store.titles(article_id for article_id, _ in explanation.precedents)
        return json_response(why_of(explanation, titles))

    def bulk(self) -> str:
        """Return the page of one tag over many articles, for a signed-in editor."""
        return render("bulk.html", self.gate.require_editor(), reasons=rejections(), tag=request.args.get("tag"))

    def bulk_rows(self) -> Response:
        """Return the open articles for which a tag is suggested and nobody has answered."""
        wanted = queue_wanted(self.tagger, self._viewer(), state="open")
        tag = self.tagger.serving.model().taxonomy.tag(wanted.tag or "")
        rows = self.store.queue.show(wanted, MAX_BULK)
        return json_response({"tag": tag.id, "label": tag.label, "rows": [row._asdict() for row in rows]})

    def _viewer(self) -> str | None:
        incoming().caller = self.gate.check(EDITORS)
        return incoming().caller.viewer


def _named(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return languages with their names, in the order of these."""
    return sorted(((code, language_name(code)) for code in codes), key=lambda pair: pair[1].casefold())
