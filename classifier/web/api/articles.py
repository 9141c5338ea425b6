"""The endpoints that suggest tags, and those that store, list and delete articles."""

from dataclasses import replace
from functools import partial
from typing import cast

from typing_extensions import TypedDict

from classifier.errors import BadSetting
from classifier.serving.lists import ListedArticle
from classifier.serving.tagger import Tagger
from classifier.serving.views import AnswerOut, ArticleOut, PutAnswer, SuggestOut
from classifier.web.api.openapi import NEEDS_BOTH, NEEDS_MODEL, NEEDS_STORE, Endpoint
from classifier.web.api.queue_query import PARAMETERS, cursor_of, page_size, queue_wanted, read_cursor
from classifier.web.api.schemas import BatchIn, HandOverIn, StoredArticleIn, SuggestIn
from classifier.web.api.terms import Terms
from classifier.web.guard.auth import WRITERS
from classifier.web.incoming import incoming
from classifier.web.problems import bad_parameter
from classifier.web.watch.metrics import counted

ARTICLE = "/v1/articles/<article_id>"


class BatchAnswer(AnswerOut):
    """The answer to one article of a batch."""

    id: str


class BatchOut(TypedDict):
    """The answers to a batch, in its order."""

    results: list[BatchAnswer]


class HandOverOut(TypedDict):
    """The result of a change of owner."""

    n_articles: int


class Counts(TypedDict):
    """How many articles are in each state."""

    new: int
    started: int
    closed: int


class ArticlesOut(TypedDict):
    """A page of stored articles in the requested order. `cursor` leads to the next page."""

    articles: list[ListedArticle]
    cursor: str | None
    counts: Counts


class Articles:
    """The endpoints of articles."""

    def __init__(self, tagger: Tagger, terms: Terms) -> None:
        self.tagger, self.terms = tagger, terms

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        owned, listed, put = (
            (*NEEDS_STORE, "other-owner"),
            (*NEEDS_STORE, "invalid", "not-found"),
            (*NEEDS_BOTH, "other-owner"),
        )
        return [
            Endpoint("POST", "/v1/suggest", self.suggest, WRITERS, NEEDS_MODEL),
            Endpoint("POST", "/v1/suggest/batch", self.suggest_batch, WRITERS, NEEDS_MODEL),
            Endpoint("PUT", ARTICLE, self.put_article, WRITERS, put),
            Endpoint("GET", ARTICLE, self.get_article, WRITERS, NEEDS_BOTH),
            Endpoint("DELETE", ARTICLE, self.delete_article, ("cms", "admin"), owned, status=204),
            Endpoint("POST", "/v1/hand-overs", self.hand_over, ("admin",), NEEDS_STORE),
            Endpoint("GET", "/v1/articles", self.list_articles, WRITERS, listed, PARAMETERS),
        ]

    def suggest(self, body: SuggestIn) -> SuggestOut:
        """Suggest tags for a text; nothing is stored."""
        return counted(
            self.tagger.suggest(body.article(), body.why, body.article_id, incoming().caller.viewer, body.evidence)
        )

    def suggest_batch(self, body: BatchIn) -> BatchOut:
        """Suggest tags for up to 100 articles; nothing is stored."""
        articles = (article.article(article.id) for article in body.articles)
        suggest = partial(self.tagger.suggest, n_evidence=body.evidence)
        answers = ({"id": article.id, **counted(suggest(article))} for article in articles)
        return {"results": [cast(BatchAnswer, answer) for answer in answers]}

    def put_article(self, article_id: str, body: StoredArticleIn) -> PutAnswer:
        """Store an article and get its suggestions: the CMS's call."""
        article, put = body.article(article_id), partial(self.tagger.put_article, in_background=body.background)
        if body.terms is None:
            return counted(put(article, owner=incoming().caller.owner))
        found = self.terms.found(body.terms)
        article = replace(article, tags=tuple(dict.fromkeys((*(article.tags or ()), *found.tags))))
        answer = put(article, owner=incoming().caller.owner, explained=found.explained)
        return counted(cast(PutAnswer, {**answer, "known": found.known}))

    def get_article(self, article_id: str) -> ArticleOut:
        """Get a stored article with its tags and suggestions."""
        return self.tagger.article(article_id, incoming().caller.viewer)

    def delete_article(self, article_id: str) -> None:
        """Delete an article everywhere."""
        self.tagger.delete_article(article_id, incoming().caller.owner)

    def hand_over(self, body: HandOverIn) -> HandOverOut:
        """Hand articles of one `cms` key to another."""
        try:
            return {"n_articles": self.tagger.store.owners.hand_over(body.from_, body.to, body.article_ids)}
        except BadSetting as error:
            raise bad_parameter("to", str(error)) from None

    def list_articles(self) -> ArticlesOut:
        """List stored articles: the queue."""
        wanted = queue_wanted(self.tagger, incoming().caller.viewer)
        holder = incoming().caller.holder if incoming().caller.viewer is not None else None
        rows, end = self.tagger.articles(wanted, read_cursor(wanted.order), page_size(), holder)
        counts = cast(Counts, self.tagger.store.queue.counts(wanted))
        return {"articles": rows, "cursor": cursor_of(end), "counts": counts}
