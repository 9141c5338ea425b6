"""The endpoints that suggest tags, and those that store, list and delete articles."""

from flask import Response, g

from classifier.errors import BadSetting
from classifier.serving.tagger import Tagger
from classifier.serving.views import AnswerView
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_MODEL, NEEDS_STORE, Endpoint
from classifier.web.api.queue_query import PARAMETERS, cursor_of, page_size, queue_wanted, read_cursor
from classifier.web.api.schemas import articles as schemas
from classifier.web.guard.auth import WRITERS
from classifier.web.problems import bad_parameter
from classifier.web.watch.metrics import count_suggestions

ARTICLE = "/v1/articles/<article_id>"


class Articles:
    """The endpoints of articles."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        owned, listed = (*NEEDS_STORE, "other-owner"), (*NEEDS_STORE, "invalid")
        put = (*NEEDS_BOTH, "other-owner")
        return [
            Endpoint("POST", "/v1/suggest", self.suggest, WRITERS, schemas.SuggestOut, schemas.SuggestIn, NEEDS_MODEL),
            Endpoint(
                "POST", "/v1/suggest/batch", self.suggest_batch, WRITERS, schemas.BatchOut, schemas.BatchIn, NEEDS_MODEL
            ),
            Endpoint("PUT", ARTICLE, self.put_article, WRITERS, schemas.StoredAnswer, schemas.ArticleIn, put),
            Endpoint("GET", ARTICLE, self.get_article, WRITERS, schemas.ArticleOut, None, NEEDS_BOTH),
            Endpoint("DELETE", ARTICLE, self.delete_article, ("cms", "admin"), None, None, owned, status=204),
            Endpoint(
                "POST",
                "/v1/hand-overs",
                self.hand_over,
                ("admin",),
                schemas.HandOverOut,
                schemas.HandOverIn,
                NEEDS_STORE,
            ),
            Endpoint("GET", "/v1/articles", self.list_articles, WRITERS, schemas.ArticlesOut, None, listed, PARAMETERS),
        ]

    def suggest(self, body: schemas.SuggestIn) -> object:
        """Suggest tags for a text; nothing is stored."""
        return _counted(self.tagger.suggest(body.article(), body.why))

    def suggest_batch(self, body: schemas.BatchIn) -> object:
        """Suggest tags for up to 100 articles; nothing is stored."""
        return {
            "results": [
                {"id": article.id, **_counted(self.tagger.suggest(article.article(article.id)))}
                for article in body.articles
            ]
        }

    def put_article(self, article_id: str, body: schemas.ArticleIn) -> object:
        """Store an article and get its suggestions: the CMS's call."""
        return _counted(self.tagger.put_article(body.article(article_id), owner=g.caller.owner))

    def get_article(self, article_id: str) -> object:
        """Get a stored article with its tags and suggestions."""
        return self.tagger.article(article_id, g.caller.viewer)

    def delete_article(self, article_id: str) -> Response:
        """Delete an article everywhere."""
        self.tagger.delete_article(article_id, g.caller.owner)
        return Response(status=204)

    def hand_over(self, body: schemas.HandOverIn) -> schemas.HandOverOut:
        """Hand articles of one `cms` key to another."""
        try:
            return schemas.HandOverOut(
                n_articles=self.tagger.store.owners.hand_over(body.from_, body.to, body.article_ids)
            )
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
