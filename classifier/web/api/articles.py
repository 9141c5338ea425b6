"""The endpoints that suggest tags, and those that store, list and delete articles."""

from __future__ import annotations

from flask import Response, g

from classifier.errors import BadSetting
from classifier.serving.tagger import Tagger
from classifier.serving.views import AnswerView
from classifier.web.api.queue_query import PARAMETERS, cursor_of, page_size, queue_wanted, read_cursor
from classifier.web.api.router import NEEDS_BOTH, NEEDS_MODEL, NEEDS_STORE, Router
from classifier.web.api.schemas.articles import (
    ArticleIn,
    ArticleOut,
    ArticlesOut,
    BatchIn,
    BatchOut,
    HandOverIn,
    HandOverOut,
    StoredAnswer,
    SuggestIn,
    SuggestOut,
)
from classifier.web.guard.auth import WRITERS
from classifier.web.problems import bad_parameter
from classifier.web.watch.metrics import count_suggestions

ARTICLE = "/v1/articles/<article_id>"


class Articles:
    """The endpoints of articles."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def add_to(self, router: Router) -> None:
        """Add the endpoints to a router, in the order of the OpenAPI document."""
        add, owned = router.add, "other-owner"
        add("POST", "/v1/suggest", self.suggest, WRITERS, SuggestOut, SuggestIn, problems=NEEDS_MODEL)
        add("POST", "/v1/suggest/batch", self.suggest_batch, WRITERS, BatchOut, BatchIn, problems=NEEDS_MODEL)
        add("PUT", ARTICLE, self.put_article, WRITERS, StoredAnswer, ArticleIn, problems=(*NEEDS_BOTH, owned))
        add("GET", ARTICLE, self.get_article, WRITERS, ArticleOut, problems=NEEDS_BOTH)
        add("DELETE", ARTICLE, self.delete_article, ("cms", "admin"), None, status=204, problems=(*NEEDS_STORE, owned))
        add("POST", "/v1/hand-overs", self.hand_over, ("admin",), HandOverOut, HandOverIn, problems=NEEDS_STORE)
        queue_problems = (*NEEDS_STORE, "invalid")
        add(
            "GET",
            "/v1/articles",
            self.list_articles,
            WRITERS,
            ArticlesOut,
            parameters=PARAMETERS,
            problems=queue_problems,
        )

    def suggest(self, body: SuggestIn) -> object:
        """Suggest tags for a text; nothing is stored."""
        return _counted(self.tagger.suggest(body.article(), body.why))

    def suggest_batch(self, body: BatchIn) -> object:
        """Suggest tags for up to 100 articles; nothing is stored."""
        return {
            "results": [
                {"id": article.id, **_counted(self.tagger.suggest(article.article(article.id)))}
                for article in body.articles
            ]
        }

    def put_article(self, article_id: str, body: ArticleIn) -> object:
        """Store an article and get its suggestions: the CMS's call."""
        return _counted(self.tagger.put_article(body.article(article_id), owner=g.caller.owner))

    def get_article(self, article_id: str) -> object:
        """Get a stored article with its tags and suggestions."""
        return self.tagger.article(article_id, g.caller.viewer)

    def delete_article(self, article_id: str) -> Response:
        """Delete an article everywhere."""
        self.tagger.delete_article(article_id, g.caller.owner)
        return Response(status=204)

    def hand_over(self, body: HandOverIn) -> HandOverOut:
        """Hand articles of one `cms` key to another."""
        try:
            return HandOverOut(n_articles=self.tagger.store.owners.hand_over(body.from_, body.to, body.article_ids))
        except BadSetting as error:
            raise bad_parameter("to", str(error)) from None

    def list_articles(self) -> object:
        """List stored articles: the queue."""
        wanted = queue_wanted(g.caller.viewer)
        rows, end = self.tagger.articles(wanted, read_cursor(wanted.order), page_size())
        return {"articles": rows, "cursor": cursor_of(end), "counts": self.tagger.store.queue.counts(wanted)}


def _counted(answer: AnswerView) -> AnswerView:
    count_suggestions(answer["suggestions"])
    return answer
