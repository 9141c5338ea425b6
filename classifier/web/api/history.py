"""The endpoint that says why an article has its tags."""

from classifier.serving.history import ArticleHistory, history_of
from classifier.serving.tagger import Tagger
from classifier.web.api.openapi import NEEDS_STORE, Endpoint
from classifier.web.guard.auth import WRITERS
from classifier.web.incoming import incoming


class Histories:
    """The endpoint of an article's history."""

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints in the order of the OpenAPI document."""
        return [Endpoint("GET", "/v1/articles/<article_id>/history", self.get_history, WRITERS, NEEDS_STORE)]

    def get_history(self, article_id: str) -> ArticleHistory:
        """Get all that has changed on an article: who changed what, when, by which model and with which evidence."""
        return history_of(self.tagger.store, self.tagger.taxonomy(), article_id, incoming().caller.viewer)
